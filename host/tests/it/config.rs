//! What people see when a settings file is right or wrong. The files are in `tests/ui`; run the tests with `UPDATE_UI=1` to
//! write what is said now beside them, and review it as text.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crowdhook::config::load::{self, Context, Env};
use crowdhook::config::{GuestLimits, Host, Limits, Problems, Project};
use crowdhook::id::PluginName;

const DEFAULTS: &str = include_str!("../../config.default.toml");

fn context() -> Context {
    let env = Env::of(&[
        ("BIRDS_API_KEY", "0123-api-key-4567"),
        ("BIRDS_HOOK_TOKEN", "0123456789-hook-token"),
        ("SHORT_TOKEN", "too-short"),
        ("SLASHED_TOKEN", "0123456789/hook/token"),
        ("EMPTY", ""),
        ("WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("CHAT_ADDRESS", "http://hooks.example.org/services/T0/B0/xyz"),
    ]);
    Context { env, guest: GuestLimits::default(), own_folders: Vec::new() }
}

fn ui(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    assert!(!files.is_empty());
    files
}

/// What a person is told about a file, as if it lay in the current folder.
fn told(file: &Path) -> (String, bool) {
    let text = fs::read_to_string(file).unwrap();
    let shown = PathBuf::from(file.file_name().unwrap());
    let said = |result: Result<Problems, Problems>| match result {
        Ok(warnings) => (warnings.to_string(), true),
        Err(problems) => (problems.to_string(), false),
    };
    if shown.to_string_lossy().starts_with("host-") {
        return said(load::host_from_text(&shown, &text, Path::new("")).map(|_| Problems::default()));
    }
    let project = load::project_name(&shown).and_then(|name| load::project_from_text(name, &shown, &text, Path::new(""), &context()));
    said(project.map(|(_, warnings)| warnings))
}

/// Compares `said` with the text in `file`; an empty text has no file.
fn check_text(file: &Path, said: &str) {
    let said = if said.is_empty() { String::new() } else { format!("{said}\n") };
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting")]
    let update = std::env::var("UPDATE_UI").is_ok();
    if update && said.is_empty() {
        fs::remove_file(file).ok();
    } else if update {
        fs::write(file, &said).unwrap();
    }
    let wanted = fs::read_to_string(file).unwrap_or_default();
    assert_eq!(said, wanted, "{} (UPDATE_UI=1 writes it anew)", file.display());
}

#[test]
fn each_invalid_file_is_refused_with_its_text() {
    for file in ui("invalid") {
        let (said, good) = told(&file);
        assert!(!good, "{} was taken", file.display());
        check_text(&file.with_extension("err"), &said);
    }
}

#[test]
fn each_valid_file_is_taken_with_its_warnings() {
    for file in ui("valid") {
        let (said, good) = told(&file);
        assert!(good, "{said}");
        check_text(&file.with_extension("warn"), &said);
    }
}

#[test]
fn no_secret_shows_in_what_is_said() {
    for file in ui("invalid").into_iter().chain(ui("valid")) {
        let (said, _) = told(&file);
        for secret in ["must-not-show", "hunter2", "0123", "too-short"] {
            assert!(!said.contains(secret), "{}: {said}", file.display());
        }
    }
}

#[test]
fn the_default_file_says_what_the_code_does() {
    let none = load::host_from_text(Path::new("crowdhook.toml"), "", Path::new("")).unwrap();
    let all = load::host_from_text(Path::new("crowdhook.toml"), DEFAULTS, Path::new("")).unwrap();
    assert_eq!(format!("{none:?}"), format!("{all:?}"));
    assert_eq!(format!("{:?}", none.limits), format!("{:?}", Limits::default()));
    assert_eq!(none.public_url.as_str(), "http://127.0.0.1:8080/");
}

/// Serde names the keys that it knows when it meets one that it does not, so the default file can be held against them.
#[test]
fn every_key_is_in_the_default_file() {
    let defaults: toml::Table = DEFAULTS.parse().unwrap();
    let check = |table: &str, known: &toml::Table| {
        let header = if table.is_empty() { String::new() } else { format!("[{table}]\n") };
        let text = format!("{header}not-even-near-to-any = 1\n");
        let said = load::host_from_text(Path::new("crowdhook.toml"), &text, Path::new("")).unwrap_err().to_string();
        let keys = said.split_once(": `").map(|_| said.rsplit_once("known").unwrap().1).unwrap();
        let keys: Vec<&str> = keys.split_once(": ").unwrap().1.split(", ").map(|key| key.trim_matches('`')).collect();
        assert!(keys.len() > 5, "{said}");
        for key in &keys {
            assert!(known.contains_key(*key), "`{key}` of `[{table}]` is not in config.default.toml");
        }
        assert_eq!(keys.len(), known.len(), "{keys:?}");
    };
    let limits = defaults["limits"].as_table().unwrap();
    check("", &defaults);
    check("limits", limits);
    check("limits.guest", limits["guest"].as_table().unwrap());
}

fn host_in(folder: &Path, text: &str) -> Host {
    let file = folder.join("crowdhook.toml");
    fs::write(&file, text).unwrap();
    load::host(Some(&file)).unwrap()
}

#[test]
fn relative_paths_begin_at_the_files_folder() {
    let folder = tempfile::tempdir().unwrap();
    let host = host_in(folder.path(), "data = \"store\"\nplugins = \"/srv/drop\"\n");
    assert_eq!(host.data, folder.path().join("store"));
    assert_eq!(host.plugins, Path::new("/srv/drop"));
    assert_eq!(host.projects, folder.path().join("projects"));
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let said = load::host(Some(&folder.path().join("crowdhook.toml"))).unwrap_err().to_string();
    assert!(said.contains("there is no such file"), "{said}");
    assert!(said.contains("help: "), "{said}");
}

#[test]
fn a_file_beyond_its_limit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("birds.toml");
    fs::write(&file, "#".repeat(usize::try_from(load::FILE_BYTES_MAX).unwrap() + 1)).unwrap();
    let said = load::project(&file, &context()).unwrap_err().to_string();
    assert!(said.contains("larger than 1024 KiB"), "{said}");
}

fn example(name: &str) -> Project {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/valid").join(name);
    load::project(&file, &context()).unwrap().0
}

#[test]
fn plugins_keep_the_order_of_the_file() {
    let project = example("everything.toml");
    let names: Vec<&str> = project.plugins.iter().map(|plugin| plugin.name.as_str()).collect();
    assert_eq!(names, ["vote", "average"]);
    assert_eq!(project.plugins[0].component.as_str(), "majority-vote");
    assert_eq!(project.plugins[1].component.as_str(), "average");
    assert_eq!(project.platform.url.as_str(), "http://localhost:5000/crowd");
}

#[test]
fn settings_become_json() {
    let project = example("everything.toml");
    insta::assert_snapshot!(project.plugins[0].settings, @r#"{"pointer":"/animal","quorum":2,"agreement":0.6,"strict":true,"since":"2026-11-21T19:29:25Z","day":"2026-11-21","questions":[{"pointer":"/a"},{"pointer":"/b/c","odd~key/":[1,2]}]}"#);
    assert_eq!(project.plugins[1].settings, "{}");
}

#[test]
fn a_plugins_limits_stand_in_the_place_of_the_hosts() {
    let project = example("everything.toml");
    let own = project.plugins[0].limits;
    assert_eq!((own.cpu, own.wall), (Duration::from_millis(100), Duration::from_millis(200)));
    assert_eq!((own.memory_bytes, own.effects, own.effects_bytes), (32 << 20, 1, 2048));
    assert_eq!(project.plugins[1].limits, GuestLimits::default());
}

#[test]
fn a_settings_problem_is_shown_at_its_line() {
    let project = example("everything.toml");
    let text = fs::read_to_string(&project.file).unwrap();
    let vote: PluginName = "vote".parse().unwrap();
    let check = |pointer: &str, wanted: &str| {
        let line = project.line_of(&vote, pointer);
        assert!(text.lines().nth(line - 1).unwrap().starts_with(wanted), "{pointer}: line {line}");
    };
    check("", "[plugins.vote.settings]");
    check("/pointer", "pointer =");
    check("/questions/1/odd~0key~1/0", "questions =");
    check("/quorum/not/there", "quorum =");
    check("/missing", "[plugins.vote.settings]");
    let average: PluginName = "average".parse().unwrap();
    assert_eq!(text.lines().nth(project.line_of(&average, "/missing") - 1).unwrap(), "[plugins.average]");
    assert_eq!(project.line_of(&"none".parse().unwrap(), ""), 1);
}

const PROJECT: &str = r#"
[platform]
kind = "pybossa"
url = "https://crowd.example.org"
project = "birds"
api_key = { file = "key" }
[hook]
token = { env = "BIRDS_HOOK_TOKEN" }
"#;

fn write_key(folder: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(folder.join("key"), text).unwrap();
    fs::set_permissions(folder.join("key"), fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_secrets_file_lies_beside_the_project_and_loses_its_newline() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("birds.toml"), PROJECT).unwrap();
    for text in ["the-key", "the-key\n", "the-key\r\n"] {
        write_key(folder.path(), text);
        let (project, warnings) = load::project(&folder.path().join("birds.toml"), &context()).unwrap();
        assert_eq!(project.platform.api_key.unwrap().reveal(), "the-key");
        assert!(warnings.is_empty(), "{warnings}");
    }
    for (text, why) in [("", "which is empty"), ("\n", "which is empty"), ("two\nlines\n", "line break")] {
        write_key(folder.path(), text);
        let said = load::project(&folder.path().join("birds.toml"), &context()).unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn a_secrets_file_that_all_may_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("birds.toml"), PROJECT).unwrap();
    write_key(folder.path(), "the-key");
    fs::set_permissions(folder.path().join("key"), fs::Permissions::from_mode(0o644)).unwrap();
    let (_, warnings) = load::project(&folder.path().join("birds.toml"), &context()).unwrap();
    assert!(warnings.to_string().contains("warning: `platform.api_key` lies in the file"), "{warnings}");
}

#[test]
fn a_folder_gives_the_good_the_broken_and_the_twins() {
    let folder = tempfile::tempdir().unwrap();
    write_key(folder.path(), "the-key");
    for name in ["birds.toml", "bats.toml", ".hidden.toml", "note.txt", "Big Cats.toml"] {
        fs::write(folder.path().join(name), PROJECT).unwrap();
    }
    fs::write(folder.path().join("worms.toml"), "[platform]").unwrap();
    let found = load::projects(folder.path(), &context()).unwrap();
    let names: Vec<&str> = found.good.iter().map(|project| project.name.as_str()).collect();
    assert_eq!(names, ["bats", "birds"]);
    let broken: Vec<_> = found.broken.iter().map(|(file, _)| file.file_name().unwrap().to_string_lossy()).collect();
    assert_eq!(broken, ["Big Cats.toml", "worms.toml"]);
    assert!(found.broken[0].1.to_string().contains("rename the file: `big-cats.toml`"));
    assert!(found.warnings.to_string().contains("same project `birds` on https://crowd.example.org/ as `bats`"), "{}", found.warnings);
}

#[test]
fn a_folder_that_is_not_there_is_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let found = load::projects(&folder.path().join("projects"), &context()).unwrap();
    assert!(found.good.is_empty() && found.broken.is_empty());
    assert!(found.warnings.to_string().contains("there is no such folder"));
}

/// A folder that a host has, with what lies in it.
fn host_folder() -> (tempfile::TempDir, Context) {
    let root = tempfile::tempdir().unwrap();
    for below in ["data/cache", "plugins", "projects", "out", "srv"] {
        fs::create_dir_all(root.path().join(below)).unwrap();
    }
    std::os::unix::fs::symlink("../data", root.path().join("srv/link")).unwrap();
    write_key(&root.path().join("projects"), "the-key");
    let host = host_in(root.path(), "");
    (root, Context { own_folders: Context::of(&host).own_folders, ..context() })
}

#[test]
fn plugins_are_kept_out_of_the_folders_that_the_host_lives_by() {
    let (root, context) = host_folder();
    let file = root.path().join("projects/birds.toml");
    let load = |path: &str| {
        fs::write(&file, format!("{PROJECT}[folders]\nout = {path:?}\n")).unwrap();
        load::project(&file, &context).map(|(project, _)| project.folders[0].path.clone()).map_err(|problems| problems.to_string())
    };
    let real = root.path().canonicalize().unwrap();
    for (path, wanted) in [
        ("../out", "out"),
        ("../new", "new"),
        ("../out/../out/deeper", "out/deeper"),
        ("out", "projects/out"),
        ("../plugins/out", "plugins/out"),
        ("../srv", "srv"),
    ] {
        assert_eq!(load(path), Ok(real.join(wanted)), "{path}");
    }
    for (path, why) in [
        ("..", "`folders.out` holds the data folder"),
        (".", "`folders.out` is the folder of project files"),
        ("/", "`folders.out` holds the data folder"),
        ("../data", "`folders.out` is the data folder"),
        ("../data/cache", "`folders.out` lies in the data folder"),
        ("../srv/link", "`folders.out` is the data folder"),
        ("../srv/link/new", "`folders.out` lies in the data folder"),
        ("../plugins", "`folders.out` is the drop folder"),
        ("../out/../plugins/", "`folders.out` is the drop folder"),
        ("../not/there", "is not there, nor the folder above it"),
        ("../crowdhook.toml", "is a file, not a folder"),
    ] {
        let said = load(path).unwrap_err();
        assert!(said.contains(why) && said.contains("help: "), "{path}: {said}");
    }
}

#[test]
fn a_folder_of_mails_is_checked_like_one_of_files() {
    let (root, context) = host_folder();
    let file = root.path().join("projects/birds.toml");
    fs::write(&file, format!("{PROJECT}[connections.mail]\nkind = \"smtp\"\nfolder = \"../plugins\"\nfrom = \"a@b.org\"\n")).unwrap();
    let said = load::project(&file, &context).unwrap_err().to_string();
    assert!(said.contains("`connections.mail.folder` is the drop folder"), "{said}");
}

/// The examples, each with every variable set.
fn examples() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/projects");
    ["pybossa", "appen", "generic", "every-key"]
        .map(|scene| folder.join(scene).join("birds.toml"))
        .map(|file| (file.clone(), fs::read_to_string(file).unwrap()))
        .into()
}

/// What a variable of an example may hold: an address where one is wanted.
fn value_of(variable: &str) -> &'static str {
    if variable.ends_with("_URL") { "https://hooks.example.org/services/xyz" } else { "0123456789abcdef" }
}

#[test]
fn every_example_can_be_loaded() {
    for (file, text) in examples() {
        let names: Vec<(&str, &str)> =
            text.split("env = \"").skip(1).map(|rest| rest.split('"').next().unwrap()).map(|name| (name, value_of(name))).collect();
        let context = Context { env: Env::of(&names), guest: GuestLimits::default(), own_folders: Vec::new() };
        let (_, warnings) = load::project(&file, &context).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(warnings.is_empty(), "{warnings}");
    }
}

#[test]
fn every_key_of_a_project_is_in_the_example_of_every_key() {
    let (_, text) = examples().pop().unwrap();
    let tables = [
        "",
        "platform",
        "hook",
        "generic",
        "generic.answer",
        "hook.basic",
        "hook.header",
        "hook.hmac",
        "hook.standard_webhooks",
        "badges",
        "connections.posts",
        "connections.posts.auth",
        "plugins.vote",
        "plugins.vote.limits",
    ];
    for table in tables {
        let header = if table.is_empty() { String::new() } else { format!("[{table}]\n") };
        let wrong = format!("{header}not-even-near-to-any = 1\n");
        let said = load::project_from_text("birds".parse().unwrap(), Path::new("birds.toml"), &wrong, Path::new(""), &context());
        let said = said.unwrap_err().to_string();
        let line = said.lines().find(|line| line.starts_with("help: known ")).unwrap();
        for key in line.split_once(": `").unwrap().1.split(", ").map(|key| key.trim_matches('`')) {
            let shown = [format!("{key} = "), format!("[{key}]"), format!("[{key}."), format!(".{key}]")];
            assert!(shown.iter().any(|shown| text.contains(shown.as_str())), "`{key}` of `[{table}]` is not in the example");
        }
    }
}

proptest::proptest! {
    /// Whatever is cut out of a good file or put into it, the answer is a project or a list of problems, each with a line of the file.
    #[test]
    fn a_garbled_file_is_refused_and_never_ends_the_host(from in 0_usize..4000, cut in 0_usize..60, put in "[a-z=\\[\\]\"{}.# \n0-9é']{0,12}") {
        let (file, text) = examples().pop().unwrap();
        let letters: Vec<char> = text.chars().collect();
        let from = from.min(letters.len());
        let (head, tail) = (&letters[..from], &letters[(from + cut).min(letters.len())..]);
        let garbled: String = head.iter().copied().chain(put.chars()).chain(tail.iter().copied()).collect();
        let lines = garbled.lines().count() + 1;
        let problems = match load::project_from_text("birds".parse().unwrap(), &file, &garbled, Path::new(""), &context()) {
            Ok((_, warnings)) => warnings,
            Err(problems) => {
                assert!(problems.has_errors());
                problems
            }
        };
        for problem in problems.iter() {
            assert!((1..=lines).contains(&problem.line), "{problem}");
        }
    }
}
