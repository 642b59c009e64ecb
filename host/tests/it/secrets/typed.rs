use super::Search;
use crate::harness::folder::Folder;
use crate::harness::marks::Marks;
use crate::harness::process::{crowdhook, run, said};

/// A number that somebody took for a password.
const NUMBER: &str = "84729150364729";

fn mark(marks: &Marks) -> String {
    marks.make("typed")
}

/// Wants what `crowdhook` says with these arguments to be refused, and looks at it.
async fn refused(search: &Search<'_>, folder: &Folder, arguments: &[&str], typed: &str) {
    let said = run(folder, arguments).await;
    assert_eq!(said.code, Some(1), "{typed}\n{}", said.out);
    search.look(&format!("`crowdhook {}` of\n{typed}\n", arguments.join(" ")), said.out + &said.err);
}

#[tokio::test]
async fn a_secret_that_was_typed_into_a_projects_file_is_not_repeated() {
    let marks = Marks::new();
    marks.know("a number", NUMBER);
    let search = Search::new(&marks);
    for text in in_place_of_the_key(&marks).into_iter().chain(in_a_hook(&marks)).chain(in_a_connection(&marks)) {
        let folder = Folder::new();
        folder.write("projects/birds.toml", &text);
        for arguments in [&["check"][..], &["check", "--json"], &["check", "--log", "trace"]] {
            refused(&search, &folder, arguments, &text).await;
        }
    }
    search.found_nothing(87);
}

/// A project's file with these lines below `[platform]` and below `[hook]`.
fn project(platform: &str, hook: &str) -> String {
    format!(
        "[platform]\nkind = \"pybossa\"\nurl = \"https://crowd.example.org\"\nproject = \"birds\"\napi_key = {{ env = \"PATH\" }}\n{platform}\n\
         [hook]\ntoken = {{ file = \"../secrets/hook-token\" }}\n{hook}\n"
    )
}

fn in_place_of_the_key(marks: &Marks) -> Vec<String> {
    let key = |typed: String| project("", "").replace("{ env = \"PATH\" }", &typed);
    vec![
        key(format!("\"{}\"", mark(marks))),
        key(mark(marks)),
        key(format!("\"{}", mark(marks))),
        key(NUMBER.to_owned()),
        key(format!("[\"{}\"]", mark(marks))),
        key(format!("{{ env = \"{}\" }}", mark(marks))),
        key(format!("{{ value = \"{}\" }}", mark(marks))),
        project("", "").replace("https://", &format!("https://ann:{}@", mark(marks))),
        project("", "").replace("crowd.example.org", &format!("crowd.example.org/?api_key={}", mark(marks))),
        project("", "").replace("crowd.example.org", &format!("ann:{}@crowd.example.org:80a", mark(marks))),
        project("", "").replace("crowd.example.org", &format!("ann:{}@[", mark(marks))),
        project("", "").replace("\"birds\"", &format!("\"https://crowd.example.org/project/birds?api_key={}\"", mark(marks))),
        project(&format!("apikey = \"{}\"", mark(marks)), ""),
        project(&format!("signing_token = \"{}\"", mark(marks)), ""),
    ]
}

fn in_a_hook(marks: &Marks) -> Vec<String> {
    let lines = [
        format!("tokens = [\"{}\"]", mark(marks)),
        format!("basic = \"labels:{}\"", mark(marks)),
        format!("basic = {{ user = \"labels:{}\", password = \"{}\" }}", mark(marks), mark(marks)),
        format!("header = \"x-key: {}\"", mark(marks)),
        format!("header = {{ name = \"x-key: {}\", value = \"{}\" }}", mark(marks), mark(marks)),
        format!("hmac = \"{}\"", mark(marks)),
        format!("standard_webhooks = {{ secret = \"whsec_{}\" }}", mark(marks)),
    ];
    lines.iter().map(|line| project("", line)).collect()
}

fn in_a_connection(marks: &Marks) -> Vec<String> {
    let (web, mail) = ("url = \"https://api.example.org\"", "kind = \"smtp\"\nfrom = \"a@example.org\"");
    let lines = [
        format!("url = \"https://ann:{}@api.example.org\"", mark(marks)),
        format!("url = \"https://api.example.org/?key={}\"", mark(marks)),
        format!("url = \"https://ann:{}@api.example.org:80a\"", mark(marks)),
        format!("{web}\nauth = \"{}\"", mark(marks)),
        format!("{web}\nauth = {{ kind = \"bearer\", token = \"{}\" }}", mark(marks)),
        format!("{web}\nauth = {{ kind = \"bearer {}\" }}", mark(marks)),
        format!("{web}\nauth = {{ kind = \"header\", name = \"x-key: {}\" }}", mark(marks)),
        format!("{mail}\nhost = \"smtps://ann:{}@mail.example.org\"", mark(marks)),
        format!("{mail}\nhost = \"mail.example.org\"\nuser = \"a\"\npassword = \"{}\"", mark(marks)),
    ];
    lines.iter().map(|lines| project("", &format!("[connections.posts]\n{lines}"))).collect()
}

#[tokio::test]
async fn a_secret_that_was_typed_into_the_hosts_file_is_not_repeated() {
    let marks = Marks::new();
    let search = Search::new(&marks);
    for lines in [
        format!("public_url = \"https://ann:{}@hooks.example.org\"", mark(&marks)),
        format!("public_url = \"https://hooks.example.org/?key={}\"", mark(&marks)),
        format!("token = \"{}\"", mark(&marks)),
        "[tls]\ncertificate = \"key.pem\"\nkey = \"key.pem\"".to_owned(),
    ] {
        let folder = Folder::new();
        folder.write("key.pem", &format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", mark(&marks)));
        folder.settings(&lines);
        for arguments in [&["check"][..], &["check", "--json"], &["serve"]] {
            refused(&search, &folder, arguments, &lines).await;
        }
    }
    search.found_nothing(12);
}

#[tokio::test]
async fn a_secret_in_a_variable_that_makes_no_sense_is_not_repeated() {
    let marks = Marks::new();
    let search = Search::new(&marks);
    for (variable, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", mark(&marks)),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://ann:{}@[", mark(&marks))),
        ("OTEL_EXPORTER_OTLP_HEADERS", mark(&marks)),
        ("OTEL_EXPORTER_OTLP_HEADERS", format!("a b={}", mark(&marks))),
    ] {
        let folder = Folder::new();
        let mut command = crowdhook(&["serve", "--config"]);
        command.arg(folder.config()).env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1").env(variable, &value);
        let said = said(command).await;
        assert_eq!(said.code, Some(1), "{variable}={value}");
        search.look(&format!("`crowdhook serve` with {variable}\n"), said.out + &said.err);
    }
    search.found_nothing(4);
}
