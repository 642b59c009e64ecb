#![expect(unsafe_code, reason = "an allocator is called by its unsafe functions")]

use std::alloc::{GlobalAlloc, Layout};

use super::Arena;

fn bytes(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

#[test]
fn pieces_follow_each_other_and_are_aligned() {
    let arena = Arena::<256>::new();
    let first = unsafe { arena.alloc(bytes(3, 1)) };
    let second = unsafe { arena.alloc(bytes(16, 8)) };
    assert_eq!(arena.offset(first), Some(0));
    assert_eq!(second.addr() % 8, 0);
    assert!(second.addr() >= first.addr() + 3);
}

#[test]
fn the_last_piece_is_given_back_and_grows_where_it_lies() {
    let arena = Arena::<256>::new();
    let piece = unsafe { arena.alloc(bytes(16, 8)) };
    let grown = unsafe { arena.realloc(piece, bytes(16, 8), 100) };
    assert_eq!(piece, grown);
    unsafe { arena.dealloc(grown, bytes(100, 8)) };
    assert_eq!(unsafe { arena.alloc(bytes(8, 8)) }, piece);
}

#[test]
fn a_piece_in_the_middle_moves_with_what_it_holds() {
    let arena = Arena::<256>::new();
    let piece = unsafe { arena.alloc(bytes(4, 1)) };
    unsafe { piece.copy_from(b"abcd".as_ptr(), 4) };
    let last = unsafe { arena.alloc(bytes(4, 1)) };
    unsafe { last.write_bytes(b'-', 4) };
    let moved = unsafe { arena.realloc(piece, bytes(4, 1), 8) };
    assert_ne!(moved, piece);
    assert_eq!(unsafe { std::slice::from_raw_parts(moved, 4) }, b"abcd");
}

#[test]
fn a_full_block_hands_over_to_the_system() {
    let arena = Arena::<64>::new();
    let inside = unsafe { arena.alloc(bytes(60, 1)) };
    let outside = unsafe { arena.alloc(bytes(60, 1)) };
    assert!(arena.offset(inside).is_some());
    assert_eq!(arena.offset(outside), None);
    unsafe { outside.write_bytes(b'x', 60) };
    let outside = unsafe { arena.realloc(outside, bytes(60, 1), 600) };
    assert_eq!(unsafe { *outside.add(59) }, b'x');
    unsafe { arena.dealloc(outside, bytes(600, 1)) };
}

#[test]
fn growing_beyond_the_block_moves_out_of_it() {
    let arena = Arena::<64>::new();
    let inside = unsafe { arena.alloc(bytes(60, 1)) };
    unsafe { inside.write_bytes(b'y', 60) };
    let outside = unsafe { arena.realloc(inside, bytes(60, 1), 90) };
    assert_eq!(arena.offset(outside), None);
    assert_eq!(unsafe { *outside.add(59) }, b'y');
    unsafe { arena.dealloc(outside, bytes(90, 1)) };
}
