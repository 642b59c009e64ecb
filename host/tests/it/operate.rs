//! `examples/operate`: what an operator copies is taken by the programs that it is for, and a hook comes through the proxies.

/// What stands before the host: nginx and Caddy.
mod proxies;

use std::path::PathBuf;
use std::process::Command;

use crate::harness::crate_folder;
use crate::harness::part::{or_skip, python_tool};
use crate::harness::process::said;

/// A file of `examples/operate`.
fn example(name: &str) -> PathBuf {
    crate_folder().join("../examples/operate").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(example(name)).unwrap()
}

/// `program`, where it is there: also where only root looks for programs.
fn part(program: &str, version: &str, package: &str) -> Option<PathBuf> {
    let works = |path: &PathBuf| Command::new(path).arg(version).output().is_ok_and(|output| output.status.success());
    let found = [PathBuf::from(program), PathBuf::from("/usr/sbin").join(program)].into_iter().find(works);
    or_skip(&format!("`{program}`"), &format!("on Debian, install the package `{package}`"), found)
}

/// Of 100, as systemd counts what a service could do; 100 is all.
const EXPOSURE_MAX: u32 = 15;

#[tokio::test]
async fn systemd_takes_the_unit_and_finds_little_that_it_could_do() {
    let Some(analyze) = part("systemd-analyze", "--version", "systemd") else { return };
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("crowdhook.service");
    // The program that it starts has to be there.
    let installed = read("crowdhook.service").replace("/usr/local/bin/crowdhook", env!("CARGO_BIN_EXE_crowdhook"));
    std::fs::write(&unit, installed).unwrap();
    let mut verify = Command::new(&analyze);
    verify.args(["verify", "--man=no"]).arg(&unit).env("LC_ALL", "C.UTF-8");
    let verified = said(verify).await;
    assert_eq!((verified.code, verified.err.as_str()), (Some(0), ""), "{}", verified.out);
    let mut security = Command::new(&analyze);
    security.args(["security", "--offline=yes", "--no-pager", &format!("--threshold={EXPOSURE_MAX}")]).arg(&unit).env("LC_ALL", "C.UTF-8");
    said(security).await.well();
}

#[tokio::test]
async fn the_containerfile_is_as_it_should_be() {
    let Some(hadolint) = python_tool("hadolint") else { return };
    let mut lint = Command::new(hadolint);
    lint.arg(example("Containerfile"));
    let linted = said(lint).await;
    assert_eq!((linted.code, linted.out.as_str()), (Some(0), ""), "{}", linted.err);
    // What it copies and calls is there.
    let text = read("Containerfile");
    let minimum = std::fs::read_to_string(crate_folder().join("../Cargo.toml")).unwrap();
    let rust = minimum.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(text.contains(&format!("rust:{rust}-slim")), "the Rust that it builds with is not {rust}");
    let ignored = read("Containerfile.dockerignore");
    for kept in ignored.lines().filter_map(|line| line.strip_prefix('!')) {
        assert!(crate_folder().join("..").join(kept).exists(), "there is no `{kept}` to be kept");
    }
}

/// Each command of the page that begins with `crowdhook` is one that there is.
#[tokio::test]
async fn the_page_names_commands_that_there_are() {
    let page = read("README.md");
    let mut seen = 0;
    for line in page.lines().filter_map(|line| line.trim().split_once("crowdhook ").map(|(_, rest)| rest)) {
        let words: Vec<&str> =
            line.split_whitespace().take_while(|word| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-')).collect();
        let Some(command) = words.first().filter(|word| !word.starts_with('-')) else { continue };
        let help_of = async |words: &[&str]| said(crate::harness::process::crowdhook(&[words, &["--help"]].concat())).await;
        // With what follows it, where that belongs to it.
        let all: Vec<&str> = words.iter().take_while(|word| !word.starts_with('-')).copied().collect();
        let help = help_of(&all).await;
        let help = if help.code == Some(0) { help } else { help_of(&[command]).await };
        if help.code == Some(0) {
            seen += 1;
            for option in words.iter().filter(|word| word.starts_with("--")) {
                assert!(help.out.contains(option), "`{command}` has no `{option}`: {}", help.out);
            }
        } else {
            // A sentence about Crowdhook, and no command: then it stands in no code.
            assert!(!page.contains(&format!("`crowdhook {command}")), "there is no command `{command}`");
        }
    }
    assert!(seen > 5, "only {seen} commands were found");
}
