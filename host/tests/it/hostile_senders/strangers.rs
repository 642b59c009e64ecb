//! What strangers do, each kind again and again until they are told to go.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crowdhook::practice::appen::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::harness::folder::Folder;
use crate::harness::wire;

/// How many of each kind beside the idle ones.
const OF_EACH: usize = 16;
/// Who drips sends a piece so often.
const DRIP: Duration = Duration::from_millis(100);
/// Who was thrown out comes again after this.
const PAUSE: Duration = Duration::from_millis(50);
/// Thousands of idle ones take a little longer.
const IDLE_PAUSE: Duration = Duration::from_secs(1);

/// All of them.
pub struct Strangers {
    tasks: JoinSet<()>,
    told: Told,
}

/// How often they were told which status.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<BTreeMap<String, usize>>>);

impl Told {
    fn note(&self, answer: &[u8]) {
        let status = String::from_utf8_lossy(answer.get(9..12).unwrap_or_default()).into_owned();
        *self.0.lock().unwrap().entry(status).or_default() += 1;
    }
}

impl Strangers {
    /// They come all at once.
    pub fn come(address: SocketAddr, idle: usize) -> Self {
        let (mut tasks, told) = (JoinSet::new(), Told::default());
        for _ in 0..idle {
            tasks.spawn(again(move || says_nothing(address)));
        }
        for _ in 0..OF_EACH {
            tasks.spawn(again(move || drips(address, "GET / HTTP/1.1\r\na: ".to_owned(), "b".to_owned())));
            tasks.spawn(again(move || drips(address, head("Content-Length: 1000000"), " ".repeat(1_000))));
            tasks.spawn(again(move || nearly_ends(address)));
            tasks.spawn(again(move || never_reads(address)));
            let requests = [
                (head("Content-Length: 10000000000"), " ".repeat(100_000)),
                (head("Transfer-Encoding: chunked"), format!("186a0\r\n{}\r\n", " ".repeat(100_000))),
                ("GET / HTTP/1.1\r\n".to_owned(), "a: b\r\n".repeat(1_000)),
            ];
            for (head, more) in requests {
                let told = told.clone();
                tasks.spawn(again(move || goes_on(address, head.clone(), more.clone(), told.clone())));
            }
            let told = told.clone();
            tasks.spawn(again(move || signs_wrong(address, told.clone())));
        }
        Self { tasks, told }
    }

    /// They go, and what they were told is counted.
    pub async fn go(mut self) -> String {
        self.tasks.shutdown().await;
        let told = self.told.0.lock().unwrap();
        let each: Vec<_> = told.iter().map(|(status, times)| format!("{status} {times} times")).collect();
        each.join(", ")
    }
}

async fn again<F: Future<Output = std::io::Result<()>>>(act: impl Fn() -> F) {
    loop {
        // Being thrown out is what they live with.
        act().await.ok();
        tokio::time::sleep(PAUSE).await;
    }
}

/// A request to a hook that is there, by someone who knows its address.
fn head(header: &str) -> String {
    format!("POST {} HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n{header}\r\n\r\n", Folder::hook("cats"))
}

async fn says_nothing(address: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    // Until it is thrown out.
    let _: usize = stream.read(&mut [0; 16]).await?;
    tokio::time::sleep(IDLE_PAUSE).await;
    Ok(())
}

async fn drips(address: SocketAddr, head: String, drop: String) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(head.as_bytes()).await?;
    loop {
        tokio::time::sleep(DRIP).await;
        stream.write_all(drop.as_bytes()).await?;
    }
}

/// Sends a large body but for its last byte.
async fn nearly_ends(address: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(head("Content-Length: 8000000").as_bytes()).await?;
    for _ in 0..79 {
        stream.write_all(&[b' '; 100_000]).await?;
    }
    stream.read(&mut [0; 16]).await.map(drop)
}

/// Asks and asks, with no room for an answer.
async fn never_reads(address: SocketAddr) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4_096)?;
    let mut stream = socket.connect(address).await?;
    let requests = wire::get("/health/live").repeat(100);
    loop {
        stream.write_all(requests.as_bytes()).await?;
    }
}

/// Sends more and more until it is told to stop.
async fn goes_on(address: SocketAddr, head: String, more: String, told: Told) -> std::io::Result<()> {
    let stream = TcpStream::connect(address).await?;
    let (mut reads, mut writes) = stream.into_split();
    let send = async {
        writes.write_all(head.as_bytes()).await.ok();
        while writes.write_all(more.as_bytes()).await.is_ok() {}
    };
    let mut answer = [0; 512];
    tokio::select! {
        read = reads.read(&mut answer) => told.note(&answer[..read?]),
        () = send => {}
    }
    Ok(())
}

/// Posts with a wrong signature, one after another, as fast as it goes.
async fn signs_wrong(address: SocketAddr, told: Told) -> std::io::Result<()> {
    let request = wire::signal(&Folder::hook("cats"), &Signal::UnitComplete, r#"{"id": 1}"#, "not-the-token");
    let mut stream = TcpStream::connect(address).await?;
    let mut answer = [0; 512];
    loop {
        stream.write_all(request.as_bytes()).await?;
        match stream.read(&mut answer).await? {
            0 => return Ok(()),
            read => told.note(&answer[..read]),
        }
    }
}
