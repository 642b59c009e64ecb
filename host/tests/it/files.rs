//! Files: what a plugin asked for stands in the folder that the project grants it, and nowhere else.

use std::fs;
use std::os::unix::fs::symlink;

use crowdhook::effect::{Bytes, Effect};
use crowdhook::practice::{Pybossa, Seed};
use serde_json::json;

use crate::harness::folder::Folder;
use crate::harness::outbox::Outbox;
use crate::harness::running::Running;

const OUT: &str = "[folders]\nout = \"../out\"\n";

fn append(path: &str, text: &str) -> Effect {
    Effect::AppendFile { folder: "out".to_owned(), path: path.to_owned(), text: text.to_owned(), header: Some("id,answer".to_owned()) }
}

fn write(path: &str, text: &str) -> Effect {
    Effect::WriteFile { folder: "out".to_owned(), path: path.to_owned(), content: Bytes(text.as_bytes().to_vec()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_asks_for_stands_in_its_folder() {
    let server = Pybossa::start(Seed::empty()).await.unwrap();
    server.add_project("birds");
    let folder = Folder::new();
    folder.component("tries-everything");
    let mail = "[connections.mail]\nkind = \"smtp\"\nfolder = \"../mail\"\nfrom = \"birds@example.org\"\n";
    let plugin = "[plugins.tries-everything]\nallow = [\"email\", \"files\"]\nfolders = [\"out\"]\nrecipients = [\"*@example.org\"]\n";
    folder.pybossa("birds", &server, &format!("{OUT}{mail}{plugin}"));
    let host = Running::start(folder).await;
    server.save_webhook("birds", &host.folder.hook_url("birds")).await.unwrap();
    let task = server.add_task("birds", json!({}), 1).unwrap();
    server.answer(task, "ada", json!("robin")).unwrap();
    host.event_that("the plugin has run", |kept| !kept.runs.is_empty()).await;
    let totals = host.drained().await;
    assert_eq!((totals.dead, totals.deliveries_dead), (0, 0));
    assert_eq!(fs::read_to_string(host.folder.path("out/a.txt")).unwrap(), "a");
    assert_eq!(fs::read_to_string(host.folder.path("out/a.csv")).unwrap(), "a\n");
    assert_eq!(fs::read_dir(host.folder.path("mail")).unwrap().count(), 1);
    let event = host.the_event().await;
    let notes: Vec<String> = host.store.deliveries(event.event.id).await.unwrap().into_iter().map(|delivery| delivery.note).collect();
    assert!(notes[0].starts_with("kept as"), "{notes:?}");
    assert_eq!(notes[1..], ["wrote 1 bytes to `a.txt` in folder `out`", "added 2 bytes to `a.csv` in folder `out`"]);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_in_doubt_is_not_added_twice() {
    let folder = Folder::new();
    folder.appen("birds", OUT);
    // The attempt before the crash wrote its line and could not say so any more.
    folder.write("out/a.csv", "id,answer\n1,cat\n2,dog\n");
    let outbox =
        Outbox::fill(&folder, "folder:out", vec![append("a.csv", "2,dog\n"), append("b.csv", "2,dog\n"), write("c.txt", "c")]).await;
    Outbox::begin(&folder).await;
    let host = Running::start(folder).await;
    host.drained().await;
    assert_eq!(fs::read_to_string(host.folder.path("out/a.csv")).unwrap(), "id,answer\n1,cat\n2,dog\n");
    assert_eq!(fs::read_to_string(host.folder.path("out/b.csv")).unwrap(), "id,answer\n2,dog\n");
    let notes: Vec<String> = outbox.deliveries(&host).await.into_iter().map(|delivery| delivery.note).collect();
    assert_eq!(
        notes,
        [
            "nothing to do: `a.csv` in folder `out` ends with the text of an earlier attempt already",
            "began `b.csv` in folder `out` with its header, and added 6 bytes",
            "wrote 1 bytes to `c.txt` in folder `out`",
        ]
    );
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_out_of_the_folder_is_not_followed() {
    let folder = Folder::new();
    folder.appen("birds", OUT);
    fs::create_dir(folder.path("out")).unwrap();
    symlink(folder.path("secrets"), folder.path("out/secrets")).unwrap();
    let outbox = Outbox::fill(&folder, "folder:out", vec![write("secrets/hook-token", "stolen")]).await;
    let host = Running::start(folder).await;
    let delivery = outbox.ended(&host, "dead").await;
    assert!(delivery.note.contains("`secrets` in") && delivery.note.contains("is a symbolic link"), "{}", delivery.note);
    assert_ne!(fs::read_to_string(host.folder.path("secrets/hook-token")).unwrap(), "stolen");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_gone_is_waited_for_uncounted() {
    let folder = Folder::new();
    folder.appen("birds", "[folders]\nout = \"../drive/out\"\n");
    fs::create_dir(folder.path("drive")).unwrap();
    let outbox = Outbox::fill(&folder, "folder:out", vec![write("a.txt", "a")]).await;
    let host = Running::start_after(folder, |folder| fs::remove_dir(folder.path("drive")).unwrap()).await;
    let delivery = outbox.the_delivery(&host, |delivery| !delivery.note.is_empty()).await;
    assert_eq!((delivery.standing, delivery.attempts), ("waiting", 0));
    assert!(delivery.note.contains("it is not there, nor the folder above it"), "{}", delivery.note);
    host.stop().await;
}
