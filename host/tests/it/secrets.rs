//! Marked secrets wherever one can stand, and everything that a host says, searched for them: pages, answers, log lines, metrics, traces,
//! commands, the store and its backup.
//!
//! Shown to who asks for it, and to nobody else: a hook's token (`--reveal`, the button on a project's page), a link that lets a browser in
//! (`crowdhook dashboard`), and the cookie that it gets. `crowdhook init` makes a token and writes it into a file.

/// All pages, from link to link, and all that the API answers to a GET.
mod crawl;
/// Requests that are wrong, with something in them that may be right elsewhere.
mod strangers;
/// Secrets that were typed where none belongs.
mod typed;

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use serde_json::{Value, json};

use crate::harness::engine;
use crate::harness::everything::Everything;
use crate::harness::guest_file;
use crate::harness::marks::Marks;
use crate::harness::peek;
use crate::harness::process::{Process, Said, said};
use crate::harness::remote::Does;
use crate::harness::wire;

/// What was searched, and what was found in it.
struct Search<'m> {
    marks: &'m Marks,
    found: RefCell<Vec<String>>,
    searched: Cell<usize>,
}

impl<'m> Search<'m> {
    fn new(marks: &'m Marks) -> Self {
        Self { marks, found: RefCell::default(), searched: Cell::new(0) }
    }

    /// Searches what was said by or at `place`.
    fn look(&self, place: &str, said: impl AsRef<[u8]>) {
        self.searched.set(self.searched.get() + 1);
        self.found.borrow_mut().extend(self.marks.found_in(said.as_ref()).into_iter().map(|found| format!("{place} has {found}")));
    }

    /// Searches every file below a folder.
    fn look_below(&self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => self.look_below(&path),
                false => self.look(&path.display().to_string(), std::fs::read(&path).unwrap()),
            }
        }
    }

    /// Wants so many places to have been searched, and nothing to be found.
    #[track_caller]
    fn found_nothing(self, searched_min: usize) {
        let found = self.found.into_inner();
        assert!(found.is_empty(), "{} secrets:\n{}", found.len(), found.join("\n"));
        assert!(self.searched.get() >= searched_min, "only {} places were searched", self.searched.get());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_is_shown_by_anything_that_a_host_says() {
    let everything = Everything::new().await;
    let marks = &everything.marks;
    let search = Search::new(marks);
    let host = everything.start(&["--log", "trace"]).await;
    marks.know("the admin token", &everything.token().await);
    let project = wire::send(everything.server.address(), wire::get(&format!("/api/project/1?api_key={}", everything.server.owner_key())));
    let project: Value = serde_json::from_str(&project.await.unwrap().body).unwrap();
    marks.know("the platform's own key of the project", project["secret_key"].as_str().unwrap());
    // Has lines kept from here on.
    everything.api("/v1/tail?wait_s=0").await;
    everything.fill().await;
    let follower = Follower::start(&everything);
    strangers::knock(&everything).await;
    strangers::post_what_cannot_be_read(&everything).await;
    let cookie = crawl::sign_in(&everything).await;
    act(&everything).await;
    follower.stop(&search);

    crawl::pages(&everything, &search, &cookie).await;
    crawl::api(&everything, &search).await;
    commands(&everything, &search).await;
    set_foreign_hooks(&everything, &search).await;
    host.stop().await;
    look_at_log(&everything, &search);

    // Once more, with lines for machines, and spans to a receiver whose address holds a password and which repeats what it is sent.
    let host = start_for_machines(&everything).await;
    act(&everything).await;
    everything.fill_again().await;
    host.stop().await;
    look_at_log(&everything, &search);
    let sent = everything.traces.seen();
    assert!(sent.iter().any(|seen| seen.body.contains("gulls")), "no span was sent");
    sent.iter().for_each(|seen| search.look("a trace", &seen.body));
    for text in everything.folder.texts().await {
        search.look("the store", text);
    }
    commands_without_a_host(&everything, &search).await;
    search.found_nothing(SEARCHED_MIN);
}

/// Pages, answers, commands and rows that there are at least.
const SEARCHED_MIN: usize = 500;

/// Has things done that are done by hand: what was given up is put through again, a page of a backfill, what is held goes on.
async fn act(everything: &Everything) {
    let newest = everything.api("/v1/events?project=birds&standing=accepted&limit=1").await["rows"][0]["id"].as_str().unwrap().to_owned();
    for (path, body) in [
        ("/v1/dead/replay", json!({})),
        (&format!("/v1/events/{newest}/replay"), json!({ "fresh": true })),
        ("/v1/projects/birds/backfill", json!({ "restart": true })),
        ("/v1/projects/stuck/plugins/traps/release", json!({})),
        ("/v1/projects/birds/forget-worker", json!({ "worker": "4" })),
    ] {
        let reply = everything.ask("POST", path, &body.to_string()).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    }
    everything.settled().await;
}

/// `crowdhook tail`, which runs until it is ended.
struct Follower {
    child: Child,
    said: PathBuf,
}

impl Follower {
    fn start(everything: &Everything) -> Self {
        let said = everything.folder.path("tail.log");
        let file = std::fs::File::create(&said).unwrap();
        let child = command(everything, &["tail"]).stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
        Self { child, said }
    }

    fn stop(mut self, search: &Search<'_>) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let said = std::fs::read_to_string(&self.said).unwrap();
        assert!(said.lines().count() > 10, "{said}");
        search.look("`crowdhook tail`", said);
    }
}

async fn start_for_machines(everything: &Everything) -> Process {
    let marks = &everything.marks;
    everything.traces.always(Does::Makes(|seen| (500, String::new(), format!("{seen:?}").into_bytes())));
    let address = everything.traces.url().replace("http://", &format!("http://spans:{}@", marks.make("otlp-password")));
    let mut command = everything.command(&["--log", "trace", "--log-format", "json"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("{address}/in/{}", marks.make("otlp-path")));
    let mut host = Process::spawn_as(command, &everything.folder);
    assert!(host.ready(&everything.folder).await.is_none(), "{}", host.log());
    host
}

/// An address that is not ours is set on a platform, and then looked at.
async fn set_foreign_hooks(everything: &Everything, search: &Search<'_>) {
    for project in ["birds", "cats", "parrots"] {
        let (in_path, in_query) = (everything.marks.make("foreign-path"), everything.marks.make("foreign-query"));
        let password = everything.marks.make("foreign-password");
        let url = format!("http://ann:{password}@127.0.0.1:1/in/{in_path}?key={in_query}");
        let path = format!("/v1/projects/{project}/hook");
        let set = everything.ask("POST", &path, &json!({ "url": url }).to_string()).await;
        search.look(&format!("POST {path}"), set.head + &set.body);
        search.look(&format!("GET {path}"), everything.ask("GET", &path, "").await.body);
        look_at_command(everything, search, &["hook", "show", project]).await;
        look_at_command(everything, search, &["project", "check", project]).await;
    }
}

fn look_at_log(everything: &Everything, search: &Search<'_>) {
    let log = everything.folder.path("host.log");
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.lines().count() > 100, "{text}");
    assert!(!text.contains("panicked"), "{text}");
    text.lines().for_each(|line| search.look("the log", line));
    std::fs::remove_file(log).unwrap();
}

/// What each command says of a running host, to people and to programs, and what it logs meanwhile.
async fn commands(everything: &Everything, search: &Search<'_>) {
    let first = async |path: &str, pointer: &str| everything.api(path).await.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let delivery = first("/v1/deliveries?state=dead", "/rows/0/id").await;
    let dead = first("/v1/dead", "/dead/0/id").await;
    let guest = guest_file("calls-out").display().to_string();
    for arguments in [
        &["status"][..],
        &["check"],
        &["project", "list"],
        &["project", "show", "birds"],
        &["project", "check", "birds"],
        &["project", "check", "parrots"],
        &["project", "check", "gulls"],
        &["project", "check", "meadow"],
        &["hook", "show", "birds"],
        &["hook", "show", "cats"],
        &["hook", "show", "finches"],
        &["hook", "show", "parrots"],
        &["hook", "set", "gulls"],
        &["event", "list", "--limit", "500"],
        &["invocation", "list", "--limit", "500"],
        &["delivery", "list", "--limit", "500"],
        &["delivery", "show", &delivery],
        &["dead", "list"],
        &["dead", "show", &dead],
        &["dead", "replay", "--project", "birds"],
        &["plugin", "list"],
        &["plugin", "inspect", "calls-out"],
        &["plugin", "try", &guest, "--project", "gulls", "--plugin", "bearer-0"],
        &["backfill", "birds", "--dry-run"],
        &["backfill", "cats"],
        &["backfill", "parrots"],
    ] {
        look_at_command(everything, search, arguments).await;
        look_at_command(everything, search, &[arguments, &["--json"]].concat()).await;
    }
    let events = everything.api("/v1/events?limit=500").await;
    for event in events["rows"].as_array().unwrap() {
        let id = event["id"].as_str().unwrap();
        look_at_command(everything, search, &["event", "show", id]).await;
        let case = everything.folder.path(&format!("cases/{id}"));
        look_at_command(everything, search, &["event", "export", id, "--case", case.to_str().unwrap()]).await;
    }
    search.look_below(&everything.folder.path("cases"));
}

/// What commands say that read the store themselves, and the backup.
async fn commands_without_a_host(everything: &Everything, search: &Search<'_>) {
    let backup = everything.folder.path("backups/crowdhook.db");
    std::fs::create_dir(backup.parent().unwrap()).unwrap();
    look_at_command(everything, search, &["backup", backup.to_str().unwrap(), "--json"]).await;
    look_at_command(everything, search, &["backup", backup.to_str().unwrap()]).await;
    search.look_below(backup.parent().unwrap());
    if !engine::is_postgres() {
        for text in peek::texts(backup.parent().unwrap()) {
            search.look("the backup", text);
        }
    }
    for arguments in [&["status"][..], &["dead", "list"], &["event", "list"], &["hook", "show", "birds"], &["tail"], &["dashboard"]] {
        look_at_command(everything, search, arguments).await;
        look_at_command(everything, search, &[arguments, &["--json"]].concat()).await;
    }
}

async fn look_at_command(everything: &Everything, search: &Search<'_>, arguments: &[&str]) -> Said {
    let said = said(command(everything, arguments)).await;
    assert!(said.code.is_some_and(|code| code < 2) && !said.err.contains("panicked"), "{arguments:?}: {}", said.err);
    search.look(&format!("`crowdhook {}`", arguments.join(" ")), format!("{}\n{}", said.out, said.err));
    said
}

fn command(everything: &Everything, arguments: &[&str]) -> Command {
    let mut command = everything.command(&["--log", "trace"]);
    command.args(arguments).arg("--config").arg(everything.folder.config());
    command
}
