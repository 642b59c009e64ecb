//! A web service on the other side, which keeps what it was asked and fails in the way it is told to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What it does with a request.
#[derive(Clone, Debug)]
pub enum Does {
    /// Answers with a status, further header lines and a body.
    Answers(u16, String, Vec<u8>),
    /// Tears the connection down without a word.
    Resets,
    /// Takes the request, and ends the connection instead of answering.
    LosesAnswer,
    /// Sends a byte of its answer now and then, for ever: of the head, or of the body when that is wanted.
    Drips { body: bool },
    /// Answers with what it was sent: request line, headers and body.
    Echoes,
    /// Answers with what is made of the request: a status, further header lines and a body.
    Makes(fn(&Seen) -> (u16, String, Vec<u8>)),
}

impl Does {
    /// A status and an empty body.
    pub fn status(status: u16) -> Self {
        Self::Answers(status, String::new(), Vec::new())
    }

    /// A status, a header line and an empty body.
    pub fn with(status: u16, header: &str) -> Self {
        Self::Answers(status, format!("{header}\r\n"), Vec::new())
    }

    /// A status and JSON.
    pub fn json(status: u16, body: &str) -> Self {
        Self::Answers(status, "content-type: application/json\r\n".to_owned(), body.as_bytes().to_vec())
    }
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Method and path with the query: `POST /posts?a=b`.
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct Shared {
    does: VecDeque<Does>,
    otherwise: Option<Does>,
    seen: Vec<Seen>,
}

/// The service.
#[derive(Clone)]
pub struct Remote {
    pub address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

impl Remote {
    /// A service that does this with the first requests, one each, and answers `200 ok` to the others.
    pub async fn start(does: impl IntoIterator<Item = Does>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shared = Arc::new(Mutex::new(Shared { does: does.into_iter().collect(), ..Shared::default() }));
        let remote = Self { address: listener.local_addr().unwrap(), shared };
        let serving = remote.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let remote = serving.clone();
                tokio::spawn(async move { remote.serve(stream).await });
            }
        });
        remote
    }

    /// An address where nobody listens.
    pub async fn nowhere() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it does with the requests that come next, before it does `200 ok` again.
    pub fn then(&self, does: impl IntoIterator<Item = Does>) {
        self.shared.lock().unwrap().does.extend(does);
    }

    /// What it does from now on with every request for which nothing else is said.
    pub fn always(&self, does: Does) {
        self.shared.lock().unwrap().otherwise = Some(does);
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.lock().unwrap().seen.clone()
    }

    async fn serve(&self, mut stream: TcpStream) {
        let mut buffer = Vec::new();
        while let Some((seen, raw)) = read_request(&mut stream, &mut buffer).await {
            let does = {
                let mut shared = self.shared.lock().unwrap();
                shared.seen.push(seen.clone());
                let usual = shared.otherwise.clone().unwrap_or(Does::Answers(200, String::new(), b"ok".to_vec()));
                shared.does.pop_front().unwrap_or(usual)
            };
            let answer = |status: u16, headers: &str, body: &[u8]| {
                let mut answer = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n{headers}\r\n", body.len()).into_bytes();
                answer.extend_from_slice(body);
                answer
            };
            let answer = match does {
                Does::Answers(status, headers, body) => answer(status, &headers, &body),
                Does::Echoes => answer(200, "x-echo: yes\r\nset-cookie: a=b\r\n", &raw),
                Does::Makes(make) => {
                    let (status, headers, body) = make(&seen);
                    answer(status, &headers, &body)
                }
                Does::Resets => {
                    stream.set_zero_linger().unwrap();
                    return;
                }
                Does::LosesAnswer => return,
                Does::Drips { body } => {
                    let head = if body { "HTTP/1.1 200 x\r\ncontent-length: 100000\r\n\r\n" } else { "HTTP/1.1 200 x\r\n" };
                    if stream.write_all(head.as_bytes()).await.is_err() {
                        return;
                    }
                    while stream.write_all(b"a").await.is_ok() {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    return;
                }
            };
            if stream.write_all(&answer).await.is_err() {
                return;
            }
        }
    }
}

/// The next request on this connection, and all its bytes.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(Seen, Vec<u8>)> {
    let end = loop {
        match buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            Some(end) => break end + 4,
            None => read_more(stream, buffer).await?,
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let mut lines = head.lines();
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: Vec<(String, String)> = lines.filter_map(header).collect();
    let mut seen = Seen { line, headers, body: String::new() };
    let length: usize = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    while buffer.len() < end + length {
        read_more(stream, buffer).await?;
    }
    let raw: Vec<u8> = buffer.drain(..end + length).collect();
    seen.body = String::from_utf8_lossy(&raw[end..]).into_owned();
    Some((seen, raw))
}

async fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    (stream.read_buf(buffer).await.ok()? > 0).then_some(())
}
