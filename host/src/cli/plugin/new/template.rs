//! What a new plugin is made of: the example of its language, some of the cases that all examples share, and the interface.
//!
//! An example lies three folders deep in the repository, and names what it needs from there by `../../../`; what is made of it has all that
//! in its own folder. The name that the examples share is replaced where it names the plugin, and stays where it is a word.

use std::borrow::Cow;
use std::fmt;

use clap::ValueEnum;

/// What all examples are called.
const EXAMPLE: &str = "vote";

/// Paths below `$folder` and what the files hold.
macro_rules! files {
    ($folder:literal: $($file:literal)+) => {
        &[$(($file, include_bytes!(concat!("../../../../../", $folder, "/", $file)).as_slice())),+]
    };
}

type Files = &'static [(&'static str, &'static [u8])];

/// The interface.
pub(super) const WIT: Files = files!("wit":
    "analysis.schema.json" "badges.wit" "crowd.wit" "email.wit" "events.wit" "files.wit" "http.wit" "log.wit" "plugin.wit" "results.wit"
    "state.wit" "tasks.wit" "types.wit");

/// The examples.
const JAVASCRIPT: Files = files!("examples/plugins/javascript":
    ".gitignore" "README.md" "package-lock.json" "package.json" "plugin.js");
const TYPESCRIPT: Files = files!("examples/plugins/typescript":
    ".gitignore" "README.md" "package-lock.json" "package.json" "src/count.ts" "src/engine.d.ts" "src/plugin.ts" "tsconfig.json"
    "types/interfaces/crowdhook-plugin-badges.d.ts" "types/interfaces/crowdhook-plugin-crowd.d.ts"
    "types/interfaces/crowdhook-plugin-email.d.ts" "types/interfaces/crowdhook-plugin-events.d.ts"
    "types/interfaces/crowdhook-plugin-files.d.ts" "types/interfaces/crowdhook-plugin-http.d.ts"
    "types/interfaces/crowdhook-plugin-log.d.ts" "types/interfaces/crowdhook-plugin-results.d.ts"
    "types/interfaces/crowdhook-plugin-state.d.ts" "types/interfaces/crowdhook-plugin-tasks.d.ts"
    "types/interfaces/crowdhook-plugin-types.d.ts" "types/plugin.d.ts");
const PYTHON: Files = files!("examples/plugins/python":
    ".gitignore" "README.md" "build.py" "plugin.py" "requirements.txt" "tally.py" "test_tally.py");

const RUST: Files = files!("examples/plugins/rust":
    ".gitignore" "Cargo.lock" "Cargo.toml" "README.md" "src/lib.rs" "src/tests.rs");
const C: Files = files!("examples/plugins/c":
    ".gitignore" "Makefile" "README.md" "json.c" "json.h" "plugin.c" "plugin.h" "plugin_component_type.o" "test_json.c" "vote.c");

/// What the example in Rust rests on. It looks for the interface two folders up, here and there.
const SDK: Files = files!("plugins/sdk":
    "Cargo.toml" "README.md" "src/arena.rs" "src/arena/tests.rs" "src/badges.rs" "src/crowd.rs" "src/email.rs" "src/event.rs"
    "src/events.rs" "src/failure.rs" "src/failure/tests.rs" "src/files.rs" "src/http.rs" "src/json.rs" "src/json/tests.rs"
    "src/lib.rs" "src/log.rs" "src/plugin.rs" "src/plugin/tests.rs" "src/results.rs" "src/sandbox.rs" "src/sandbox/host.rs"
    "src/settings.rs" "src/settings/tests.rs" "src/state.rs" "src/tasks.rs" "src/testing.rs" "src/testing/host.rs"
    "src/testing/tests.rs");

/// Some cases: one that succeeds, one that does not, one with nothing in it.
pub(super) const CASES: Files = files!("examples/plugins/cases":
    "agreed/answers.json" "agreed/event.json" "agreed/expected.json" "agreed/settings.json"
    "nobody-answered/answers.json" "nobody-answered/event.json" "nobody-answered/expected.json"
    "tie/answers.json" "tie/event.json" "tie/expected.json" "tie/settings.json");

/// Where the SDK lies in what is made.
const VENDORED_IN: &str = "vendor/crowdhook-plugin/";

/// What the examples do, for the folder of the cases.
const SAID_OF_ALL: &str = include_str!("../../../../../examples/plugins/README.md");

/// What a plugin may be written in here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// With the SDK; needs a toolchain with a wasm target
    Rust,
    /// Needs Node
    Javascript,
    /// Needs Node
    Typescript,
    /// Needs Python
    Python,
    /// Needs clang, lld and wasi-libc
    C,
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Rust => "Rust",
            Self::Javascript => "JavaScript",
            Self::Typescript => "TypeScript",
            Self::Python => "Python",
            Self::C => "C",
        })
    }
}

impl Language {
    /// The command that builds the component, from the plugin's folder.
    pub(super) fn build(self, name: &str) -> String {
        match self {
            Self::Rust => format!(
                "cargo build --release --target wasm32-unknown-unknown && crowdhook plugin pack \
                 target/wasm32-unknown-unknown/release/{}.wasm -o {name}.wasm",
                name.replace('-', "_")
            ),
            Self::Javascript | Self::Typescript => "npm ci && npm run build".to_owned(),
            Self::Python => {
                "python3 -m venv .venv && . .venv/bin/activate && pip install -r requirements.txt && python build.py".to_owned()
            }
            Self::C => "make".to_owned(),
        }
    }

    /// Whether a plugin cannot be called so: its own files or packages have the name already, or the language does.
    pub(super) fn reserves(self, name: &str) -> bool {
        let names: &[&str] = match self {
            Self::Rust => &RUST_NAMES,
            Self::C => &["json", "plugin", "test-json"],
            Self::Javascript | Self::Typescript | Self::Python => &[],
        };
        names.contains(&name)
    }

    /// The example in it, by paths below its folder.
    pub(super) fn example(self) -> Files {
        match self {
            Self::Javascript => JAVASCRIPT,
            Self::Typescript => TYPESCRIPT,
            Self::Rust => RUST,
            Self::Python => PYTHON,
            Self::C => C,
        }
    }

    /// What an example needs besides, by paths below the folder for it.
    pub(super) fn vendored(self) -> Files {
        match self {
            Self::Rust => SDK,
            Self::Javascript | Self::Typescript | Self::Python | Self::C => &[],
        }
    }
}

/// Words of Rust, its own crates, and what the example is built of.
const RUST_NAMES: [&str; 60] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "crowdhook-plugin",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "schemars",
    "self",
    "serde",
    "serde-json",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// All files of a new plugin: paths below its folder, and what they hold.
pub(super) fn files(language: Language, name: &str) -> Vec<(String, Cow<'static, [u8]>)> {
    let mut files = Vec::new();
    files.extend(language.example().iter().map(|(path, content)| (path_of(path, name), filled(content, name))));
    let verbatim = |files: Files, folder: &'static str| {
        files.iter().map(move |(path, content)| (format!("{folder}{path}"), Cow::Borrowed(*content))).collect::<Vec<_>>()
    };
    files.extend(verbatim(language.vendored(), VENDORED_IN));
    files.extend(verbatim(WIT, "wit/"));
    files.extend(verbatim(CASES, "cases/"));
    files.push(("cases/README.md".to_owned(), Cow::Owned(said_of_cases().into_bytes())));
    files
}

/// The example's file that has the plugin's name gets the new one.
fn path_of(path: &str, name: &str) -> String {
    path.strip_prefix(EXAMPLE).filter(|rest| rest.starts_with('.')).map_or_else(|| path.to_owned(), |rest| format!("{name}{rest}"))
}

/// The name in its place, and all paths within the new folder. What is no text stays as it is.
fn filled(content: &'static [u8], name: &str) -> Cow<'static, [u8]> {
    let Ok(text) = std::str::from_utf8(content) else { return Cow::Borrowed(content) };
    let cargo_names_files = format!("release/{}.wasm", name.replace('-', "_"));
    let mut text = text
        .replace("../../../plugins/sdk", VENDORED_IN.trim_end_matches('/'))
        .replace("../../../", "")
        .replace("](../README.md)", "](cases/README.md)")
        .replace("../cases", "cases")
        .replace("release/vote.wasm", &cargo_names_files);
    for (before, after) in [("", ".wasm"), ("", ".module.wasm"), ("", ".c"), ("\"", "\""), ("'", "'"), ("plugins.", "]"), ("# ", ",")] {
        text = text.replace(&format!("{before}{EXAMPLE}{after}"), &format!("{before}{name}{after}"));
    }
    Cow::Owned(text.into_bytes())
}

/// What the example does and what it is set up by, without what is said of the other languages.
fn said_of_cases() -> String {
    let from = SAID_OF_ALL.find("On `task.completed`").unwrap_or_default();
    let what = SAID_OF_ALL.get(from..).unwrap_or_default();
    // What follows is about other plugins.
    let what = what.split_once(LAST_SAID).map_or(what, |(before, _)| before).to_owned() + LAST_SAID + "\n";
    format!("# What the plugin does, and its cases\n\n{what}\n{CASES_SAID}")
}

/// How the examples' README ends on what they do.
const LAST_SAID: &str = "Several values that are equally far ahead are no agreement.";

const CASES_SAID: &str = "\
Each folder here is a case: an event, what the plugin may read, its settings, and in `expected.json` what should come of it. `crowdhook plugin run --help` lists
all files that a case may have; `crowdhook plugin test cases --component … --accept` writes down what came out, and `crowdhook event export <id> --case
cases/odd-one` makes a case of what a host has seen.
";
