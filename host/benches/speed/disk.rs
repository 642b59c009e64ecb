//! What the disk can do, where the store lies.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// One append.
const APPEND_BYTES: usize = 4096;

/// Times from the beginning of an append to the end of its `fdatasync`.
#[derive(Debug)]
pub(crate) struct Disk {
    pub(crate) sync_p50: Duration,
    pub(crate) sync_p99: Duration,
    pub(crate) syncs: usize,
}

/// Appends `syncs` pages to a file in `folder`, each with its own `fdatasync`.
pub(crate) fn measure(folder: &Path, syncs: usize) -> anyhow::Result<Disk> {
    let path = folder.join("sync");
    let mut file = File::create(&path)?;
    let mut times = Vec::with_capacity(syncs);
    for number in 0..syncs {
        let page = [u8::try_from(number % 256)?; APPEND_BYTES];
        let began = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    drop(file);
    std::fs::remove_file(path)?;
    times.sort_unstable();
    let at = |share: usize| times.get(syncs * share / 100).copied().unwrap_or_default();
    Ok(Disk { sync_p50: at(50), sync_p99: at(99), syncs })
}

/// Bytes of all files in a folder, not below it.
pub(crate) fn bytes_in(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).with_context(|| format!("`{}` cannot be read", folder.display()))? {
        let found = entry?.metadata()?;
        bytes += if found.is_file() { found.len() } else { 0 };
    }
    Ok(bytes)
}
