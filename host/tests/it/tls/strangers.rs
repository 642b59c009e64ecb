//! Strangers on a port with TLS: many who say nothing before the handshake, in the middle of it, and after it. Who means well is
//! answered, and the host's memory stays what it was.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::{folder, post, shake};
use crate::harness::authority::Authority;
use crate::harness::folder::Folder;
use crate::harness::process::Process;
use crate::harness::soak::number;

/// Before the strangers come, so that what the host takes for itself is there.
const WARMED_UP: usize = 100;
/// What the host may take beyond that.
const GROWTH_BYTES_MAX: u64 = 64 << 20;
/// Who was thrown out comes again after this.
const PAUSE: Duration = Duration::from_millis(500);
/// The beginning of a first message that is said to be as long as one may be.
const BEGINNING: [u8; 11] = [22, 3, 1, 64, 0, 1, 0, 63, 252, 3, 3];

/// Posts `posts` times beside three kinds of strangers, `of_each`; gives how long each post took, sorted, and by how much the host grew.
async fn run(posts: usize, of_each: usize) -> (Vec<Duration>, u64) {
    let authority = Arc::new(Authority::new());
    let folder = Arc::new(folder(&authority, ""));
    let host = Process::start_over_tls(&folder).await;
    for unit in 0..WARMED_UP {
        assert_eq!(post(&folder, &authority, unit).await.unwrap().status, 200);
    }
    let (before, mut most) = (host.memory_bytes(), 0);
    let mut strangers = JoinSet::new();
    let address = folder.listen;
    for _ in 0..of_each {
        strangers.spawn(again(move || says_nothing(address)));
        strangers.spawn(again(move || begins(address)));
        let (folder, authority) = (Arc::clone(&folder), Arc::clone(&authority));
        strangers.spawn(again(move || shakes_hands(Arc::clone(&folder), Arc::clone(&authority))));
    }
    let mut latencies = Vec::new();
    for unit in 0..posts {
        let began = Instant::now();
        // The host may close a connection that waits for a request; then there is another.
        while post(&folder, &authority, WARMED_UP + unit).await.is_none_or(|reply| reply.status != 200) {}
        latencies.push(began.elapsed());
        most = most.max(host.memory_bytes());
    }
    strangers.shutdown().await;
    assert!(host.stop().await.success());
    latencies.sort_unstable();
    (latencies, most.saturating_sub(before))
}

async fn says_nothing(address: SocketAddr) -> std::io::Result<()> {
    until_thrown_out(TcpStream::connect(address).await?).await
}

/// Sends as much of a handshake's first message as a host might keep, and never its end.
async fn begins(address: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&BEGINNING).await?;
    stream.write_all(&[0; 16_000]).await?;
    until_thrown_out(stream).await
}

/// And then says nothing.
async fn shakes_hands(folder: Arc<Folder>, authority: Arc<Authority>) -> std::io::Result<()> {
    until_thrown_out(shake(&folder, &authority, &[]).await?).await
}

async fn until_thrown_out(mut stream: impl tokio::io::AsyncRead + Unpin) -> std::io::Result<()> {
    stream.read(&mut [0; 16]).await.map(drop)
}

async fn again<F: Future<Output = std::io::Result<()>>>(act: impl Fn() -> F) {
    loop {
        act().await.ok();
        tokio::time::sleep(PAUSE).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_is_answered_over_tls_whatever_strangers_do() {
    // More of them than there are places.
    let (latencies, _) = run(20, 400).await;
    assert_eq!(latencies.len(), 20);
}

#[ignore = "takes a minute: `cargo xtask soak hostile-senders`"]
#[tokio::test(flavor = "multi_thread")]
async fn soak() {
    let (latencies, grown_bytes) = run(1_000, usize::try_from(number("IDLE", 5_000)).unwrap() / 3).await;
    let [median, p99] = [500, 990].map(|of_1000| latencies[(latencies.len() - 1) * of_1000 / 1000]);
    println!("{} posts over TLS: median {median:?}, p99 {p99:?}; memory grew by {} MiB", latencies.len(), grown_bytes >> 20);
    assert!(p99 < Duration::from_secs(2), "p99 is not below two seconds");
    assert!(grown_bytes < GROWTH_BYTES_MAX, "the host's memory grew too much");
}
