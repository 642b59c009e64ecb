//! Whatever comes in from outside, no parser panics or hangs, and what it says of it holds.
//!
//! An ordinary run takes few cases from a fixed seed; `cargo xtask soak fuzz` takes as many as one likes, from any seed. What was ever found
//! lies in `tests/corpus`, a folder for each kind of input, from which every run begins.

use std::path::Path;
use std::time::{Duration, Instant};

use crowdhook::clock::Clock;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use crate::harness::crate_folder;

/// Posts of every dialect.
mod bodies;
/// Files that are to be components.
mod components;
/// Files that people write.
mod files;
/// Headers that are to prove who calls.
mod headers;
/// Inputs that are nearly what they should be.
mod mutated;
/// Secrets planted in payloads.
mod planted;
/// Bytes on a socket.
mod requests;

/// Cases of one target in an ordinary run.
const CASES: u32 = 300;

#[expect(clippy::disallowed_methods, reason = "switches of the tests, not settings")]
fn switch(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Runs `test` on values of `strategy`: on one case for each `costs` of what is asked for.
fn fuzz<S: Strategy>(target: &str, costs: u32, strategy: &S, test: impl Fn(S::Value) -> Result<(), TestCaseError>)
where
    S::Value: Clone,
{
    let wanted = switch("CROWDHOOK_FUZZ_CASES").map(|cases| u32::try_from(cases).unwrap());
    let now = || u64::try_from(Clock::System.now().as_microsecond()).unwrap();
    let seed = switch("CROWDHOOK_FUZZ_SEED").unwrap_or_else(|| if wanted.is_some() { now() } else { 0 });
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let (begun, mut slowest) = (Instant::now(), Duration::ZERO);
    let cases = (wanted.unwrap_or(CASES) / costs).max(10);
    for _ in 0..cases {
        let tree = strategy.new_tree(&mut runner).unwrap();
        let begun = Instant::now();
        if let Err(why) = runner.run_one(tree, &test) {
            panic!("seed {seed}: {why}");
        }
        slowest = slowest.max(begun.elapsed());
    }
    if wanted.is_some() {
        eprintln!("fuzz {target}: {cases} cases from seed {seed} in {:.1?}, the slowest in {slowest:.1?}", begun.elapsed());
    }
}

/// The files of folders below the crate's, those of `tests/corpus/<target>` first.
fn seeds(target: &str, folders: &[(&str, &str)]) -> Vec<Vec<u8>> {
    let corpus = format!("tests/corpus/{target}");
    let mut seeds = Vec::new();
    for (folder, extension) in [(corpus.as_str(), "")].iter().chain(folders) {
        let mut files: Vec<_> = std::fs::read_dir(crate_folder().join(folder)).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        let of_kind = |file: &Path| file.is_file() && (extension.is_empty() || file.extension().is_some_and(|own| own == *extension));
        seeds.extend(files.iter().filter(|file| of_kind(file)).map(|file| std::fs::read(file).unwrap()));
    }
    assert!(!seeds.is_empty());
    seeds
}
