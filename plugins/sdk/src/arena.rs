//! An allocator for a sandbox that lives for one event.
//!
//! A fresh sandbox has no heap, so the usual allocator begins by growing the memory. The host has to change the
//! protection of pages for that, which costs more than handling a small event does. This one hands out a block that is
//! part of the memory from the start, one piece after the other, and gives back only what was handed out last: the
//! whole sandbox is thrown away in a moment. When the block is used up, the system's allocator takes over, so large
//! events work as well, and what they free is used again.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};
use std::ptr;

/// A block of `SIZE` bytes that is handed out from its beginning to its end.
///
/// For a single thread, as a sandbox has it.
#[derive(Debug)]
pub struct Arena<const SIZE: usize> {
    /// The block itself. All zeros, so that it takes no room in the component's file.
    block: UnsafeCell<[u8; SIZE]>,
    /// How many bytes of it are handed out.
    used: Cell<usize>,
}

#[expect(unsafe_code, reason = "a static has to be Sync; the sandbox has one thread, and tests use one each")]
// SAFETY: there is no second thread that could see it.
unsafe impl<const SIZE: usize> Sync for Arena<SIZE> {}

impl<const SIZE: usize> Default for Arena<SIZE> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const SIZE: usize> Arena<SIZE> {
    /// An arena of which nothing is handed out.
    #[must_use]
    pub const fn new() -> Self {
        Self { block: UnsafeCell::new([0; SIZE]), used: Cell::new(0) }
    }

    fn start(&self) -> *mut u8 {
        self.block.get().cast()
    }

    /// Where in the block `piece` begins; none when it lies elsewhere.
    fn offset(&self, piece: *mut u8) -> Option<usize> {
        let offset = piece.addr().checked_sub(self.start().addr())?;
        (offset < SIZE).then_some(offset)
    }

    /// Takes `layout.size()` bytes from the block; none when too few are left.
    fn take(&self, layout: Layout) -> Option<*mut u8> {
        let start = self.start();
        let free = start.addr().checked_add(self.used.get())?;
        let aligned = free.checked_next_multiple_of(layout.align())?;
        let offset = aligned - start.addr();
        let end = offset.checked_add(layout.size()).filter(|end| *end <= SIZE)?;
        self.used.set(end);
        Some(start.wrapping_add(offset))
    }

    /// Makes the piece at `offset` larger or smaller where it lies; false when it has to move.
    fn resize(&self, offset: usize, old: usize, new: usize) -> bool {
        if offset + old != self.used.get() {
            return new <= old;
        }
        let fits = offset.checked_add(new).is_some_and(|end| end <= SIZE);
        if fits {
            self.used.set(offset + new);
        }
        fits
    }
}

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: pieces of the block are handed out once, aligned, and within it, until they are given back; all other pieces
// are the system's, which gets them back with the layout they were asked with.
unsafe impl<const SIZE: usize> GlobalAlloc for Arena<SIZE> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.take(layout) {
            Some(piece) => piece,
            // SAFETY: the caller's promise about `layout` is passed on.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        match self.offset(piece) {
            Some(offset) => {
                if offset + layout.size() == self.used.get() {
                    self.used.set(offset);
                }
            }
            // SAFETY: what does not lie in the block came from the system, with this layout.
            None => unsafe { System.dealloc(piece, layout) },
        }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Some(offset) = self.offset(piece) else {
            // SAFETY: what does not lie in the block came from the system, with this layout.
            return unsafe { System.realloc(piece, layout, new_size) };
        };
        if self.resize(offset, layout.size(), new_size) {
            return piece;
        }
        // SAFETY: the caller promises that `new_size` with this alignment is a layout; the two pieces do not
        // overlap, since the old one has not been given back.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if !moved.is_null() {
                ptr::copy_nonoverlapping(piece, moved, layout.size().min(new_size));
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests;
