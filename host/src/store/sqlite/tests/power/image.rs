//! What a disk may hold when the power goes: all that was synced, and of the rest whatever it came to, in pieces of a sector.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::super::recorder::Step;

/// The system's cache takes files in pages: writing one byte of a page makes the whole of it to be written again.
const PAGE: usize = 4_096;
/// A sector is on the disk as a whole or not at all.
const SECTORS: [usize; 2] = [512, 4_096];
/// As many of a hundred sectors that were not synced are on the disk.
const KEPT_OF_100: [usize; 5] = [0, 10, 50, 90, 100];
/// The index of the log, which a start is to make anew whatever lies there.
const INDEX: &str = "crowdhook.db-shm";

/// A sequence of numbers that its seed decides (splitmix64).
pub(super) struct Chance(pub(super) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    fn noise(&mut self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.next().to_le_bytes()[0]);
    }
}

/// A change that is not synced.
struct Change {
    kind: Kind,
    /// The number of the step since which the cache knows that it has to be written; none after a sync that failed.
    dirty: Option<usize>,
}

enum Kind {
    Bytes { at: usize, bytes: Vec<u8> },
    Size(usize),
}

#[derive(Default)]
struct File {
    synced: Vec<u8>,
    changes: Vec<Change>,
}

/// The file that a name stands for, if any, on the disk and since.
#[derive(Default)]
struct Name {
    synced: Option<usize>,
    since: Vec<Option<usize>>,
}

/// The disk, step after step.
#[derive(Default)]
pub(super) struct Disk {
    files: Vec<File>,
    names: BTreeMap<String, Name>,
}

impl Disk {
    /// Takes step number `number`.
    pub(super) fn take(&mut self, number: usize, step: &Step) {
        match step {
            Step::Made { name, file } => {
                assert_eq!(self.files.len(), *file);
                self.files.push(File::default());
                self.names.entry(name.clone()).or_default().since.push(Some(*file));
            }
            Step::Removed { name } => self.names.entry(name.clone()).or_default().since.push(None),
            Step::NamesSynced => self.names.values_mut().for_each(Name::sync),
            Step::Wrote { file, at, bytes } => self.files[*file].write(number, *at, bytes),
            Step::Resized { file, size } => {
                self.files[*file].changes.push(Change { kind: Kind::Size(*size), dirty: Some(number) });
            }
            Step::Synced { file, covers } => self.files[*file].sync(*covers),
            Step::SyncFailed { file, covers } => self.files[*file].forget(*covers),
            Step::Accepted(_) | Step::Finished(_) => {}
        }
    }

    /// Writes a folder as the disk may have it now.
    pub(super) fn image(&self, folder: &Path, chance: &mut Chance) {
        for (name, stands_for) in &self.names {
            let mut may_be = stands_for.since.clone();
            may_be.push(stands_for.synced);
            if let Some(file) = chance.one_of(&may_be) {
                fs::write(folder.join(name), self.files[file].image(chance)).unwrap();
            }
        }
        if chance.below(2) == 0 {
            let mut index = vec![0; 32 << 10];
            chance.noise(&mut index);
            fs::write(folder.join(INDEX), index).unwrap();
        }
    }
}

impl Name {
    fn sync(&mut self) {
        if let Some(last) = self.since.pop() {
            self.synced = last;
            self.since.clear();
        }
    }
}

impl File {
    fn write(&mut self, number: usize, at: usize, bytes: &[u8]) {
        let pages = at / PAGE..=(at + bytes.len().max(1) - 1) / PAGE;
        for change in &mut self.changes {
            if let (Kind::Bytes { at, .. }, None) = (&change.kind, change.dirty)
                && pages.contains(&(at / PAGE))
            {
                change.dirty = Some(number);
            }
        }
        for (at, bytes) in split(at, bytes, PAGE) {
            self.changes.push(Change { kind: Kind::Bytes { at, bytes: bytes.to_vec() }, dirty: Some(number) });
        }
    }

    fn sync(&mut self, covers: usize) {
        let mut left: Vec<Change> = Vec::new();
        for change in std::mem::take(&mut self.changes) {
            if change.dirty.is_none_or(|since| since >= covers) {
                left.push(change);
                continue;
            }
            match change.kind {
                Kind::Bytes { at, bytes } => put(&mut self.synced, at, &bytes),
                Kind::Size(size) => {
                    self.synced.resize(size, 0);
                    // What was cut off comes to no disk any more.
                    left.retain(|older| !matches!(older.kind, Kind::Bytes { at, .. } if at >= size));
                }
            }
        }
        self.changes = left;
    }

    /// The sync failed: the system takes pages for written that may not be. A file's size is no page; the next sync writes it.
    fn forget(&mut self, covers: usize) {
        for change in self.changes.iter_mut().filter(|change| matches!(change.kind, Kind::Bytes { .. })) {
            change.dirty = change.dirty.filter(|since| *since >= covers);
        }
    }

    fn image(&self, chance: &mut Chance) -> Vec<u8> {
        let mut image = self.synced.clone();
        let (sector, kept, noisy) = (chance.one_of(&SECTORS), chance.one_of(&KEPT_OF_100), chance.below(2) == 0);
        for change in &self.changes {
            match &change.kind {
                Kind::Bytes { at, bytes } => {
                    for (at, bytes) in split(*at, bytes, sector) {
                        if chance.below(100) < kept {
                            put(&mut image, at, bytes);
                        } else if noisy && at + bytes.len() > image.len() {
                            // The file may have grown without its bytes having come.
                            let before = image.len();
                            image.resize(at + bytes.len(), 0);
                            chance.noise(&mut image[before..]);
                        }
                    }
                }
                Kind::Size(size) if chance.below(100) < kept => image.resize(*size, 0),
                Kind::Size(_) => {}
            }
        }
        image
    }
}

/// The pieces of `bytes` at `at`, cut where a page or a sector of `unit` bytes ends.
fn split(at: usize, bytes: &[u8], unit: usize) -> impl Iterator<Item = (usize, &[u8])> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let begin = at + from;
        let length = (unit - begin % unit).min(bytes.len() - from);
        let piece = &bytes[from..from + length];
        from += length;
        (length > 0).then_some((begin, piece))
    })
}

fn put(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if content.len() < at + bytes.len() {
        content.resize(at + bytes.len(), 0);
    }
    content[at..at + bytes.len()].copy_from_slice(bytes);
}
