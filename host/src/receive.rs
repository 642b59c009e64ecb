//! The public door: request → `Unverified`, and the answer back. Its own accept loop, the limits on everything a stranger can
//! make us hold or wait for, and every answer in one table. Knows nothing of plugins and of what leaves again.
//!
//! A request is told 200 only after [`Inbox::accept`] returned, so after its events are on disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use self::answer::Refused;
use self::body::Room;
use self::throttle::Throttles;
use crate::config::Limits;
use crate::inbox::Inbox;
use crate::plugin::registry::Registry;
use crate::store::Store;
use crate::telemetry::Metrics;

mod accept;
mod answer;
mod badges;
mod body;
mod hook;
mod places;
mod routes;
mod socket;
mod stream;
mod throttle;
mod tls;

pub use tls::Tls;

/// How long a sender waits for the store before it is told to come again. Appen waits 5 s in all, PYBOSSA 180 s.
const STORE_WAIT_MAX: Duration = Duration::from_secs(30);

/// What the store answered is good for so long, so that asking `/health/ready` costs it nothing.
const READY_KEPT: Duration = Duration::from_secs(1);

/// How long the store may take to answer before the host is not ready.
const READY_WAIT_MAX: Duration = Duration::from_secs(2);

/// The public listener's side of the host.
#[derive(Clone)]
pub struct Receiver {
    intake: Arc<Intake>,
    tls: Option<Tls>,
}

/// What every request needs.
struct Intake {
    registry: Arc<Registry>,
    inbox: Inbox,
    store: Arc<dyn Store>,
    limits: Limits,
    bodies: Room,
    /// How the world reaches this listener.
    public_url: Url,
    metrics: Metrics,
    throttles: Throttles,
    /// The host is going down: what comes now is sent away.
    draining: AtomicBool,
    /// When the store was last asked, and whether it answered.
    store_answers: Mutex<Option<(Instant, bool)>>,
}

impl Receiver {
    /// A receiver of requests to the hooks of `registry`'s projects, and to the pages of their badges. `store` is the one that
    /// `inbox` records in; it is asked whether it answers, and for badges. The world reaches the listener at `public_url`. What comes in
    /// and what becomes of it is counted in `metrics`.
    #[must_use]
    pub fn new(
        registry: Arc<Registry>,
        inbox: Inbox,
        store: Arc<dyn Store>,
        (limits, public_url, metrics): (&Limits, &Url, &Metrics),
    ) -> Self {
        metrics.refusals_are(Refused::ALL.iter().map(|refused| refused.name()).chain([accept::NO_HANDSHAKE]));
        metrics.connections_may_be(limits.connections_max);
        let intake = Intake {
            registry,
            inbox,
            store,
            limits: limits.clone(),
            bodies: Room::new(limits),
            public_url: public_url.clone(),
            metrics: metrics.clone(),
            throttles: Throttles::default(),
            draining: AtomicBool::new(false),
            store_answers: Mutex::new(None),
        };
        Self { intake: Arc::new(intake), tls: None }
    }

    /// The same over TLS, and over nothing else.
    #[must_use]
    pub fn over(self, tls: Option<Tls>) -> Self {
        Self { tls, ..self }
    }

    /// Accepts and serves until `shutdown` completes, then lets requests that are under way end, at most for `limits.drain`.
    ///
    /// No more than `limits.connections_max` are served at a time. Who comes then takes the place of the one that has waited longest for
    /// a request, and waits in the system's queue while all are busy. From `shutdown` on
    /// nothing new is accepted, idle connections are closed, and requests that begin on the others are told 503.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        accept::serve(Arc::clone(&self.intake), (listener, self.tls.clone()), shutdown).await;
    }
}

impl Intake {
    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Whether the store answers; asked at most once in [`READY_KEPT`], and by one at a time.
    async fn store_answers(&self) -> bool {
        let mut last = self.store_answers.lock().await;
        if let Some((at, answers)) = *last
            && at.elapsed() < READY_KEPT
        {
            return answers;
        }
        let answers = matches!(tokio::time::timeout(READY_WAIT_MAX, self.store.vitals()).await, Ok(Ok(_)));
        *last = Some((Instant::now(), answers));
        answers
    }
}
