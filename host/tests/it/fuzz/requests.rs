use crowdhook::event::PlatformKind;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::mutated::mutated;
use super::{fuzz, seeds};
use crate::intake::door::{Door, completed, post, project};

const WORDS: &[&str] = &[
    "\r\n",
    "\r\n\r\n",
    "GET ",
    "POST ",
    "HEAD ",
    " HTTP/1.1",
    " HTTP/1.0",
    "/hooks/birds/token",
    "/hooks/",
    "%2e",
    "%00",
    "%ff",
    "..",
    "//",
    "?rerun=True",
    "Content-Length: 5\r\n",
    "Content-Length: 99999999999999999999\r\n",
    "Transfer-Encoding: chunked\r\n",
    "ffffffffffffffff\r\n",
    "0\r\n\r\n",
    "Expect: 100-continue\r\n",
    "Connection: close\r\n",
    "Content-Encoding: gzip\r\n",
    "Host: a\r\nHost: b\r\n",
    "/badges/birds",
    "/health/ready",
    "\0",
    "ñ",
];

/// Whatever is written to the socket: it is answered or closed, and the next request is served.
#[test]
fn any_bytes_on_the_socket() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let door = runtime.block_on(Door::of([project("birds", PlatformKind::Pybossa, "birds")], |_| {}));
    let mut from = seeds("request", &[("tests/recordings/pybossa/webhook", "http")]);
    from.push(post("/hooks/birds/token", &completed("birds", 1, 1)).into_bytes());
    fuzz("request", 4, &mutated(from, WORDS), |bytes| {
        let said = runtime.block_on(async {
            let mut stream = TcpStream::connect(door.address).await.unwrap();
            // It may have been closed already, since it was answered.
            stream.write_all(&bytes).await.ok();
            stream.shutdown().await.ok();
            let mut said = Vec::new();
            stream.read_to_end(&mut said).await.ok();
            said
        });
        prop_assert!(said.is_empty() || said.starts_with(b"HTTP/1."), "{}", String::from_utf8_lossy(&said));
        Ok(())
    });
    let reply = runtime.block_on(door.ask(post("/hooks/birds/token", &completed("birds", 2, 2))));
    assert_eq!(reply.status, 200);
}
