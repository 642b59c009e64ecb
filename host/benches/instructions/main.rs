//! The work of one event, on one thread and on fixed input, for a counter of instructions: `cargo xtask instructions` starts this under
//! callgrind with few and with many events, and what lies between the two is what one more event takes.
//!
//! Everything is the host's own: its folder, its listener on a real socket, its store, its sandbox. Only who calls whom is fixed: one event after the
//! other, so that each commit holds one.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Parser;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crowdhook::app::App;
use crowdhook::config::load;
use crowdhook::inbox::Inbox;
use crowdhook::plugin::registry::Project;
use crowdhook::receive::Receiver;
use crowdhook::store::{Finished, Outcome, Store};
use crowdhook::telemetry::Metrics;

#[path = "../speed/folder.rs"]
#[expect(dead_code, reason = "the benchmark has more kinds of project")]
mod folder;
mod handle;
#[path = "../speed/posts.rs"]
#[expect(dead_code, reason = "the benchmark reports on its posts")]
mod posts;
mod world;

/// The project, whose events `majority-vote` handles.
const PROJECT: &str = "voted";
/// Claimed at a time.
const CLAIM: usize = 32;
/// Under a counter everything takes fifty times as long.
const LEASE: Duration = Duration::from_secs(3600);

/// How far events go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
enum Until {
    /// Posted, verified, stored and answered
    Accept,
    /// The same, then claimed and handled in a sandbox
    Run,
    /// The same, then what the run asked for is committed
    Commit,
}

/// The work of some events, for a counter of instructions.
#[derive(Debug, Parser)]
#[command(name = "instructions")]
struct Args {
    /// How far they go
    until: Until,
    /// How many there are
    events: usize,
    /// Where compiled components are kept from one start to the next
    #[arg(long, value_name = "FOLDER")]
    cache: PathBuf,
    /// What `cargo bench` says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.context("no runtime").and_then(|runtime| runtime.block_on(work(&args))) {
        // What the counter lets a program see of the processor: counts are compared only where it is the same.
        Ok(()) => writeln!(io::stdout(), "{}", features()).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The processor's features that code of ours and of others chooses by.
fn features() -> String {
    #[cfg(target_arch = "x86_64")]
    let found = [
        ("sse4.2", is_x86_feature_detected!("sse4.2")),
        ("avx", is_x86_feature_detected!("avx")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("bmi2", is_x86_feature_detected!("bmi2")),
        ("sha", is_x86_feature_detected!("sha")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let found: [(&str, bool); 0] = [];
    let names = found.into_iter().filter_map(|(name, is_there)| is_there.then_some(name)).collect::<Vec<_>>();
    format!("{} {}", std::env::consts::ARCH, names.join(" "))
}

async fn work(args: &Args) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let projects = [folder::Project { name: PROJECT, platform: folder::Platform::Appen(folder::JOB), components: &["majority-vote"] }];
    folder::fill(folder.path(), &projects)?;
    let host = host(folder.path(), &args.cache)?;
    let (limits, url) = (host.limits.clone(), host.public_url.clone());
    let app = App::open(host).await?;
    let (store, registry) = (app.store(), app.registry());
    let inbox = Inbox::new(Arc::clone(&store), crowdhook::clock::Clock::System);
    let receiver = Receiver::new(Arc::clone(&registry), inbox, Arc::clone(&store), (&limits, &url, &Metrics::default()));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let serving = tokio::spawn(async move { receiver.serve(listener, std::future::pending()).await });

    let mut sender = TcpStream::connect(address).await?;
    let posts = posts::Posts::make(PROJECT, 1_000_000, args.events);
    for number in 0..args.events {
        post(&mut sender, posts.get(number)).await?;
    }
    if args.until > Until::Accept {
        let project = registry.project(PROJECT).context("the project did not load")?;
        handle_all(store.as_ref(), &project, args).await?;
    }
    serving.abort();
    store.close().await;
    Ok(())
}

/// The host of `folder`, with one sandbox at a time: its address space is all that a counter can stand.
fn host(folder: &Path, cache: &Path) -> anyhow::Result<crowdhook::config::Host> {
    fs::create_dir_all(cache).and_then(|()| fs::create_dir(folder.join("data")))?;
    std::os::unix::fs::symlink(std::path::absolute(cache)?, folder.join("data/cache"))?;
    let file = folder.join("crowdhook.toml");
    let text = fs::read_to_string(&file)?;
    fs::write(&file, format!("{text}\n[limits]\nsandboxes_max = 1\n"))?;
    load::host(Some(&file)).map_err(|problems| anyhow::anyhow!("{problems}"))
}

/// Sends a request and reads its whole answer.
async fn post(sender: &mut TcpStream, request: &[u8]) -> anyhow::Result<()> {
    sender.write_all(request).await?;
    let mut answer = [0_u8; 4096];
    let mut length = 0;
    loop {
        let read = sender.read(answer.get_mut(length..).unwrap_or_default()).await?;
        if read == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        length += read;
        let text = std::str::from_utf8(answer.get(..length).unwrap_or_default())?;
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() == content_length(head)
        {
            ensure!(head.starts_with("HTTP/1.1 200"), "the host answered: {text}");
            return Ok(());
        }
    }
}

fn content_length(head: &str) -> usize {
    let value = head.lines().find_map(|line| line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("content-length")));
    value.and_then(|(_, length)| length.parse().ok()).unwrap_or(0)
}

async fn handle_all(store: &dyn Store, project: &Arc<Project>, args: &Args) -> anyhow::Result<()> {
    let mut left = args.events;
    while left > 0 {
        let claimed = store.claim(CLAIM, args.events, LEASE).await?;
        left -= claimed.len();
        for claimed in claimed {
            let bound = project.plugin(&claimed.plugin).context("the plugin did not load")?;
            let report = handle::run(store, project, bound, &claimed).await?;
            if args.until == Until::Commit {
                let (completion, run) = handle::asked(project, &claimed, report)?;
                let finished = store.finish(claimed.lease, Outcome::Done(completion), run).await?;
                ensure!(finished == Finished::Recorded, "{finished:?}");
            }
        }
    }
    Ok(())
}
