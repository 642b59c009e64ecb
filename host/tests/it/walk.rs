//! A newcomer's walk: from `crowdhook practice` and `crowdhook init` to the first voted result, by doing what the program prints.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use crate::harness::folder::{free_address, share_compiled_code};
use crate::harness::patience::{PATIENCE, until};
use crate::harness::process::{Said, crowdhook, said};
use crate::harness::wire;

/// A program that runs until the test ends, and what it prints.
struct Running {
    child: Child,
    lines: Receiver<String>,
    printed: Vec<String>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (sender, lines) = channel();
        let printed = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || printed.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines, printed: Vec::new() }
    }

    /// Waits until it prints a line with each of `words`.
    fn prints(&mut self, words: &[&str]) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.printed.push(line.clone());
                    if words.iter().all(|word| line.contains(word)) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => panic!("no {words:?} in {:#?}", self.printed),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The commands in what was printed: what is indented, without what stands behind it.
fn commands(printed: &str) -> Vec<String> {
    let indented = printed.lines().filter_map(|line| line.strip_prefix("  "));
    indented.map(|line| line.split("   ").next().unwrap().trim().to_owned()).collect()
}

/// A command line as a person types it, in this folder.
fn typed(line: &str, folder: &Path) -> Command {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_crowdhook"));
    // Finds the program under its name, as after `cargo install`.
    let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(folder).env("PATH", path).env("NO_COLOR", "1").env_remove("CROWDHOOK_LOG").stdin(Stdio::null());
    shell
}

async fn done(line: &str, folder: &Path) -> Said {
    said(typed(line, folder)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_leads_to_a_voted_result() {
    let home = tempfile::tempdir().unwrap();
    let mut practice = Running::start(crowdhook(&["practice", "--port", "0"]));
    practice.prints(&["Then do as `crowdhook init` said"]);
    let [init, key] = commands(&practice.printed.join("\n")).try_into().unwrap();
    let next = done(&init, home.path()).await.well();

    let steps = commands(&next);
    let folder = home.path().join(steps[0].strip_prefix("cd ").unwrap());
    // Other tests have compiled the components already.
    share_compiled_code(&folder.join("data"));
    // Until the key is there, it is what is missing, and nothing else.
    let check = steps.iter().find(|step| *step == "crowdhook check").unwrap();
    done(check, &folder)
        .await
        .fails(1, &["wants the file", "secrets/birds-api-key", "help: write the secret into that file", "error: 1 error"]);
    done(&key, home.path()).await.well();
    assert_eq!(done(check, &folder).await.well(), "all is well: 1 project\n");

    // What no newcomer has to do: other tests have the usual ports.
    let settings = std::fs::read_to_string(folder.join("crowdhook.toml")).unwrap();
    let (listen, admin) = (free_address(), free_address());
    let moved = settings.replace("#listen = \"127.0.0.1:8080\"", &format!("listen = \"{listen}\""));
    let moved = moved.replace("#admin = \"127.0.0.1:8081\"", &format!("admin = \"{admin}\""));
    std::fs::write(folder.join("crowdhook.toml"), moved).unwrap();

    let serve = steps.iter().position(|step| step == "crowdhook serve").unwrap();
    let _host = Running::start(typed(&format!("exec {}", steps[serve]), &folder));
    until("the host is ready", async || wire::send(listen, wire::get("/health/ready")).await.is_ok_and(|reply| reply.status == 200)).await;
    let [set, show, status] = steps[serve + 1..].to_vec().try_into().unwrap();
    done(&set, &folder).await.well();
    practice.prints(&["The hook is set, at ", &format!("http://{listen}/hooks/birds/…")]);
    let first = practice.prints(&["birds", "robin ×3"]);
    assert!(first.contains("robin  (100 % agree)"), "{first}");
    // Of the votes of the second task, one answer has three and two have one each.
    practice.prints(&["birds", "robin ×3", "wren", "sparrow", "robin  (60 % agree)"]);

    let token = std::fs::read_to_string(folder.join("secrets/birds-hook-token")).unwrap();
    let shown = done(&show, &folder).await.well();
    assert!(shown.contains(&format!("http://{listen}/hooks/birds/{}", token.trim())) && shown.contains("(this host's)"), "{shown}");
    let status = done(&status, &folder).await.well();
    assert!(status.contains("birds") && status.contains("well"), "{status}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    said(crowdhook(&["practice", "--port", &port])).await.fails(1, &["cannot be at port", "help: name another port"]);
}

#[tokio::test]
async fn flags_for_a_project_have_to_make_one() {
    let home = tempfile::tempdir().unwrap();
    let check = async |flags: &str, code: i32, words: &[&str]| {
        done(&format!("crowdhook init crowd {flags}"), home.path()).await.fails(code, words);
        assert!(!home.path().join("crowd").exists(), "{flags} left something behind");
    };
    check("--platform pybossa --project birds", 2, &["--url <URL>"]).await;
    check("--url https://crowd.example.org", 2, &["--platform <PLATFORM>"]).await;
    check("--platform pybossa --url crowd --project birds", 2, &["`crowd` is no address of a web service"]).await;
    check("--platform appen --project birds", 1, &["`platform.project`: `birds` names no project", "help: write the id of the job"]).await;
    check("--platform appen --project 1 --email ann", 2, &["`ann` is no e-mail address"]).await;
    check("--platform appen --project 1 --api-key-env 'a key'", 2, &["`a key` is no name of a variable"]).await;
}

/// Every plugin that may be wished for passes the check, once the secrets are there.
#[tokio::test]
async fn a_project_with_everything_is_checked_well() {
    let home = tempfile::tempdir().unwrap();
    let line = "crowdhook init crowd --platform appen --project 1234567 --plugin majority-vote --plugin results-file \
                --pointer /form/animal --email ann@example.org --public-url https://hooks.example.org --name cats";
    let next = done(line, home.path()).await.well();
    let folder = home.path().join("crowd");
    let secrets: Vec<_> = commands(&next).into_iter().filter(|step| step.starts_with("install ")).collect();
    assert_eq!(secrets.len(), 2, "{next}");
    share_compiled_code(&folder.join("data"));
    for step in secrets {
        done(&format!("echo 0123456789abcdef0123456789abcdef | {step}"), &folder).await.well();
    }
    assert_eq!(done("crowdhook check", &folder).await.well(), "all is well: 1 project\n");
    let again = done(line, home.path()).await.well();
    assert!(again.contains("kept crowd/projects/cats.toml") && again.contains("kept crowd/secrets/cats-hook-token"), "{again}");
    assert!(!again.contains("install "), "what is there is not asked for again:\n{again}");
}
