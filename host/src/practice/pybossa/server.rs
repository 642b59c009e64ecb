//! The sockets: accepts connections, reads requests, and lets faults distort the replies.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::errors::ApiError;
use super::query::Arguments;
use super::ratelimit::{Counts, RateLimit};
use super::routes::{Call, Reply, Route};
use super::shared::Shared;
use crate::practice::{Fault, python};

/// More connections wait in the listener's backlog until one ends.
const CONNECTIONS_MAX: usize = 1024;
/// A larger body is answered 413.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// A hanging call is let go after this time even if nobody clears the fault.
const HANG_MAX: Duration = Duration::from_secs(600);

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Serves the listener until the loop is aborted, which cuts all its connections.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(serve(stream, peer.ip(), Arc::clone(&shared)));
                }
                // Out of files, most likely: connections that end will give some back.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn serve(stream: TcpStream, caller: IpAddr, shared: Arc<Shared>) {
    let service = service_fn(|request| respond(request, caller, &shared));
    let served = async {
        stream.set_nodelay(true).ok();
        http1::Builder::new().title_case_headers(true).serve_connection(TokioIo::new(stream), service).await
    };
    // What goes wrong here is the caller hanging up, or a fault that cuts the line.
    served.await.ok();
}

/// One request. An error closes the connection without an answer.
async fn respond(request: Request<Incoming>, caller: IpAddr, shared: &Shared) -> io::Result<Response<Body>> {
    let Some(call) = read(request, caller).await? else {
        return Ok(whole(&Reply::html(413, "413 Request Entity Too Large")));
    };
    // Asked for before the fault is taken, so that clearing the faults in between is not missed.
    let cleared = shared.faults_cleared.notified();
    match shared.arrived(&call) {
        None => Ok(whole(&shared.answer(&call))),
        Some(fault) if fault.takes_effect() => distorted(shared.answer(&call), &fault).await,
        // Cleared or waited out, both end without an answer.
        Some(Fault::Hang) => {
            tokio::time::timeout(HANG_MAX, cleared).await.ok();
            Err(io::ErrorKind::ConnectionAborted.into())
        }
        Some(fault) => Ok(whole(&refused(&call, &fault, shared))),
    }
}

/// The request as a value, or nothing when its body is too large.
async fn read(request: Request<Incoming>, caller: IpAddr) -> io::Result<Option<Call>> {
    let (head, mut incoming) = request.into_parts();
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(io::Error::other)?;
        body.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        if body.len() > BODY_BYTES_MAX {
            return Ok(None);
        }
    }
    let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(Some(Call {
        method: head.method,
        path: head.uri.path().to_owned(),
        arguments: Arguments::parse(head.uri.query().unwrap_or_default()),
        authorization: header(header::AUTHORIZATION),
        content_type: header(header::CONTENT_TYPE),
        host: header(header::HOST).unwrap_or_default(),
        body: String::from_utf8_lossy(&body).into_owned(),
        caller,
    }))
}

/// The reply to a call that a fault keeps from taking effect.
fn refused(call: &Call, fault: &Fault, shared: &Shared) -> Reply {
    let target = match Route::of(&call.path) {
        Route::Table(table, _) => table.endpoint,
        _ => "project",
    };
    match fault {
        Fault::Status(status) => Reply::html(*status, &format!("{status} from the proxy")),
        Fault::ServerError => Reply::error(&ApiError::server_error(), &call.method, target, None),
        Fault::TooManyRequests => {
            let inner = shared.lock();
            let rate = inner.rate.unwrap_or(RateLimit::PYBOSSA);
            let standing = Counts::standing(rate, rate.limit, inner.state.clock.now().as_second());
            Reply::error(&ApiError::too_many_requests(), &call.method, &call.path, Some(standing))
        }
        _ => Reply::html(500, "500 Internal Server Error"),
    }
}

/// The reply to a call that took effect, as the fault lets it out.
async fn distorted(mut reply: Reply, fault: &Fault) -> io::Result<Response<Body>> {
    match fault {
        Fault::LoseAnswer => return Err(io::ErrorKind::ConnectionAborted.into()),
        Fault::CutBody { after_bytes } => return Ok(cut(&reply, *after_bytes)),
        Fault::Slow(delay) => tokio::time::sleep(*delay).await,
        Fault::WrongType => {
            (reply.status, reply.content_type) = (200, "application/json");
            reply.body = python::dumps(&serde_json::Value::from("this is not what was asked for"));
        }
        Fault::BrokenJson => {
            reply.status = 200;
            let half = reply.body.len() / 2;
            let half = (0..=half).rev().find(|end| reply.body.is_char_boundary(*end)).unwrap_or(0);
            reply.body.truncate(half);
        }
        _ => {}
    }
    Ok(whole(&reply))
}

fn whole(reply: &Reply) -> Response<Body> {
    let body = Full::new(Bytes::from(reply.body.clone())).map_err(|never| match never {}).boxed_unsync();
    head(reply, body)
}

/// A reply that promises its whole length and ends after `after_bytes`.
fn cut(reply: &Reply, after_bytes: usize) -> Response<Body> {
    let length = reply.body.len();
    let sent = reply.body.as_bytes().iter().take(after_bytes.min(length.saturating_sub(1))).copied().collect();
    let frame = stream::iter([Ok(Frame::data(sent))]);
    let end = stream::once(async {
        // Waits one turn, in which the server writes out what it has.
        tokio::task::yield_now().await;
        Err(io::ErrorKind::ConnectionAborted.into())
    });
    let mut response = head(reply, StreamBody::new(frame.chain(end)).boxed_unsync());
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    response
}

fn head(reply: &Reply, body: Body) -> Response<Body> {
    let mut response = Response::builder()
        .status(reply.status)
        .header(header::CONTENT_TYPE, reply.content_type)
        .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
        .header(header::SERVER, "Werkzeug/1.0.1 Python/3.8.18");
    if let Some(standing) = reply.standing {
        response = response
            .header("x-ratelimit-remaining", standing.remaining)
            .header("x-ratelimit-limit", standing.limit)
            .header("x-ratelimit-reset", standing.reset);
    }
    response.body(body).unwrap_or_else(|_| Response::new(Full::default().map_err(|never| match never {}).boxed_unsync()))
}
