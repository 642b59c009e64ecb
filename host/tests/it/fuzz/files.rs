use std::path::Path;

use crowdhook::config::load::{self, Context, Env};
use crowdhook::config::{GuestLimits, Problems};
use proptest::prelude::*;

use super::mutated::mutated;
use super::{fuzz, seeds};

const WORDS: &[&str] = &[
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    "\"",
    "'''",
    "\"\"\"",
    "\n",
    "#",
    ".",
    ",",
    "kind = \"generic\"",
    "[generic]",
    "[hook.hmac]",
    "env",
    "file",
    "{ env = \"NAME\" }",
    "inf",
    "nan",
    "1e400",
    "9223372036854775808",
    "0x",
    "2026-11-21",
    "true",
    "\\u0000",
    "\\U0010FFFF",
    "\u{feff}",
    "/~",
    "task.completed",
    "\r",
    "[platform]\n",
    "[plugins.x]\n",
    "settings",
    "limits",
];

/// Every problem stands on a line of the file, and no secret shows.
fn hold(text: &str, said: Result<Problems, Problems>) -> Result<(), TestCaseError> {
    let lines = text.lines().count() + 1;
    let problems = match said {
        Ok(warnings) => warnings,
        Err(problems) => {
            prop_assert!(problems.has_errors());
            problems
        }
    };
    for problem in problems.iter() {
        prop_assert!((1..=lines).contains(&problem.line), "{problem}");
        prop_assert!(!problem.to_string().contains("hunter2-secret-of-all"), "{problem}");
    }
    Ok(())
}

#[test]
fn any_project_file() {
    let folders = [
        ("../examples/projects/pybossa", "toml"),
        ("../examples/projects/appen", "toml"),
        ("../examples/projects/generic", "toml"),
        ("../examples/projects/every-key", "toml"),
        ("tests/ui/valid", "toml"),
        ("tests/ui/invalid", "toml"),
    ];
    let variables = ["BIRDS_API_KEY", "BIRDS_HOOK_TOKEN", "BIRDS_HMAC_SECRET", "BIRDS_WEBHOOK_SECRET", "NAME"];
    let variables = variables.map(|name| (name, "hunter2-secret-of-all"));
    let context = Context { env: Env::of(&variables), guest: GuestLimits::default(), own_folders: Vec::new() };
    fuzz("project file", 4, &mutated(seeds("project", &folders), WORDS), |bytes| {
        let text = String::from_utf8_lossy(&bytes);
        let file = Path::new("birds.toml");
        let said = load::project_from_text("birds".parse().unwrap(), file, &text, Path::new("/nowhere"), &context);
        hold(&text, said.map(|(_, warnings)| warnings))
    });
}

#[test]
fn any_host_file() {
    let mut from = seeds("host", &[]);
    from.push(load::DEFAULTS.as_bytes().to_vec());
    fuzz("host file", 4, &mutated(from, WORDS), |bytes| {
        let text = String::from_utf8_lossy(&bytes);
        hold(&text, load::host_from_text(Path::new("crowdhook.toml"), &text, Path::new("")).map(|_| Problems::default()))
    });
}
