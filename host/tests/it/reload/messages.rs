use std::path::PathBuf;

use crowdhook::config::{Host, load};
use crowdhook::plugin::watch::check_all;

use super::{Desk, HEAD, guest};
use crate::harness;

impl Desk {
    /// What `crowdhook check` says of these folders.
    async fn checked(&self) -> String {
        let host = load::host_from_text(&PathBuf::from("crowdhook.toml"), "", &self.path("")).unwrap();
        let host = Host { plugins: self.path("plugins"), projects: self.path("projects"), ..host };
        let problems = check_all(&host, &Self::context(), &harness::engine()).await;
        assert!(!self.path("data").exists());
        self.plain(&problems.to_string()).replace(&self.path("plugins").display().to_string(), "plugins")
    }
}

/// What is said of one file in the drop folder.
async fn said_of(bytes: &[u8]) -> String {
    let desk = Desk::new();
    desk.drop_in("mine.wasm", bytes);
    desk.checked().await
}

/// What is said of a project that runs `component` as `mine`.
async fn said_of_project(component: &str, rest: &str) -> String {
    let desk = Desk::new();
    desk.drop_in("mine.wasm", &guest(component));
    desk.write_project("birds", &format!("{HEAD}\n[plugins.mine]\ncomponent = \"{component}\"\n{rest}"));
    desk.checked().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_component_is_told_from_what_it_is() {
    assert_eq!(
        said_of(b"fn main() {}").await,
        "plugins/mine.wasm: it is not a WebAssembly file: it does not begin with `\\0asm`\n\
         help: drop the `.wasm` file that your build made"
    );
    assert_eq!(
        said_of(&guest("core-module")).await,
        "plugins/mine.wasm: it is a core module, not a component\n\
         help: make a component of it with `crowdhook plugin pack FILE`, or build for a component target"
    );
    assert!(said_of(b"").await.starts_with("plugins/mine.wasm: it is not a WebAssembly file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_for_another_version_of_the_interface_is_told_which() {
    insta::assert_snapshot!(said_of(&guest("other-version")).await, @r"
    plugins/mine.wasm: it wants what this host does not offer: `crowdhook:plugin/log@0.2.0`
    help: it was built for `crowdhook:plugin@0.2.0`, this host offers `0.1.0`: build it with this host's `wit` folder
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_never_says_what_it_is_is_told_how_long_it_had() {
    assert!(said_of(&guest("slow-describe")).await.starts_with("plugins/mine.wasm: its `describe` failed: it "));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_a_plugin_refuses_are_shown_where_they_stand() {
    insta::assert_snapshot!(said_of_project("bad-settings", "settings.mode = \"fast\"\n").await, @r"
    projects/birds.toml:13: `plugins.mine.settings.mode`: no mode suits this plugin
    help: `crowdhook plugin inspect bad-settings` lists the settings of this component
    ");
    insta::assert_snapshot!(said_of_project("bad-settings", "").await, @r"
    projects/birds.toml:11: `plugins.mine.settings.mode`: no mode suits this plugin
    help: `crowdhook plugin inspect bad-settings` lists the settings of this component
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_do_not_fit_the_schema_are_shown_where_they_stand() {
    let desk = Desk::new();
    desk.drop_in("vote.wasm", &std::fs::read(harness::bundled_file("majority-vote")).unwrap());
    let settings = "[plugins.vote.settings]\nquorum = \"two\"\nquorom = 2\n";
    desk.write_project(
        "birds",
        &format!("{HEAD}\n[plugins.vote]\ncomponent = \"majority-vote\"\nallow = [\"results\", \"events\"]\n{settings}"),
    );
    insta::assert_snapshot!(desk.checked().await, @r#"
    projects/birds.toml:15: `plugins.vote.settings.quorum`: "two" is not of type "integer"
    help: `crowdhook plugin inspect majority-vote` lists the settings of this component

    projects/birds.toml:14: `plugins.vote.settings`: Additional properties are not allowed ('quorom' was unexpected)
    help: `crowdhook plugin inspect majority-vote` lists the settings of this component
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_needed_and_not_granted_is_told_with_the_line_to_add() {
    let desk = Desk::new();
    desk.drop_in("vote.wasm", &std::fs::read(harness::bundled_file("majority-vote")).unwrap());
    desk.write_project("birds", &format!("{HEAD}\n[plugins.vote]\ncomponent = \"majority-vote\"\n"));
    insta::assert_snapshot!(desk.checked().await, @r#"
    projects/birds.toml:11: plugin `vote` needs `results`, `events`, which this file does not grant to it
    help: add `"results", "events"` to `allow` below `[plugins.vote]`
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_has_no_connection_to_be_made_through_is_refused_when_the_project_loads() {
    insta::assert_snapshot!(said_of_project("calls-out", "allow = [\"http.fetch\", \"http.send\"]\n").await, @r#"
    projects/birds.toml:11: `plugins.mine.allow` grants `http.fetch`, `http.send`, but no connection to use it with
    help: write `[connections.web]` with the `url` of a service, and add `connections = ["web"]` below `[plugins.mine]`
    "#);
    let connection = "[connections.posts]\nurl = \"https://api.example.org\"\n";
    insta::assert_snapshot!(said_of_project("calls-out", &format!("allow = [\"http.send\"]\n{connection}")).await, @r#"
    projects/birds.toml:11: `plugins.mine.allow` grants `http.send`, but no connection to use it with
    help: add `connections = ["posts"]` below `[plugins.mine]`
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_where_nothing_may_be_called_is_refused_when_the_project_loads() {
    let connections = "[connections.inside]\nurl = \"http://169.254.169.254/latest\"\n[connections.drop]\nurl = \"https://api.example.org\"\n\
                       [connections.drop.auth]\nkind = \"oauth2\"\ntoken_url = \"https://[fe80::1]/token\"\nclient_id = { env = \"KEY\" }\n\
                       refresh_token = { env = \"KEY\" }\n";
    insta::assert_snapshot!(said_of_project("calls-out", connections).await, @r#"
    projects/birds.toml:13: `connections.inside.url` is a link-local address, where clouds keep their metadata, where this host does not connect
    help: write the address of the service itself

    projects/birds.toml:15: `connections.drop.auth.token_url` is a link-local address, where this host does not connect
    help: write the address of the service itself
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_name_what_was_not_granted_are_refused_when_the_project_loads() {
    let grants = "allow = [\"http.send\", \"tasks\"]\nconnections = [\"posts\"]\nprojects = [\"bats\"]\n";
    let settings = |connection: &str, project: &str, folder: &str| {
        format!(
            "{grants}[plugins.mine.settings]\nconnection = \"{connection}\"\nproject = \"{project}\"\nfolder = \"{folder}\"\n\
             [connections.posts]\nurl = \"https://api.example.org\"\n[connections.chat]\nurl = \"https://chat.example.org\"\n"
        )
    };
    insta::assert_snapshot!(said_of_project("calls-out", &settings("chat", "cats", "shared")).await, @r#"
    projects/birds.toml:17: `plugins.mine.settings.connection` names connection `chat`, which this file does not grant to plugin `mine`
    help: write `connections = ["posts", "chat"]` below `[plugins.mine]`

    projects/birds.toml:18: `plugins.mine.settings.project` names project `cats`, which this file does not grant to plugin `mine`
    help: write `projects = ["bats", "cats"]` below `[plugins.mine]`

    projects/birds.toml:19: `plugins.mine.settings.folder` names folder `shared`, which this file does not grant to plugin `mine`
    help: the file has no such folder: write `shared = "path"` below `[folders]`, and write `folders = ["shared"]` below `[plugins.mine]`
    "#);
    insta::assert_snapshot!(said_of_project("calls-out", &settings("none", "birds", "shared")).await, @r#"
    projects/birds.toml:17: `plugins.mine.settings.connection` names connection `none`, which this file does not grant to plugin `mine`
    help: the file has no such connection: write `[connections.none]`, and write `connections = ["posts", "none"]` below `[plugins.mine]`

    projects/birds.toml:19: `plugins.mine.settings.folder` names folder `shared`, which this file does not grant to plugin `mine`
    help: the file has no such folder: write `shared = "path"` below `[folders]`, and write `folders = ["shared"]` below `[plugins.mine]`
    "#);
    let good = format!(
        "{grants}settings = {{ connection = \"posts\", project = \"bats\" }}\n[connections.posts]\nurl = \"https://api.example.org\"\n"
    );
    assert_eq!(said_of_project("calls-out", &good).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_and_leads_nowhere_is_refused_when_the_project_loads() {
    insta::assert_snapshot!(said_of_project("wants-more", "allow = [\"email\", \"http.send\"]\n").await, @r#"
    projects/birds.toml:13: `plugins.mine.allow` grants `email`, and the file has no mail connection
    help: write `[connections.mail]` and below it `kind = "smtp"`, `host = "smtp.example.org"`, `user = "name"`, `password = { env = "NAME" }` and `from = "Birds <birds@example.org>"`; or, to keep mails in a folder for a try, `kind = "smtp"`, `folder = "../mail"` and `from`
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_settings_of_the_bundled_plugins_name_and_the_file_does_not_grant_is_told_with_the_line() {
    let desk = Desk::new();
    for name in ["tweet", "results-file", "spawn-task"] {
        desk.drop_in(&format!("{name}.wasm"), &std::fs::read(harness::bundled_file(name)).unwrap());
    }
    std::fs::create_dir(desk.path("results")).unwrap();
    let plugins = "\
[connections.posts]
url = \"https://posts.example.org\"
[folders]
results = \"../results\"
[plugins.tweet]
allow = [\"http.send\"]
connections = [\"posts\"]
settings = { connection = \"post\", text = \"{{ answer }} in {{ task.idd }}\" }
[plugins.table]
component = \"results-file\"
allow = []
folders = [\"results\"]
settings = { folder = \"results\", mode = \"append\" }
[plugins.next]
component = \"spawn-task\"
allow = [\"tasks\"]
[plugins.next.settings.spawn]
project = \"experts\"
when = \"decidd\"
info = { of = \"{{ task.id }}\" }
";
    desk.write_project("birds", &format!("{HEAD}\n{plugins}"));
    insta::assert_snapshot!(desk.checked().await, @r#"
    projects/birds.toml:18: `plugins.tweet.settings.connection` names connection `post`, which this file does not grant to plugin `tweet`
    help: the file has no such connection: write `[connections.post]`, and write `connections = ["posts", "post"]` below `[plugins.tweet]`

    projects/birds.toml:18: `plugins.tweet.settings.text`: `task` has no `idd`; did you mean `id`?
    help: `crowdhook plugin inspect tweet` lists the settings of this component

    projects/birds.toml:23: `plugins.table.settings.folder` names folder `results`, and plugin `table` may not use it: this file does not grant `files`
    help: add "files" to `allow` below `[plugins.table]`

    projects/birds.toml:28: `plugins.next.settings.spawn.project` names project `experts`, which this file does not grant to plugin `next`
    help: write `projects = ["experts"]` below `[plugins.next]`

    projects/birds.toml:29: `plugins.next.settings.spawn.when`: `decidd`: there is no name `decidd`; did you mean `decided`?
    help: `crowdhook plugin inspect spawn-task` lists the settings of this component
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_not_there_is_a_warning_with_those_that_are() {
    let desk = Desk::new();
    desk.drop_in("counts.wasm", &guest("counts"));
    desk.write_project("birds", &format!("{HEAD}\n[plugins.mine]\ncomponent = \"count\"\n"));
    insta::assert_snapshot!(desk.checked().await, @r"
    projects/birds.toml:11: warning: plugin `mine` waits: there is no component `count` in `plugins`
    help: drop its `.wasm` file into that folder, its events wait until then; these are there: `counts`
    ");
}
