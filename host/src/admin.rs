//! What operators may ask of a running host, on a listener of its own: pages for people, and the same as JSON for the command line and
//! for scripts. Nothing is changed by a GET, and no secret is shown but a hook's token to who asks to have it revealed.
//!
//! Every request but those for the host's health must carry the token of the data folder, wherever it comes from: "from loopback" proves
//! nothing behind a reverse proxy, nor against another user of the machine.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tracing::{debug, warn};
use url::Url;

use crate::backfill::Backfill;
use crate::clock::{Clock, Timestamp};
use crate::connection::services::Services;
use crate::inbox::Inbox;
use crate::plugin::registry::Registry;
use crate::receive::Tls;
use crate::secret::Secret;
use crate::store::Store;
use crate::telemetry::Metrics;

pub use session::Links;

mod answer;
mod browse;
mod connections;
mod gate;
mod give_up;
mod health;
pub mod hook;
pub mod hosts;
mod metrics;
mod pages;
mod project;
mod query;
mod session;
pub mod token;
pub mod usage;
pub mod view;

/// Connections open at a time; further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 64;

/// From the opening of a connection to the end of its request's headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection carries one request and lasts no longer than this.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(60);

/// A request's body is no longer.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// How long to wait after a failure to accept: it is mostly that no file handle is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long open connections may take to end once the host stops.
const DRAIN: Duration = Duration::from_secs(5);

/// What the admin listener shows, and to whom.
pub struct Admin {
    /// Where events, runs and dead letters are.
    pub store: Arc<dyn Store>,
    /// What is in use.
    pub registry: Arc<Registry>,
    /// What is counted and measured.
    pub metrics: Metrics,
    /// Who has it may ask; see [`token::open`].
    pub token: Secret,
    /// For the uptime.
    pub clock: Clock,
    /// When the host started.
    pub started_at: Timestamp,
    /// How the world reaches the hooks.
    pub public_url: Url,
    /// When hooks were called.
    pub inbox: Inbox,
    /// Does pages of a backfill.
    pub backfill: Backfill,
    /// Ways in for browsers.
    pub links: Links,
    /// The web services and mail servers that projects name.
    pub services: Services,
    /// The public listener's TLS, where the host speaks it.
    pub tls: Option<Tls>,
}

/// The admin API as a service, for requests to `listens_on`.
pub fn router(admin: Admin, listens_on: SocketAddr) -> Router {
    let admin = Arc::new(admin);
    let gate = Arc::new(gate::Gate { token: admin.token.clone(), listens_on, clock: admin.clock.clone(), metrics: admin.metrics.clone() });
    pages::routes()
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .route("/metrics", get(metrics::page))
        .route("/v1/openapi.json", get(answer::openapi))
        .route("/v1/status", get(answer::status))
        .route("/v1/hosts", get(hosts::hosts))
        .route("/v1/plugins", get(answer::plugins))
        .route("/v1/plugins/{name}", get(answer::plugin))
        .route("/v1/projects", get(answer::projects))
        .route("/v1/projects/{name}/badges", get(answer::badges))
        .route("/v1/projects/{name}/backfill", post(project::backfill))
        .route("/v1/projects/{name}/hook", get(project::hook).post(project::set_hook))
        .route("/v1/projects/{name}/plugins/{plugin}/release", post(answer::release))
        .route("/v1/projects/{name}", get(project::one))
        .route("/v1/projects/{name}/rebind", post(project::rebind))
        .route("/v1/projects/{name}/forget", post(project::forget))
        .route("/v1/projects/{name}/forget-worker", post(answer::forget_worker))
        .route("/v1/projects/{name}/analyses", get(browse::analyses))
        .route("/v1/projects/{name}/figures", get(browse::figures))
        .route("/v1/projects/{name}/tasks/{task}", get(browse::task))
        .route("/v1/events", get(browse::events))
        .route("/v1/invocations", get(browse::invocations))
        .route("/v1/invocations/give-up", post(give_up::invocations))
        .route("/v1/deliveries", get(browse::deliveries))
        .route("/v1/deliveries/give-up", post(give_up::deliveries))
        .route("/v1/deliveries/{id}", get(browse::delivery))
        .route("/v1/tail", get(browse::tail))
        .route("/v1/login-links", post(pages::login::link))
        .route("/v1/events/{id}", get(answer::event))
        .route("/v1/events/{id}/replay", post(answer::replay_event))
        .route("/v1/dead", get(answer::dead))
        .route("/v1/dead/replay", post(answer::replay))
        .route("/v1/quarantine", get(answer::quarantine))
        .fallback(answer::unknown_path)
        .method_not_allowed_fallback(answer::wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(gate, gate::pass))
        .with_state(admin)
}

/// Answers on `listener` until `shutdown`, then lets open connections end.
///
/// # Errors
///
/// When the listener does not tell its own address.
pub async fn serve(listener: TcpListener, admin: Admin, shutdown: impl Future<Output = ()>) -> std::io::Result<()> {
    let router = router(admin, listener.local_addr()?);
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let accept = async {
        loop {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let router = router.clone();
                    tokio::spawn(async move {
                        connection(stream, peer, router).await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    warn!(error = %error, "The admin listener could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        () = accept => {}
        () = shutdown => {}
    }
    let all = u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX);
    if tokio::time::timeout(DRAIN, room.acquire_many(all)).await.is_err() {
        debug!("Connections to the admin listener were cut off");
    }
    Ok(())
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router) {
    let service = TowerToHyperService::new(router.layer(axum::Extension(gate::Peer(peer))));
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(CONNECTION_TIMEOUT, served).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(peer = %peer, error = %error, "A connection to the admin listener failed"),
        Err(_) => debug!(peer = %peer, "A connection to the admin listener took too long"),
    }
}
