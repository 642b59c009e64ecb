//! What `crowdhook init` says at its end: the next steps, with the names that hold here.

use std::path::Path;

use super::wanted::{At, Platform, Wanted};
use super::{InitArgs, load};

/// A command and why, aligned.
const COMMAND_CHARS: usize = 56;

/// After an example was made.
pub(super) fn of_example(dir: &Path) -> String {
    let steps = [
        enter(dir),
        step("cp projects/birds.toml.example projects/birds.toml", "and write down your project there"),
        step("crowdhook check", "until all is well"),
        step("crowdhook serve", "receives, stores, runs; Ctrl-C ends it"),
    ];
    format!(
        "next:\n{}\n`crowdhook init --help` tells the flags that write a project for you. No server at hand? `crowdhook practice` starts one.",
        steps.concat()
    )
}

/// After a project was made.
pub(super) fn of_project(wanted: &Wanted, args: &InitArgs) -> String {
    let name = &wanted.name;
    let mut steps = enter(&args.dir);
    let profile = match (wanted.platform, &wanted.url) {
        (Platform::Pybossa, Some(url)) => format!("the project's owner finds it on the profile page of {url}"),
        _ => "it stands on your account's page there, under API".to_owned(),
    };
    steps += &put("the API key", &profile, &wanted.api_key, args);
    if let Some(token) = &wanted.signing_token {
        steps += &put("the secret webhook token", "it stands on your account's page there", token, args);
    }
    if args.public_url.is_none() && !wanted.is_local() {
        let why = "set `public_url` to how the platform reaches this host, as in https://hooks.example.org";
        steps += &step(&format!("${{EDITOR:-vi}} {}", load::HOST_FILE), why);
    }
    steps += &step("crowdhook check", "says what is missing still, until all is well");
    steps += &step("crowdhook serve", "receives, stores, runs; leave it running");
    steps += "then, in another terminal and the same folder:\n";
    steps += &step(&format!("crowdhook hook set {name}"), "has the platform call this host, through its API");
    steps += &step(&format!("crowdhook hook show {name} --reveal"), "or tells the address, to be pasted there by hand");
    steps += &step("crowdhook status", "once people have answered: what came in, and what became of it");
    format!("next:\n{steps}")
}

fn enter(dir: &Path) -> String {
    if dir == Path::new(".") { String::new() } else { step(&format!("cd {}", shell(&dir.display().to_string())), "") }
}

/// How a secret gets to where it is looked for; nothing when it is there.
fn put(what: &str, found: &str, at: &At, args: &InitArgs) -> String {
    match at {
        At::File(file) if file.exists() => String::new(),
        At::File(file) => {
            // From the folder on that is entered first; where it lies elsewhere, from the root on.
            let elsewhere = || std::path::absolute(file).unwrap_or_else(|_| file.clone());
            let file = file.strip_prefix(&args.dir).map_or_else(|_| elsewhere(), Path::to_owned);
            let file = shell(&file.display().to_string());
            step(&format!("install -m 600 /dev/stdin {file}"), &format!("paste {what}, Enter, Ctrl-D; {found}"))
        }
        At::Env(name) => step(&format!("read -rs {name}; export {name}"), &format!("paste {what}, Enter; {found}")),
    }
}

fn step(command: &str, why: &str) -> String {
    format!("{}\n", format!("  {command:COMMAND_CHARS$}  {why}").trim_end())
}

/// A word as a shell takes it.
fn shell(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./~+@:,".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
