//! The baseline: a hyper server that reads the body, answers 200 and does nothing else.

use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context as _;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Serves on a free port, which it prints, until standard input ends.
#[tokio::main]
pub(crate) async fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    writeln!(std::io::stdout().lock(), "{}", listener.local_addr()?.port())?;
    std::thread::spawn(|| {
        std::io::stdin().lock().read_to_end(&mut Vec::new()).ok();
        std::process::exit(0);
    });
    loop {
        let (stream, _) = listener.accept().await.context("cannot accept")?;
        stream.set_nodelay(true)?;
        // What goes wrong on a connection, its client sees.
        tokio::spawn(async move { http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await.ok() });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    let mut body = request.into_body();
    let mut bytes = 0;
    while let Some(Ok(frame)) = body.frame().await {
        bytes += frame.data_ref().map_or(0, Bytes::len);
    }
    std::hint::black_box(bytes);
    Ok(Response::new(Empty::new()))
}
