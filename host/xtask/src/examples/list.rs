//! Which examples there are, and how each is built.

/// A plugin under `examples/plugins/`.
pub(super) struct Example {
    /// Its folder.
    pub(super) name: &'static str,
    /// What has to be there to build it.
    pub(super) tools: &'static [Tool],
    /// The commands of its README, in order; words apart by blanks.
    pub(super) build: &'static [&'static str],
    /// What they make, below its folder.
    pub(super) component: &'static str,
    /// Its cases, from its folder.
    pub(super) cases: &'static str,
    /// What is committed although a command makes it: the command, and the folder.
    pub(super) generated: Option<(&'static str, &'static str)>,
}

/// Something that is not ours and may be missing.
pub(super) struct Tool {
    /// A command that succeeds where it is there.
    pub(super) probe: &'static [&'static str],
    /// What to do where it is not.
    pub(super) install: &'static str,
}

const NODE: Tool = Tool { probe: &["npm", "--version"], install: "install Node 20.11 or later, with its `npm`" };
const PYTHON: Tool = Tool {
    probe: &["python3", "-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"],
    install: "install Python 3.10 or later, with its `venv`",
};

/// The five votes pass the same cases.
const SHARED: &str = "../cases";

const NPM: &[&str] = &["npm ci", "npm run build"];

/// All of them, in the order in which they are shown.
pub(super) const ALL: &[Example] = &[
    Example { name: "javascript", tools: &[NODE], build: NPM, component: "vote.wasm", cases: SHARED, generated: None },
    Example {
        name: "typescript",
        tools: &[NODE],
        build: NPM,
        component: "vote.wasm",
        cases: SHARED,
        generated: Some(("npm run types", "types")),
    },
    Example { name: "chat-note", tools: &[NODE], build: NPM, component: "chat-note.wasm", cases: "cases", generated: None },
];
