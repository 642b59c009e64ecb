//! The accept loop, and one task for each connection.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use futures_util::FutureExt as _;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::Service as _;
use tracing::{debug, warn};

use super::answer::Refused;
use super::places::{Place, Places};
use super::socket::{Progress, Socket};
use super::stream::Stream;
use super::tls::{self, Tls};
use super::{Intake, routes};

/// A connection that came to no end of its handshake, where it is counted.
pub(super) const NO_HANDSHAKE: &str = "handshake";

/// No request has a larger head; 431 beyond it.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// hyper reads so far ahead on one connection.
const AHEAD_BYTES_MAX: usize = 20 << 10;

/// When the system has no descriptor to spare, accepting waits so long, then twice as long, up to a second.
const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Connections that were told to end at once have this long to do so.
const ABORT_MAX: Duration = Duration::from_secs(1);

/// What connections are to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Serve.
    Serve,
    /// End with the request that is under way.
    Drain,
    /// End now.
    Abort,
}

/// What connections are served with.
struct Door {
    intake: Arc<Intake>,
    router: Router,
    /// With TLS, and with what those are answered who speak none.
    tls: Option<(Tls, Router)>,
}

pub(super) async fn serve(intake: Arc<Intake>, (listener, tls): (TcpListener, Option<Tls>), shutdown: impl Future<Output = ()>) {
    let tls = tls.map(|tls| (tls, routes::plain(Arc::clone(&intake))));
    let door = Arc::new(Door { router: routes::router(Arc::clone(&intake)), intake: Arc::clone(&intake), tls });
    let (order, orders) = watch::channel(Order::Serve);
    let places = Places::new(intake.limits.connections_max, &intake.metrics);
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, place) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            next = next(&intake, &listener, &places) => match next {
                Some(next) => next,
                None => break,
            },
        };
        tokio::spawn(connection(Arc::clone(&door), stream, place, orders.clone()));
    }
    drop(listener);
    intake.draining.store(true, Ordering::Relaxed);
    order.send_replace(Order::Drain);
    // All places are free when every connection has ended.
    if tokio::time::timeout(intake.limits.drain, places.all_free()).await.is_err() {
        warn!("Closed connections whose requests did not end in time");
        order.send_replace(Order::Abort);
        if tokio::time::timeout(ABORT_MAX, places.all_free()).await.is_err() {
            warn!("Some connections could not be closed");
        }
    }
}

/// The next connection and its place among those that may be open.
async fn next(intake: &Intake, listener: &TcpListener, places: &Arc<Places>) -> Option<(TcpStream, Place)> {
    let stream = accept(intake, listener).await;
    let crowded = || {
        let count = intake.limits.connections_max;
        intake.throttles.crowds.log(|left_out| {
            warn!(
                left_out,
                "All {count} connections are taken; those that have waited longest for a request go (`limits.connections_max`)"
            );
        });
    };
    Some((stream, places.take(crowded).await?))
}

async fn accept(intake: &Intake, listener: &TcpListener) -> TcpStream {
    let mut pause = PAUSE_MIN;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // It was there and went before we looked.
            Err(error) if is_about_one(&error) => {}
            Err(error) => {
                intake.metrics.connection_failed();
                intake.throttles.accept_errors.log(|left_out| warn!(error = %error, left_out, "Cannot accept connections: {error}"));
                tokio::time::sleep(pause).await;
                pause = PAUSE_MAX.min(pause * 2);
            }
        }
    }
}

fn is_about_one(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(error.kind(), Kind::ConnectionAborted | Kind::ConnectionReset | Kind::ConnectionRefused | Kind::Interrupted)
}

/// Serves one connection to its end. `place` is free again when this returns.
async fn connection(door: Arc<Door>, stream: TcpStream, place: Place, mut orders: watch::Receiver<Order>) {
    let intake = &door.intake;
    // Answers are small: waiting to fill a packet would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(error = %error, "Cannot set TCP_NODELAY");
    }
    let Some((stream, router)) = open(&door, stream, &place, &mut orders).await else { return };
    let progress = Arc::clone(&place.progress);
    let socket = Socket::new(stream, Arc::clone(&progress), &intake.limits);
    let service = hyper::service::service_fn(|request| answer(router, &progress, request));
    // In a box, so that a connection which has said nothing does not keep room for it.
    let mut serving =
        Box::pin(http1::Builder::new().max_header_size(HEAD_BYTES_MAX).max_buf_size(AHEAD_BYTES_MAX).serve_connection(socket, service));
    let served = loop {
        tokio::select! {
            biased;
            served = serving.as_mut() => break served,
            Ok(()) = orders.changed() => match *orders.borrow_and_update() {
                Order::Serve => {}
                Order::Drain => serving.as_mut().graceful_shutdown(),
                Order::Abort => break Ok(()),
            },
            // What has come in meanwhile was looked at above, and may be a request.
            () = place.leave.notified() => if progress.waits_since().is_some() { break Ok(()) },
        }
    };
    if let Err(error) = served {
        let refused = match () {
            () if progress.was_late() => Some(Refused::TooSlow),
            () if error.is_parse_too_large() => Some(Refused::HeadTooLarge),
            () if error.is_parse() => Some(Refused::HeadBroken),
            () => None,
        };
        if let Some(refused) = refused {
            intake.metrics.request_refused(refused.name(), None);
        }
        debug!(error = %error, "A connection ended early");
    }
    drop(place);
}

/// Waits until the other side has something to say, and with TLS has shaken hands. None when it is to go, or went.
async fn open<'d>(door: &'d Door, stream: TcpStream, place: &Place, orders: &mut watch::Receiver<Order>) -> Option<(Stream, &'d Router)> {
    let limits = &door.intake.limits;
    let first = first_byte(&stream, place, orders, limits.idle_timeout).await?;
    let Some((tls, plain)) = &door.tls else { return Some((Stream::Plain(stream), &door.router)) };
    // Whoever writes `http` by mistake is told so.
    if first != tls::FIRST_BYTE {
        return Some((Stream::Plain(stream), plain));
    }
    // In a box, as what follows it.
    let shaken = Box::pin(tokio::time::timeout(limits.handshake_timeout, tls.shake(stream)));
    let mut stream = match unless_told_to_go(shaken, place, orders).await?.map_err(io::Error::from).flatten() {
        Ok(stream) => Box::new(stream),
        Err(error) => {
            door.intake.metrics.request_refused(NO_HANDSHAKE, None);
            debug!(error = %error, "A handshake failed");
            return None;
        }
    };
    // The request may have come along with the end of the handshake.
    let (tcp, session) = stream.get_mut();
    if session.process_new_packets().ok()?.plaintext_bytes_to_read() == 0 {
        first_byte(tcp, place, orders, limits.idle_timeout).await?;
    }
    Some((Stream::Tls(stream), &door.router))
}

/// Waits for the first byte of what the other side has to say, which stays to be read: until then no buffer is made for it. None when it is to
/// go without having said anything, or went.
async fn first_byte(stream: &TcpStream, place: &Place, orders: &mut watch::Receiver<Order>, idle_timeout: Duration) -> Option<u8> {
    let mut first = [0];
    // `readable` would come back for nothing.
    let peeked = tokio::time::timeout(idle_timeout, stream.peek(&mut first));
    match unless_told_to_go(peeked, place, orders).await? {
        Ok(Ok(1)) => Some(u8::from_be_bytes(first)),
        _ => None,
    }
}

/// What `waited_for` comes to; none when others need the place meanwhile, or the host goes down.
async fn unless_told_to_go<T>(waited_for: impl Future<Output = T>, place: &Place, orders: &mut watch::Receiver<Order>) -> Option<T> {
    let mut waited_for = pin!(waited_for);
    loop {
        tokio::select! {
            biased;
            done = &mut waited_for => return Some(done),
            Ok(()) = orders.changed() => if *orders.borrow_and_update() != Order::Serve { return None },
            () = place.leave.notified() => return None,
        }
    }
}

/// Answers one request, and keeps the socket's time limits informed.
fn answer<'a>(
    router: &Router,
    progress: &'a Progress,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response, std::convert::Infallible>> + use<'a> {
    progress.begin();
    router.clone().call(request).inspect(|answered| {
        // A refusal may leave the rest of its request unread.
        progress.end(answered.as_ref().is_ok_and(|response| !response.status().is_success()));
    })
}
