//! One HTTP/1.1 exchange over a fresh TCP connection, byte for byte as the caller wrote it.
//!
//! An ordinary client would choose its own header order, spelling and set; the recordings
//! are exact, so the request is too. No TLS, no connection kept, no proxy: loopback only.

use std::io;

use base64::Engine as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use url::Url;

/// A status line with its headers may not be longer; beyond it the exchange fails.
const HEAD_BYTES_MAX: u64 = 64 * 1024;
/// Of a body, no more than this is read and kept; the rest is left unread.
const BODY_BYTES_MAX: u64 = 1024 * 1024;

/// What the other side answered.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Response {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// `host` or `host:port`, as the `Host` header wants it.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Path and query, as the request line wants them.
pub(super) fn target(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

/// The header for a name and password in the address itself.
pub(super) fn basic(url: &Url) -> String {
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pair = format!("{}:{}", decoded(url.username()), decoded(url.password().unwrap_or_default()));
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

/// Sends `request` to where `url` points and reads one answer.
///
/// Waits for as long as the other side likes; the caller sets the time limit.
pub(super) async fn exchange(url: &Url, request: &[u8]) -> io::Result<Response> {
    if url.scheme() != "http" {
        return Err(io::Error::new(io::ErrorKind::Unsupported, format!("`{}` is not http", url.scheme())));
    }
    let host = url.host_str().ok_or_else(|| invalid("no host in the address"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, url.port_or_known_default().unwrap_or(80))).await?;
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    stream.write_all(request).await?;
    loop {
        let (status, headers) = head(&mut stream).await?;
        if (100..200).contains(&status) {
            continue;
        }
        let mut response = Response { status, headers, body: Vec::new() };
        response.body = body(&mut stream, &response).await?;
        return Ok(response);
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

async fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = Vec::new();
    stream.take(HEAD_BYTES_MAX).read_until(b'\n', &mut line).await?;
    if !line.ends_with(b"\n") {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let line = String::from_utf8_lossy(&line);
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

async fn head(stream: &mut BufReader<TcpStream>) -> io::Result<(u16, Vec<(String, String)>)> {
    let status_line = line(stream).await?;
    let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| invalid("no status line"))?;
    let mut headers = Vec::new();
    let mut bytes = 0;
    loop {
        let line = line(stream).await?;
        if line.is_empty() {
            return Ok((status, headers));
        }
        bytes += line.len() as u64;
        if bytes > HEAD_BYTES_MAX {
            return Err(invalid("too many headers"));
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }
}

async fn body(stream: &mut BufReader<TcpStream>, response: &Response) -> io::Result<Vec<u8>> {
    if matches!(response.status, 204 | 304) {
        return Ok(Vec::new());
    }
    let mut body = Vec::new();
    if response.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        while (body.len() as u64) < BODY_BYTES_MAX {
            let size = line(stream).await?;
            let size = size.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).map_err(|_| invalid("no chunk size"))?;
            if size == 0 {
                break;
            }
            exactly(stream, size, &mut body).await?;
            line(stream).await?;
        }
    } else if let Some(length) = response.header("content-length") {
        let length = length.parse().map_err(|_| invalid("no content length"))?;
        exactly(stream, length, &mut body).await?;
    } else {
        stream.take(BODY_BYTES_MAX).read_to_end(&mut body).await?;
    }
    Ok(body)
}

/// Appends `length` bytes to `body`, or an error when the stream ends before them.
async fn exactly(stream: &mut BufReader<TcpStream>, length: u64, body: &mut Vec<u8>) -> io::Result<()> {
    let wanted = length.min(BODY_BYTES_MAX);
    let got = stream.take(wanted).read_to_end(body).await? as u64;
    if got < wanted { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}
