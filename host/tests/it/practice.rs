//! The practice platforms against what was recorded from the real ones.

// Tells clippy that helpers beside the test functions are tests too.
#![cfg(test)]

mod appen;
mod faults;
mod replay;
mod webhook;

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Nothing on loopback takes longer unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

fn recording(name: &str) -> String {
    let path = format!("{}/tests/recordings/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// An answer, read by hand so that nothing of the host's own client is trusted.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    /// Whether all of the promised body came.
    whole: bool,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Sends one request on a connection of its own; nothing when the connection ends without an answer.
async fn send(address: std::net::SocketAddr, method: &str, target: &str, headers: &[(&str, &str)], body: Option<&str>) -> Option<Answer> {
    let mut request = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = body {
        request.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    request.push_str(&format!("\r\n{}", body.unwrap_or_default()));
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        // A connection that is cut may end in an error; what came before it is the answer.
        stream.read_to_end(&mut answer).await.ok();
        read_answer(&String::from_utf8(answer).unwrap())
    };
    tokio::time::timeout(PATIENCE, exchange).await.expect("an answer in time")
}

fn read_answer(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<_> = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut answer = Answer { status, headers, body: body.to_owned(), whole: true };
    answer.whole = answer.header("content-length").is_none_or(|length| length.parse() == Ok(body.len()));
    Some(answer)
}

async fn get(address: std::net::SocketAddr, target: &str) -> Option<Answer> {
    send(address, "GET", target, &[("Host", "practice")], None).await
}

/// What a hook under test does with a request.
#[derive(Clone, Debug)]
enum Behaviour {
    /// Answers these bytes.
    Answer(String),
    /// Closes the connection.
    Cut,
    /// Answers nothing for as long as the other side waits.
    Silent,
}

impl Behaviour {
    fn status(status: u16, body: &str) -> Self {
        Self::Answer(format!("HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    }

    fn redirect(status: u16, to: &str) -> Self {
        Self::Answer(format!("HTTP/1.1 {status} Elsewhere\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"))
    }
}

/// A hook that keeps the bytes it gets and answers by path.
struct Hook {
    address: std::net::SocketAddr,
    requests: mpsc::UnboundedReceiver<String>,
}

impl Hook {
    async fn start(behaviour: impl Fn(&str) -> Behaviour + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (keep, requests) = mpsc::unbounded_channel();
        let behaviour = std::sync::Arc::new(behaviour);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, keep.clone(), behaviour.clone()));
            }
        });
        Self { address, requests }
    }

    async fn answering_ok() -> Self {
        Self::start(|_| Behaviour::status(200, "OK")).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next request, byte for byte, with its own address replaced by `host`.
    async fn next(&mut self, host: &str) -> String {
        let request = tokio::time::timeout(PATIENCE, self.requests.recv()).await.expect("a request in time").unwrap();
        request.replace(&self.address.to_string(), host)
    }

    fn is_quiet(&mut self) -> bool {
        self.requests.try_recv().is_err()
    }
}

async fn serve(mut stream: TcpStream, keep: mpsc::UnboundedSender<String>, behaviour: std::sync::Arc<impl Fn(&str) -> Behaviour>) {
    let mut request = Vec::new();
    let whole = loop {
        let mut buffer = [0; 16 * 1024];
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let length = text.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
        match text.split_once("\r\n\r\n") {
            Some((_, body)) if body.len() >= length.unwrap_or(0) => break text,
            _ if read == 0 => return,
            _ => {}
        }
    };
    let path = whole.split(' ').nth(1).unwrap_or_default().to_owned();
    keep.send(whole).ok();
    match behaviour(&path) {
        Behaviour::Answer(answer) => {
            stream.write_all(answer.as_bytes()).await.ok();
        }
        Behaviour::Cut => drop(stream),
        Behaviour::Silent => {
            // Ends when the other side gives up.
            stream.read_exact(&mut [0; 1]).await.ok();
        }
    }
}
