//! Schemathesis, which makes requests of the description, against a host that has something of everything.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::harness::crate_folder;
use crate::harness::everything::{Everything, item};
use crate::harness::soak;
use crate::harness::wire;

/// The first task of which nothing was posted yet.
const FIRST_OF_STREAM: i64 = 100;
/// Between two events that come in meanwhile.
const STREAM_PAUSE: Duration = Duration::from_millis(100);
/// What the ids and names of a host are written down as, where they are asked for, and how they are found there.
const FOUND: [(&str, &str, &str); 7] = [
    ("events", "/v1/events?limit=20", "/rows/*/id"),
    ("deliveries", "/v1/deliveries?limit=20", "/rows/*/id"),
    ("projects", "/v1/projects", "/*/name"),
    ("plugins", "/v1/plugins", "/*/name"),
    ("tasks", "/v1/projects/birds/analyses", "/rows/*/task"),
    ("held", "/v1/quarantine", "/quarantine/*/plugin"),
    ("workers", "/v1/projects/birds/badges", "/badges/*/worker"),
];

/// Run by `cargo xtask openapi`, which says where Schemathesis is.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes, and needs Schemathesis: `cargo xtask openapi`"]
async fn no_request_is_answered_otherwise_than_described() {
    let everything = Everything::new().await;
    let host = everything.start(&[]).await;
    everything.fill().await;
    let stream = tokio::spawn(stream(everything.folder.listen, ["stream", "stuck"].map(|project| everything.hook(project))));
    let folder = tempfile::tempdir().unwrap();
    let from = crate_folder().join("tests/openapi");
    for name in ["schemathesis.toml", "hooks.py"] {
        fs::copy(from.join(name), folder.path().join(name)).unwrap();
    }
    for (name, path, pointer) in FOUND {
        write_down(&everything, folder.path(), (name, path, pointer)).await;
    }
    let mut command = schemathesis();
    command.args(["--config-file", "schemathesis.toml", "run"]).arg(crate_folder().join("src/admin/openapi.json"));
    command.args(["--url", &format!("http://{}", everything.folder.admin)]);
    command.args(["--max-examples", &soak::number("EXAMPLES", 10_u32).to_string(), "--seed", &soak::number("SEED", 1_u32).to_string()]);
    command.env("CROWDHOOK_TOKEN", everything.token().await).current_dir(folder.path()).stdin(Stdio::null());
    let status = tokio::task::spawn_blocking(move || command.status()).await.unwrap().unwrap();
    stream.abort();
    assert!(status.success(), "see above; the end of the host's log:\n{}", host.log());
    let ready = wire::send(everything.folder.listen, wire::get("/health/ready")).await.unwrap();
    assert_eq!(ready.status, 200, "{}", ready.body);
    host.stop().await;
    let log = fs::read_to_string(everything.folder.path("host.log")).unwrap();
    assert!(!log.contains("panicked"), "{log}");
}

/// Has something happen all the time: who asks for log lines waits for one otherwise, and a plugin that was released is held again.
async fn stream(listen: SocketAddr, hooks: [String; 2]) {
    for (id, hook) in (FIRST_OF_STREAM..).zip(hooks.iter().cycle()) {
        // What is made of it, and whether it is taken at all, is not looked at here.
        wire::send(listen, wire::post(hook, "application/json", &item(id).to_string())).await.ok();
        tokio::time::sleep(STREAM_PAUSE).await;
    }
}

/// Writes names of one kind into the file of that name, as Schemathesis reads them.
async fn write_down(everything: &Everything, folder: &Path, (name, path, pointer): (&str, &str, &str)) {
    let (list, member) = pointer.split_once("/*").unwrap();
    let answer = everything.api(path).await;
    let items = answer.pointer(list).and_then(|list| list.as_array()).unwrap();
    let mut lines: Vec<String> = items.iter().filter_map(|item| Some(format!("\"{}\"", item.pointer(member)?.as_str()?))).collect();
    lines.sort();
    lines.dedup();
    assert!(!lines.is_empty(), "{path} has nothing at {pointer}: {answer}");
    fs::write(folder.join(format!("{name}.dict")), lines.join("\n")).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
fn schemathesis() -> Command {
    let program = std::env::var("CROWDHOOK_SCHEMATHESIS").expect("`CROWDHOOK_SCHEMATHESIS` names the program: run `cargo xtask openapi`");
    Command::new(program)
}
