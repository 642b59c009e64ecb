//! What shells complete of the command line, and what `man` shows of it.

use std::path::Path;
use std::process::Command;

use crate::harness::part::or_skip;
use crate::harness::process::{Said, crowdhook, said};

/// What bash offers for the last of `words`.
async fn completed(script: &Path, words: &[&str]) -> Vec<String> {
    let last = words.len() - 1;
    let ask = format!(
        "source {}; COMP_WORDS=({}); COMP_CWORD={last}; _crowdhook crowdhook {:?} {:?}; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display(),
        words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" "),
        words[last],
        words[last - 1],
    );
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", &ask]);
    said(bash).await.well().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn bash_takes_the_script_and_completes_commands_and_options() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("crowdhook.bash");
    std::fs::write(&script, said(crowdhook(&["completions", "bash"])).await.well()).unwrap();
    let Some(()) = or_skip("`bash`", "install it", works("bash").then_some(())) else { return };
    let mut check = Command::new("bash");
    check.arg("-n").arg(&script);
    said(check).await.well();
    assert_eq!(completed(&script, &["crowdhook", "back"]).await, ["backfill", "backup"]);
    assert_eq!(completed(&script, &["crowdhook", "plugin", "rel"]).await, ["release"]);
    assert_eq!(completed(&script, &["crowdhook", "serve", "--log-format", ""]).await, ["text", "json"]);
    // What is no command for people is not offered.
    assert!(!completed(&script, &["crowdhook", ""]).await.iter().any(|word| word.contains("compile")));
}

#[tokio::test]
async fn each_shell_has_a_script_of_its_own() {
    for (shell, words) in [
        ("zsh", "#compdef crowdhook"),
        ("fish", "complete -c crowdhook"),
        ("elvish", "edit:completion:arg-completer[crowdhook]"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = said(crowdhook(&["completions", shell])).await.well();
        assert!(script.contains(words) && script.contains("forget-worker"), "{shell}: {script}");
    }
    said(crowdhook(&["completions", "cmd"])).await.fails(2, &["'cmd'", "bash, elvish, fish, powershell, zsh"]);
}

#[tokio::test]
async fn man_shows_each_page_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    said(crowdhook(&["man", pages.to_str().unwrap()])).await.well();
    let help = said(crowdhook(&["--help"])).await.well();
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| line.starts_with("  "));
    // What is indented further goes on with the line above.
    let named = listed.filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
    for command in named.filter_map(|line| line.split_whitespace().next()).filter(|&command| command != "help") {
        assert!(pages.join(format!("crowdhook-{command}.1")).is_file(), "there is no page of `{command}`");
    }
    let Some(()) = or_skip("`man`", "on Debian, install the package `man-db`", works("man").then_some(())) else { return };
    for page in std::fs::read_dir(&pages).unwrap() {
        let page = page.unwrap().path();
        let shown = shown(&page).await;
        assert_eq!(shown.err, "", "{}", page.display());
        let text = shown.well();
        assert!(text.contains("NAME") && text.contains("SYNOPSIS"), "{text}");
    }
    let run = shown(&pages.join("crowdhook-plugin-run.1")).await.well();
    // Examples keep their lines.
    assert!(run.lines().any(|line| line.trim() == "crowdhook plugin run my-plugin.wasm --case cases/tie --watch"), "{run}");
    let main = said(crowdhook(&["man"])).await.well();
    assert_eq!(main, std::fs::read_to_string(pages.join("crowdhook.1")).unwrap());
}

#[tokio::test]
async fn a_folder_for_pages_that_is_a_file_is_told() {
    let file = tempfile::NamedTempFile::new().unwrap();
    said(crowdhook(&["man", file.path().to_str().unwrap()])).await.fails(1, &["the pages cannot be written into", "help: name a folder"]);
}

fn works(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// A page as plain text, with all that `man` warns of on standard error.
async fn shown(page: &Path) -> Said {
    let mut man = Command::new("man");
    // Lines so long that no word has to be stretched over one.
    man.args(["--warnings=all", "--local-file"]).arg(page).env("LC_ALL", "C.UTF-8").env("MANWIDTH", "200").env("MAN_KEEP_FORMATTING", "");
    said(man).await
}
