use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crowdhook::event::EventKind;
use crowdhook::id::Digest;
use crowdhook::plugin::watch::Times;
use tokio::time::timeout;

use super::{Desk, guest, numbered, quick, status_of, vote_of};

/// A copy in progress, piece by piece, with pauses in which the reloader looks.
async fn copy_slowly(desk: &Desk, path: &Path, bytes: &[u8], pieces: usize) {
    let mut file = File::create(path).unwrap();
    let mut changed = desk.registry.changed();
    for piece in bytes.chunks(bytes.len() / pieces + 1) {
        file.write_all(piece).unwrap();
        file.flush().unwrap();
        // Until the reloader reacts to the torn file, or for as long as it takes it to look.
        drop(timeout(Duration::from_millis(100), changed.changed()).await);
    }
}

fn swap_link(desk: &Desk, target: &Path, link: &Path) {
    let unfinished = desk.path("plugins/.link");
    symlink(target, &unfinished).unwrap();
    fs::rename(unfinished, link).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_dropped_in_is_live() {
    let desk = Desk::with_project("counts", Times::default()).await;
    assert!(desk.registry.project("birds").unwrap().is_degraded());
    desk.drop_in("counts.wasm", &guest("counts"));
    desk.until_live(&guest("counts")).await;
    assert!(!desk.registry.project("birds").unwrap().is_degraded());
    let now = desk.registry.now();
    let status = status_of(&now, &desk.path("plugins/counts.wasm")).unwrap();
    assert_eq!((status.name.as_deref(), status.version.as_deref(), &status.last_error), (Some("counts"), Some("1.0.0"), &None));
    assert!(status.since.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_there_at_the_start_is_in_use_before_anything_is_served() {
    let mut desk = Desk::with_project("counts", Times::default()).await;
    desk.stop().await;
    desk.drop_in("counts.wasm", &guest("counts"));
    desk.start(Times::default(), true).await;
    assert_eq!(vote_of(&desk.registry.now()), Some(Digest::of(&guest("counts"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_copied_over_in_pieces_is_never_seen_torn() {
    let desk = Desk::with_project("counts", Times::default()).await;
    desk.drop_in("counts.wasm", &guest("counts"));
    desk.until_live(&guest("counts")).await;
    let next = guest("counts-v2");
    let path = desk.path("plugins/counts.wasm");
    // After its last piece the file is whole, and may be in use before the copying ends.
    let whole = [Some(Digest::of(&guest("counts"))), Some(Digest::of(&next))];
    let copying = copy_slowly(&desk, &path, &next, 8);
    tokio::pin!(copying);
    loop {
        tokio::select! {
            () = &mut copying => break,
            () = tokio::task::yield_now() => assert!(whole.contains(&vote_of(&desk.registry.now())), "a torn file is in use"),
        }
    }
    desk.until_live(&next).await;
    desk.until("nothing is said against it", |now| status_of(now, &path).unwrap().last_error.is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_another_release_replaces_a_component() {
    let desk = Desk::with_project("counts", Times::default()).await;
    for (release, name) in [("releases/1", "counts"), ("releases/2", "counts-v2")] {
        fs::create_dir(desk.path(release)).unwrap();
        fs::write(desk.path(release).join("counts.wasm"), guest(name)).unwrap();
    }
    let link = desk.path("plugins/counts.wasm");
    swap_link(&desk, &desk.path("releases/1/counts.wasm"), &link);
    desk.until_live(&guest("counts")).await;
    swap_link(&desk, &desk.path("releases/2/counts.wasm"), &link);
    desk.until_live(&guest("counts-v2")).await;

    // The file that the link leads to changes where it lies.
    let third = numbered(&guest("counts"), 3);
    fs::write(desk.path("releases/2/counts.wasm"), &third).unwrap();
    desk.until_live(&third).await;

    // A link on the way leads elsewhere, as where a whole folder is swapped.
    symlink(desk.path("releases/1"), desk.path("releases/current")).unwrap();
    swap_link(&desk, &desk.path("releases/current/counts.wasm"), &link);
    desk.until_live(&guest("counts")).await;
    symlink(desk.path("releases/2"), desk.path("releases/next")).unwrap();
    fs::rename(desk.path("releases/next"), desk.path("releases/current")).unwrap();
    desk.until_live(&third).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drop_folder_itself_may_be_swapped() {
    let mut desk = Desk::with_project("counts", Times::default()).await;
    desk.stop().await;
    fs::remove_dir(desk.path("plugins")).unwrap();
    for (release, name) in [("releases/1", "counts"), ("releases/2", "counts-v2")] {
        fs::create_dir(desk.path(release)).unwrap();
        fs::write(desk.path(release).join("counts.wasm"), guest(name)).unwrap();
    }
    symlink(desk.path("releases/1"), desk.path("plugins")).unwrap();
    desk.start(Times::default(), true).await;
    assert_eq!(vote_of(&desk.registry.now()), Some(Digest::of(&guest("counts"))));
    symlink(desk.path("releases/2"), desk.path("releases/next")).unwrap();
    fs::rename(desk.path("releases/next"), desk.path("plugins")).unwrap();
    desk.until_live(&guest("counts-v2")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_component_leaves_the_old_one_in_use_and_says_why() {
    let desk = Desk::with_project("counts", Times::default()).await;
    let (good, path) = (guest("counts"), desk.path("plugins/counts.wasm"));
    desk.drop_in("counts.wasm", &good);
    desk.until_live(&good).await;
    let since = status_of(&desk.registry.now(), &path).unwrap().since;
    desk.drop_in("counts.wasm", &good[..good.len() / 2]);
    let why = desk.until_refused("plugins/counts.wasm").await;
    assert!(why.starts_with("plugins/counts.wasm: it does not compile: "), "{why}");
    assert_eq!(vote_of(&desk.registry.now()), Some(Digest::of(&good)));
    let now = desk.registry.now();
    let status = status_of(&now, &path).unwrap();
    assert_eq!((status.digest, status.since), (Some(Digest::of(&good)), since), "what is in use is still shown");

    desk.drop_in("counts.wasm", &good);
    desk.until("it is repaired", |now| status_of(now, &path).unwrap().last_error.is_none()).await;
    assert_eq!(status_of(&desk.registry.now(), &path).unwrap().since, since, "it was in use all the time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_component_is_gone_after_a_grace_time_and_its_projects_wait() {
    let desk = Desk::with_project("counts", quick()).await;
    desk.drop_in("counts.wasm", &guest("counts"));
    desk.until_live(&guest("counts")).await;
    fs::remove_file(desk.path("plugins/counts.wasm")).unwrap();
    desk.until("it is gone", |now| now.components.is_empty()).await;
    let birds = desk.registry.project("birds").unwrap();
    assert!(birds.is_degraded());
    assert_eq!(birds.listeners(&EventKind::TASK_COMPLETED, None), ["vote".parse().unwrap()], "its events are taken and wait");
    let now = desk.registry.now();
    assert!(status_of(&now, &desk.path("plugins/counts.wasm")).is_none());
    let warnings = &status_of(&now, &desk.path("projects/birds.toml")).unwrap().warnings;
    assert_eq!(
        desk.plain(&warnings.concat()).replace(&desk.path("plugins").display().to_string(), "plugins"),
        "projects/birds.toml:11: warning: plugin `vote` waits: there is no component `counts` in `plugins`\n\
         help: drop its `.wasm` file into that folder, its events wait until then; none is there yet"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_comes_back_within_the_grace_time_was_never_gone() {
    let desk = Desk::with_project("counts", Times { grace: Duration::from_secs(600), ..Times::default() }).await;
    desk.drop_in("counts.wasm", &guest("counts"));
    desk.until_live(&guest("counts")).await;
    let mut changed = desk.registry.changed();
    fs::remove_file(desk.path("plugins/counts.wasm")).unwrap();
    timeout(super::PATIENCE, changed.changed()).await.unwrap().unwrap();
    assert_eq!(vote_of(&desk.registry.now()), Some(Digest::of(&guest("counts"))), "it is noticed, and still in use");
    desk.drop_in("counts.wasm", &guest("counts-v2"));
    desk.until_live(&guest("counts-v2")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_looked_at_where_the_system_tells_nothing() {
    let mut desk = Desk::with_project("counts", quick()).await;
    desk.stop().await;
    desk.start(quick(), false).await;
    desk.drop_in("counts.wasm", &guest("counts"));
    desk.until_live(&guest("counts")).await;
    desk.drop_in("counts.wasm", &guest("counts-v2"));
    desk.until_live(&guest("counts-v2")).await;
    fs::remove_file(desk.path("plugins/counts.wasm")).unwrap();
    desk.until("it is gone", |now| now.components.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_vanishes_takes_nothing_out_of_use() {
    let desk = Desk::with_project("counts", quick()).await;
    desk.drop_in("counts.wasm", &guest("counts"));
    desk.until_live(&guest("counts")).await;
    fs::rename(desk.path("plugins"), desk.path("elsewhere")).unwrap();
    desk.until("it is said", |now| !now.status.folders.is_empty()).await;
    assert_eq!(vote_of(&desk.registry.now()), Some(Digest::of(&guest("counts"))));
    fs::create_dir(desk.path("plugins")).unwrap();
    desk.drop_in("counts.wasm", &guest("counts-v2"));
    desk.until_live(&guest("counts-v2")).await;
    desk.until("all is well", |now| now.status.folders.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_under_other_names_are_passed_over() {
    let mut desk = Desk::new();
    for name in [".counts.wasm", ".#counts.wasm", "counts.wasm~", "counts.wasm.part", "#counts.wasm#", "counts.wasm.swp"] {
        fs::write(desk.path("plugins").join(name), guest("counts")).unwrap();
    }
    fs::create_dir(desk.path("plugins/folder.wasm")).unwrap();
    symlink("nowhere", desk.path("plugins/link.wasm")).unwrap();
    desk.start(quick(), true).await;
    assert!(desk.registry.now().components.is_empty());
    assert!(desk.registry.now().status.components.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_files_of_one_name_the_first_stays_and_the_other_follows_it() {
    let desk = Desk::with_project("counts", quick()).await;
    desk.drop_in("counts.wasm", &guest("counts"));
    desk.until_live(&guest("counts")).await;
    desk.drop_in("a-second.wasm", &guest("counts-v2"));
    let why = desk.until_refused("plugins/a-second.wasm").await;
    assert_eq!(
        why,
        "plugins/a-second.wasm: it says that it is component `counts`, as does `plugins/counts.wasm`, which was loaded first\n\
         help: take one of the two files out of the folder, or give one of them another name in its `describe`"
    );
    assert_eq!(vote_of(&desk.registry.now()), Some(Digest::of(&guest("counts"))));
    fs::remove_file(desk.path("plugins/counts.wasm")).unwrap();
    desk.until_live(&guest("counts-v2")).await;
    assert_eq!(desk.last_error("plugins/a-second.wasm"), None);
}

/// One way of replacing a file; gives what is whole and may be live from now on.
async fn replace(desk: &Desk, turn: u32) -> Option<Vec<u8>> {
    let (path, bytes) =
        (desk.path("plugins/counts.wasm"), numbered(&guest(if turn.is_multiple_of(2) { "counts" } else { "counts-v2" }), turn));
    let is_link = path.is_symlink();
    match turn % 7 {
        0 | 1 => desk.drop_in("counts.wasm", &bytes),
        2 if !is_link => {
            let mut file = File::create(&path).unwrap();
            for piece in bytes.chunks(bytes.len() / 3 + 1) {
                file.write_all(piece).unwrap();
                tokio::task::yield_now().await;
            }
        }
        3 => {
            desk.drop_in("counts.wasm", &bytes[..bytes.len() - 100]);
            return None;
        }
        4 => {
            fs::remove_file(&path).unwrap();
            tokio::task::yield_now().await;
            fs::write(&path, &bytes).unwrap();
        }
        5 => {
            desk.drop_in("counts.wasm", b"nothing of the kind");
            return None;
        }
        _ => {
            let target = desk.path(&format!("releases/{turn}.wasm"));
            fs::write(&target, &bytes).unwrap();
            swap_link(desk, &target, &path);
        }
    }
    Some(bytes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_replacements_show_whole_versions_only_and_the_last_is_live() {
    let desk = Desk::with_project("counts", Times::default()).await;
    desk.drop_in("counts.wasm", &guest("counts"));
    desk.until_live(&guest("counts")).await;

    let (registry, done) = (Arc::clone(&desk.registry), Arc::new(AtomicBool::new(false)));
    let stop = Arc::clone(&done);
    let taking = tokio::spawn(async move {
        let mut seen = BTreeSet::new();
        while !stop.load(Ordering::Relaxed) {
            seen.insert(vote_of(&registry.now()));
            tokio::task::yield_now().await;
        }
        seen
    });
    let mut whole = BTreeSet::from([Some(Digest::of(&guest("counts")))]);
    let mut last = Vec::new();
    let mut changed = desk.registry.changed();
    for turn in 0..200 {
        if let Some(bytes) = replace(&desk, turn).await {
            whole.insert(Some(Digest::of(&bytes)));
            last = bytes;
            if turn % 20 == 0 {
                desk.until_live(&last).await;
            }
        }
        // Some replacements come on the heels of another, some after the one before is live.
        drop(timeout(Duration::from_millis(u64::from(turn % 5) * 20), changed.changed()).await);
    }
    last = numbered(&last, 1_000_000);
    whole.insert(Some(Digest::of(&last)));
    fs::remove_file(desk.path("plugins/counts.wasm")).unwrap();
    fs::write(desk.path("plugins/counts.wasm"), &last).unwrap();
    let changed_last = Instant::now();
    desk.until_live(&last).await;
    let took = changed_last.elapsed();
    done.store(true, Ordering::Relaxed);
    let seen = taking.await.unwrap();
    assert!(seen.is_subset(&whole), "{:?}", seen.difference(&whole));
    assert!(seen.len() > 2, "{} versions were seen", seen.len());

    // A second is promised on a machine with nothing else to do, which this one may not be: so it is told, and decides nothing.
    println!("the last of them was live after {took:?}");
}
