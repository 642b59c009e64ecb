use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;

use super::folder::{Added, Addition, Obstacle, append, write};
use super::{Folders, Trouble, trouble};
use crate::id::DeliveryId;

fn addition(text: &str, header: Option<&str>, may_be_there: bool) -> Addition {
    Addition { text: text.to_owned(), header: header.map(str::to_owned), may_be_there }
}

/// A folder `out` beside a folder `secret` with a file that nobody is to touch.
fn stage() -> (TempDir, std::path::PathBuf) {
    let stage = tempfile::tempdir().unwrap();
    fs::create_dir(stage.path().join("secret")).unwrap();
    fs::write(stage.path().join("secret/key"), "key").unwrap();
    let out = stage.path().join("out");
    (stage, out)
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn missing_folders_are_made_and_a_repeat_writes_the_same_again() {
    let (_stage, out) = stage();
    let id = DeliveryId::new();
    for content in ["old", "new", "new"] {
        write(&out, "2026/11/a.txt", id, content.as_bytes()).unwrap();
        assert_eq!(text(&out.join("2026/11/a.txt")), content);
    }
    assert_eq!(fs::read_dir(out.join("2026/11")).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn what_an_earlier_attempt_left_is_written_over() {
    let (_stage, out) = stage();
    let id = DeliveryId::new();
    fs::create_dir(&out).unwrap();
    fs::write(out.join(format!(".crowdhook-{id}.part")), "half of something that was longer").unwrap();
    write(&out, "a.txt", id, b"whole").unwrap();
    assert_eq!(text(&out.join("a.txt")), "whole");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
}

#[test]
fn readers_see_the_old_file_or_the_new_one_and_never_a_part() {
    let (_stage, out) = stage();
    let contents = ["a".repeat(300_000), "b".repeat(700_000)];
    write(&out, "a.txt", DeliveryId::new(), contents[0].as_bytes()).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let reader = {
        let (file, done, contents) = (out.join("a.txt"), Arc::clone(&done), contents.clone());
        std::thread::spawn(move || {
            let mut seen = [0_usize; 2];
            while !done.load(Ordering::Acquire) || seen.contains(&0) {
                let read = text(&file);
                let which = contents.iter().position(|content| *content == read);
                seen[which.expect("a part of a file was seen")] += 1;
            }
        })
    };
    for turn in 0..60 {
        write(&out, "a.txt", DeliveryId::new(), contents[turn % 2].as_bytes()).unwrap();
    }
    done.store(true, Ordering::Release);
    // The reader may not have met both yet.
    while !reader.is_finished() {
        for content in &contents {
            write(&out, "a.txt", DeliveryId::new(), content.as_bytes()).unwrap();
        }
    }
    reader.join().unwrap();
}

#[test]
fn a_header_is_written_once_and_ends_its_line() {
    let (_stage, out) = stage();
    let add = |text: &str, header: &str| append(&out, "a.csv", &addition(text, Some(header), false)).unwrap();
    assert_eq!(add("1,cat\n", "id,answer"), Added::HeaderAndText);
    assert_eq!(add("2,dog\n", "id,answer"), Added::Text);
    assert_eq!(text(&out.join("a.csv")), "id,answer\n1,cat\n2,dog\n");
    fs::write(out.join("a.csv"), "").unwrap();
    assert_eq!(add("3,cow\n", "id,answer\n"), Added::HeaderAndText);
    assert_eq!(text(&out.join("a.csv")), "id,answer\n3,cow\n");
    assert_eq!(append(&out, "b.csv", &addition("1\n", None, false)).unwrap(), Added::Text);
}

#[test]
fn what_an_earlier_attempt_added_is_not_added_again() {
    let (_stage, out) = stage();
    let again = |may_be_there| append(&out, "a.csv", &addition("1,cat\n", Some("id,answer"), may_be_there)).unwrap();
    assert_eq!(again(true), Added::HeaderAndText, "it was not there after all");
    assert_eq!(again(true), Added::Nothing);
    assert_eq!(text(&out.join("a.csv")), "id,answer\n1,cat\n");
    // One that is attempted for the first time may say the same as the one before it.
    assert_eq!(again(false), Added::Text);
    assert_eq!(text(&out.join("a.csv")), "id,answer\n1,cat\n1,cat\n");
    // A file that is shorter than the text cannot end with it.
    fs::write(out.join("a.csv"), "cat\n").unwrap();
    assert_eq!(again(true), Added::Text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lines_that_are_added_at_the_same_time_stay_whole_below_one_header() {
    let (_stage, out) = stage();
    let folders = Arc::new(Folders::default());
    let writers: Vec<_> = (0..40)
        .map(|number| {
            let (folders, out) = (Arc::clone(&folders), out.clone());
            tokio::spawn(async move {
                let line = addition(&format!("{number},{}\n", "x".repeat(5000)), Some("id,answer"), false);
                // Whoever finds no turn comes again, as a delivery does.
                loop {
                    let (root, line) = (out.clone(), line.clone());
                    match folders.in_turn(&out, move || append(&root, "a.csv", &line)).await {
                        Err(Trouble::Later { after: Some(_), .. }) => {}
                        done => break done.unwrap(),
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let written = text(&out.join("a.csv"));
    assert_eq!(written.matches("id,answer\n").count(), 1);
    assert!(written.starts_with("id,answer\n"));
    let mut numbers: Vec<u32> = written.lines().skip(1).map(|line| line.split_once(',').unwrap().0.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..40).collect::<Vec<_>>());
    assert!(written.lines().skip(1).all(|line| line.split_once(',').unwrap().1.len() == 5000));
}

/// Both ways of writing, which must be refused alike.
fn refused(out: &Path, path: &str) -> [Obstacle; 2] {
    [write(out, path, DeliveryId::new(), b"x").unwrap_err(), append(out, path, &addition("x", None, false)).unwrap_err()]
}

#[test]
fn no_symbolic_link_is_followed() {
    let (stage, out) = stage();
    fs::create_dir(&out).unwrap();
    symlink("../secret", out.join("folder")).unwrap();
    symlink("../secret/key", out.join("file")).unwrap();
    symlink(stage.path().join("secret/new"), out.join("dangling")).unwrap();
    symlink("loop", out.join("loop")).unwrap();
    for path in ["folder/key", "folder/new", "folder/deeper/new", "file", "dangling", "loop", "loop/new"] {
        for obstacle in refused(&out, path) {
            assert!(matches!(&obstacle, Obstacle::Link(name) if *name == path.split('/').next().unwrap()), "{path}: {obstacle:?}");
        }
    }
    assert_eq!(text(&stage.path().join("secret/key")), "key");
    assert_eq!(fs::read_dir(stage.path().join("secret")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 4, "and nothing was put in its place");
}

#[test]
fn a_path_that_would_leave_its_folder_is_refused_here_too() {
    let (stage, out) = stage();
    for path in ["../secret/key", "a/../../secret/key", "..", ".", "", "/etc/passwd", "a//b", "a/"] {
        for obstacle in refused(&out, path) {
            assert!(matches!(obstacle, Obstacle::Outside), "{path}: {obstacle:?}");
        }
    }
    assert_eq!(text(&stage.path().join("secret/key")), "key");
}

#[test]
fn what_has_the_name_already_must_suit() {
    let (_stage, out) = stage();
    fs::create_dir_all(out.join("folder")).unwrap();
    fs::write(out.join("file"), "").unwrap();
    for obstacle in refused(&out, "folder") {
        assert!(matches!(&obstacle, Obstacle::NoFile(name) if name == "folder"), "{obstacle:?}");
    }
    for obstacle in refused(&out, "file/below") {
        assert!(matches!(&obstacle, Obstacle::NoFolder(name) if name == "file"), "{obstacle:?}");
    }
}

#[test]
fn the_operators_own_path_may_lead_through_a_link() {
    let (stage, out) = stage();
    symlink("secret", &out).unwrap();
    write(&out, "new", DeliveryId::new(), b"x").unwrap();
    assert_eq!(text(&stage.path().join("secret/new")), "x");
}

#[test]
fn what_somebody_can_mend_is_waited_for_and_what_nobody_can_is_refused() {
    let told = |error: io::Error| trouble(Path::new("/srv/out"), Obstacle::Failed(error));
    for (kind, words) in [
        (ErrorKind::StorageFull, "the disk is full"),
        (ErrorKind::QuotaExceeded, "used up the room"),
        (ErrorKind::PermissionDenied, "the host may not"),
        (ErrorKind::ReadOnlyFilesystem, "may only be read"),
        (ErrorKind::NotFound, "it is not there"),
    ] {
        let said = told(kind.into());
        assert!(matches!(&said, Trouble::Unmended { why } if why.contains("`/srv/out`") && why.contains(words)), "{said:?}");
    }
    assert!(matches!(told(ErrorKind::InvalidFilename.into()), Trouble::Refused { .. }));
    assert!(matches!(told(io::Error::from_raw_os_error(5)), Trouble::Later { after: None, .. }));
    assert!(matches!(trouble(Path::new("/srv/out"), Obstacle::Link("a".into())), Trouble::Refused { .. }));
}

#[test]
fn a_folder_whose_parent_is_gone_is_said_to_be_gone() {
    let (_stage, out) = stage();
    let obstacle = write(&out.join("not/there"), "a.txt", DeliveryId::new(), b"x").unwrap_err();
    assert!(matches!(&obstacle, Obstacle::Failed(error) if error.kind() == ErrorKind::NotFound), "{obstacle:?}");
}
