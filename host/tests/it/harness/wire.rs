//! A small client that sends bytes as they are and reads whole answers. Errors are given to whoever asks: hosts are killed here.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crowdhook::practice::appen::{self, Signal};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// No answer takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// One response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// One connection, kept for further requests.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Sends one request and reads its answer.
    pub async fn ask(&mut self, request: impl AsRef<[u8]>) -> io::Result<Reply> {
        let exchange = async {
            self.stream.write_all(request.as_ref()).await?;
            self.reply().await
        };
        tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    async fn reply(&mut self) -> io::Result<Reply> {
        let end = loop {
            if let Some(end) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end;
            }
            self.read().await?;
        };
        let head = String::from_utf8_lossy(&self.buffer.drain(..end + 4).collect::<Vec<_>>()).into_owned();
        let status = head.get(9..12).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        let length = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length")).find_map(|(_, length)| length.parse().ok());
        let length: usize = length.unwrap_or(0);
        while self.buffer.len() < length {
            self.read().await?;
        }
        let body = String::from_utf8_lossy(&self.buffer.drain(..length).collect::<Vec<_>>()).into_owned();
        Ok(Reply { status, head, body })
    }

    async fn read(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// Sends one request over a connection of its own.
pub async fn send(address: SocketAddr, request: impl AsRef<[u8]>) -> io::Result<Reply> {
    Client::connect(address).await?.ask(request).await
}

/// A GET.
pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// What PYBOSSA posts of a completed task.
pub fn completed(path: &str, project: &str, project_id: i64, task: i64, result: i64) -> String {
    let body = format!(
        r#"{{"event": "task_completed", "project_short_name": "{project}", "project_id": {project_id}, "task_id": {task}, "result_id": {result}, "fired_at": "2026-11-21 19:29:25"}}"#
    );
    post(path, "application/json", &body)
}

/// What Appen posts, signed with `token`.
pub fn signal(path: &str, signal: &Signal, payload: &str, token: &str) -> String {
    let body = appen::compose(signal, payload, Some(&appen::sign(payload, token)));
    post(path, "application/x-www-form-urlencoded", &body)
}

pub fn post(path: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}")
}
