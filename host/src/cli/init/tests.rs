//! What a new folder holds, and what is asked for it.

use super::*;
use crate::config::GuestLimits;
use crate::config::load::{Context, Env};

fn of_dir(dir: &Path) -> InitArgs {
    InitArgs { dir: dir.to_owned(), no_input: true, public_url: None, first: First::default() }
}

#[test]
fn what_is_made_can_be_loaded_and_is_kept_the_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("crowd");
    run(of_dir(&dir)).unwrap();
    let host = load::host(Some(&dir.join("crowdhook.toml"))).unwrap();
    let defaults = load::host_from_text(Path::new("crowdhook.toml"), "", &dir).unwrap();
    assert_eq!(format!("{host:?}"), format!("{defaults:?}"));
    fs::write(dir.join("crowdhook.toml"), "data = \"mine\"").unwrap();
    run(of_dir(&dir)).unwrap();
    assert_eq!(fs::read_to_string(dir.join("crowdhook.toml")).unwrap(), "data = \"mine\"");
}

#[test]
fn the_example_is_a_project() {
    let env = Env::of(&[("BIRDS_API_KEY", "key"), ("BIRDS_HOOK_TOKEN", "0123456789abcdef")]);
    let context = Context { env, guest: GuestLimits::default(), own_folders: Vec::new() };
    let name = "birds".parse().unwrap();
    let (_, warnings) = load::project_from_text(name, Path::new("birds.toml"), EXAMPLE, Path::new(""), &context).unwrap();
    assert!(warnings.is_empty(), "{warnings}");
}

/// Answers line by line; gives what was asked, and what came of it.
fn answered(dir: &Path, answers: &str) -> (String, anyhow::Result<InitArgs>) {
    let mut ask = Ask { input: answers.as_bytes(), out: Vec::new() };
    let args = ask.all(of_dir(dir));
    (String::from_utf8(ask.out).unwrap(), args)
}

#[test]
fn answers_come_to_the_same_as_flags() {
    let folder = tempfile::tempdir().unwrap();
    let answers = "\nhttps://crowd.example.org/\nGarden Birds\nhttps://crowd.example.org\nbirds\nenv:BIRDS KEY\nenv:BIRDS_KEY\n\
                   https://hooks.example.org\n\n/animal\nann at home\nann@example.org\n";
    let (asked, args) = answered(folder.path(), answers);
    // A name with a space in it is taken here and refused as soon as it is looked at with its platform.
    assert!(Wanted::of(&args.unwrap()).unwrap_err().to_string().contains("`Garden Birds` names no project"), "{asked}");
    let (asked, args) = answered(folder.path(), &answers.replace("Garden Birds\nhttps://crowd.example.org\n", ""));
    assert!(asked.contains("`BIRDS KEY` is no name of a variable") && asked.contains("`ann at home` is no e-mail address"), "{asked}");
    let args = args.unwrap();
    let wanted = Wanted::of(&args).unwrap().unwrap();
    assert_eq!(wanted.name.as_str(), "birds");
    let text = project::text(&wanted, folder.path());
    for line in
        ["url = \"https://crowd.example.org\"", "api_key = { env = \"BIRDS_KEY\" }", "pointer = \"/animal\"", "to = [\"ann@example.org\"]"]
    {
        assert!(text.lines().any(|found| found == line), "there is no `{line}` in:\n{text}");
    }
    assert!(host_file(args.public_url.as_deref()).lines().any(|line| line == "public_url = \"https://hooks.example.org\""));
    let next = next::of_project(&wanted, &args);
    assert!(next.contains("read -rs BIRDS_KEY; export BIRDS_KEY") && next.contains("crowdhook hook set birds"), "{next}");
}

#[test]
fn a_job_of_appen_has_a_name_that_a_file_can_have() {
    let folder = tempfile::tempdir().unwrap();
    let (_, args) = answered(folder.path(), "appen\n1234567\n\n\n\nno\n\n");
    let wanted = Wanted::of(&args.unwrap()).unwrap().unwrap();
    assert_eq!(wanted.name.as_str(), "job-1234567");
    let text = project::text(&wanted, folder.path());
    assert!(text.contains("signing_token = { file = \"../secrets/job-1234567-signing-token\" }") && !text.contains("[plugins"), "{text}");
}

#[test]
fn nobody_is_asked_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let (asked, args) = answered(folder.path(), &"birds\n".repeat(10));
    assert_eq!(asked.matches("Which platform").count(), 5, "{asked}");
    assert!(args.unwrap_err().to_string().starts_with("no answer to: Which platform calls you"));
    let (_, args) = answered(folder.path(), "pybossa\n");
    assert!(args.unwrap_err().to_string().starts_with("no answer to: The server's address"));
    // An answer without an end is cut, and then is none.
    let (_, args) = answered(folder.path(), &"p".repeat(1_000_000));
    assert!(args.is_err());
}
