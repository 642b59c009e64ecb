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
    /// A command that succeeds where it is there, called from the repository's top folder.
    pub(super) probe: &'static [&'static str],
    /// What to do where it is not.
    pub(super) install: &'static str,
}

const NODE: Tool = Tool {
    probe: &[
        "node",
        "-e",
        "const [major, minor] = process.versions.node.split('.'); process.exit(major > 20 || (major == 20 && minor >= 11) ? 0 : 1)",
    ],
    install: "install Node 20.11 or later",
};
const NPM: Tool = Tool { probe: &["npm", "--version"], install: "install `npm`, which is a package of its own on Debian" };
const PYTHON: Tool = Tool {
    probe: &["python3", "-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"],
    install: "install Python 3.10 or later, with its `venv`",
};

/// This one also prints what cargo needs.
const RUST: Tool =
    Tool { probe: &["bash", ".ci/wasm-toolchain"], install: "install the target: `rustup target add wasm32-unknown-unknown`" };
const MAKE: Tool = Tool { probe: &["make", "--version"], install: "install `make`" };
const CLANG: Tool = Tool {
    probe: &["clang", "--target=wasm32-wasi", "-E", "-include", "stdio.h", "-xc", "/dev/null"],
    install: "install `clang`, `wasi-libc` and `libclang-rt-dev-wasm32`",
};
const LLD: Tool = Tool { probe: &["wasm-ld", "--version"], install: "install `lld`" };

impl Example {
    /// Whether `crowdhook plugin new` makes plugins of it: its folder is called like the language.
    pub(super) fn is_template(&self) -> bool {
        self.cases == SHARED
    }
}

/// The five votes pass the same cases.
const SHARED: &str = "../cases";

/// How a folder with a `package.json` is built.
const PACKAGE: &[&str] = &["npm ci", "npm run build"];

/// How a folder with a `requirements.txt` and a `build.py` is built. (Nothing has to be activated: see `build`.)
const VENV: &[&str] = &["python3 -m venv .venv", "pip install -r requirements.txt", "python build.py"];

/// All of them, in the order in which they are shown.
pub(super) const ALL: &[Example] = &[
    Example {
        name: "rust",
        tools: &[RUST],
        build: &[
            "cargo build --release --target wasm32-unknown-unknown",
            "crowdhook plugin pack target/wasm32-unknown-unknown/release/vote.wasm -o vote.wasm",
        ],
        component: "vote.wasm",
        cases: SHARED,
        generated: None,
    },
    Example { name: "c", tools: &[MAKE, CLANG, LLD], build: &["make"], component: "vote.wasm", cases: SHARED, generated: None },
    Example { name: "javascript", tools: &[NODE, NPM], build: PACKAGE, component: "vote.wasm", cases: SHARED, generated: None },
    Example {
        name: "typescript",
        tools: &[NODE, NPM],
        build: PACKAGE,
        component: "vote.wasm",
        cases: SHARED,
        generated: Some(("npm run types", "types")),
    },
    Example { name: "python", tools: &[PYTHON], build: VENV, component: "vote.wasm", cases: SHARED, generated: None },
    Example { name: "chat-note", tools: &[NODE, NPM], build: PACKAGE, component: "chat-note.wasm", cases: "cases", generated: None },
    Example { name: "similar-texts", tools: &[PYTHON], build: VENV, component: "similar-texts.wasm", cases: "cases", generated: None },
];
