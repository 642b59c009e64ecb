//! The host: builds every stage, spawns their loops, and drains them in order.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::admin::{self, Admin};
use crate::backfill::Backfill;
use crate::clock::Clock;
use crate::config::load::{Context, Env, tls_files};
use crate::config::{self, Host, Problems};
use crate::connection::Connections;
use crate::connection::services::Services;
use crate::connection::shared::Ledger;
use crate::deliver::Deliverer;
use crate::dispatch::Dispatcher;
use crate::event::PlatformKind;
use crate::figures::Figures;
use crate::inbox::Inbox;
use crate::missed::Missed;
use crate::platform::appen::Appen;
use crate::platform::generic::Generic;
use crate::platform::pybossa::Pybossa;
use crate::plugin::engine::Engine;
use crate::plugin::registry::Registry;
use crate::plugin::watch::{self as plugin_watch, MakePlatform, Reloader, Setup};
use crate::receive::{Receiver, Tls};
use crate::reconcile::Reconciler;
use crate::retention::Retention;
use crate::store::Store;
use crate::store::lock::Lock;
use crate::telemetry::Metrics;
use crate::traces::{self, Traces};

pub mod store;

/// Threads of guests are this much nicer than the others. (On Linux each thread has a niceness of its own.)
#[cfg(target_os = "linux")]
const GUESTS_NICER: i32 = 10;

/// What is left of spans at the end has this long to be sent.
const TRACES_END_MAX: Duration = Duration::from_secs(2);

/// Below the data folder: compiled code.
const CACHE_FOLDER: &str = "cache";

/// A host whose stages are built and whose ports are bound, and which does not serve yet.
pub struct App {
    host: Host,
    clock: Clock,
    metrics: Metrics,
    store: Arc<dyn Store>,
    ledger: Option<Arc<dyn Ledger>>,
    /// The data folder is ours for as long as this is there.
    _folder: Option<Lock>,
    registry: Arc<Registry>,
    reloader: Reloader,
    hooks: TcpListener,
    tls: Option<Tls>,
    admin: TcpListener,
    guests: Guests,
    traces: Option<Traces>,
}

/// The threads that run guests. A runtime may not be dropped where others wait on their own, so this one is told to end by itself,
/// whatever way the host comes to its end.
struct Guests(Option<Runtime>);

impl Guests {
    fn start(threads: usize) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("guests")
            .on_thread_start(give_way)
            .enable_all()
            .build();
        runtime.map(|runtime| Self(Some(runtime)))
    }

    fn handle(&self) -> Handle {
        self.0.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }
}

/// Lets the intake and the store go before the thread that calls this: who posts an event waits for them, nobody for a guest.
fn give_way() {
    #[cfg(target_os = "linux")]
    rustix::process::nice(GUESTS_NICER).ok();
}

impl Drop for Guests {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// What sends spans, where the environment asks for it. It ends after what it tells of.
struct Tracing {
    drained: watch::Sender<bool>,
    sending: Option<JoinHandle<()>>,
}

impl Tracing {
    fn start(traces: Option<Traces>) -> Self {
        let (drained, is_drained) = watch::channel(false);
        Self { drained, sending: traces.map(|traces| tokio::spawn(traces.serve(until(is_drained)))) }
    }

    async fn end(self) {
        self.drained.send_replace(true);
        if let Some(sending) = self.sending {
            ended(sending, TRACES_END_MAX, "Sending spans").await;
        }
    }
}

impl App {
    /// Opens the store, starts the engine, loads components and projects, and binds both ports.
    ///
    /// # Errors
    ///
    /// What kept it from doing so, and what to change. A broken component or project is none of these: the host starts without
    /// it, and says so.
    pub async fn open(host: Host) -> anyhow::Result<Self> {
        Self::open_with(host, None).await
    }

    /// As [`App::open`]; components are compiled by `program`, which is our own, in a process of its own.
    ///
    /// # Errors
    ///
    /// As [`App::open`].
    pub async fn open_with(host: Host, program: Option<&Path>) -> anyhow::Result<Self> {
        let clock = Clock::System;
        let tls = host.tls.as_ref().map(Tls::open).transpose()?;
        let hooks = bind(host.listen, "listen")?;
        let admin = bind(host.admin, "admin")?;
        let metrics = Metrics::default();
        let traces = traces::settings::Settings::of(&Env::process())?;
        let traces = traces.map(|settings| Traces::new(settings, &Connections::new(clock.clone()), &metrics));
        let store::Opened { store, ledger, _folder } = store::open(&host, clock.clone(), metrics.clone()).await?;
        let engine = start_engine(&host, program)?;
        let registry = Arc::new(Registry::default());
        let setup = Setup::of(&host, engine, Arc::clone(&registry), (platforms(clock.clone()), metrics.clone()));
        let reloader = Reloader::start(setup).await;
        let guests = Guests::start(host.limits.guest_threads).context("the threads that run guests cannot be had")?;
        Ok(Self { host, clock, metrics, store, ledger, _folder, registry, reloader, hooks, tls, admin, guests, traces })
    }

    /// Where the hooks are.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub fn hooks_address(&self) -> std::io::Result<SocketAddr> {
        self.hooks.local_addr()
    }

    /// Where the admin API is.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub fn admin_address(&self) -> std::io::Result<SocketAddr> {
        self.admin.local_addr()
    }

    /// The store, for those who run a host within their own process.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// What is in use, for those who run a host within their own process.
    #[must_use]
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry)
    }

    /// Serves until `shutdown`, then drains: first the intake, so that nothing new comes in; then what runs and what is on its way
    /// out, for as long as `limits.drain`; then the store is closed. What did not end by then waits in the store.
    ///
    /// # Errors
    ///
    /// When the admin token cannot be made.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
        let (stop, stopped) = watch::channel(false);
        let limits = self.host.limits.clone();
        let inbox = Inbox::new(Arc::clone(&self.store), self.clock.clone());
        let metrics = &self.metrics;
        let receiver =
            Receiver::new(Arc::clone(&self.registry), inbox.clone(), Arc::clone(&self.store), (&limits, &self.host.public_url, metrics))
                .over(self.tls.clone());
        let services = Services::new(self.clock.clone()).sharing(self.ledger.clone());
        let with = || (self.clock.clone(), limits.clone(), metrics.clone());
        let dispatcher = Dispatcher::new(Arc::clone(&self.registry), services.clone(), Arc::clone(&self.store), with());
        let deliverer = Deliverer::new(Arc::clone(&self.registry), services.clone(), Arc::clone(&self.store), with());
        let admin = self.admin(&inbox, services)?;
        let (listen, admin_listens) = (self.hooks.local_addr()?, self.admin.local_addr()?);
        info!(%listen, admin = %admin_listens, "Serving hooks below `{}`", self.host.public_url);

        let (hooks, end_of_intake) = (self.hooks, until(stopped.clone()));
        let intake = tokio::spawn(async move { receiver.serve(hooks, end_of_intake).await });
        let renewing = tokio::spawn(renew(self.tls, stopped.clone()));
        let admin = tokio::spawn(admin::serve(self.admin, admin, until(stopped.clone())));
        let reloading = tokio::spawn(self.reloader.run(until(stopped.clone())));
        let dispatching = tokio::spawn(Arc::clone(&dispatcher).serve(self.guests.handle(), until(stopped.clone())));
        let delivering = tokio::spawn(Arc::clone(&deliverer).serve(until(stopped.clone())));
        let reconciling = tokio::spawn(reconcile(
            self.host.reconcile,
            (&self.registry, &self.store, inbox),
            (self.clock.clone(), metrics),
            stopped.clone(),
        ));
        let retention = Retention::new(Arc::clone(&self.store), self.clock.clone(), self.host.keep);
        let letting_go = tokio::spawn(retention.serve(until(stopped.clone())));
        let counting = tokio::spawn(Figures::new(Arc::clone(&self.store), self.clock.clone()).serve(until(stopped)));
        let tracing = Tracing::start(self.traces);

        shutdown.await;
        info!("Stopping: no new requests, what runs may end within {} s", limits.drain.as_secs());
        stop.send_replace(true);
        ended(intake, limits.drain + Duration::from_secs(1), "The intake").await;
        let loops = [
            ("Dispatch", dispatching),
            ("Deliver", delivering),
            ("Reloading", reloading),
            ("Renewing", renewing),
            ("Reconcile", reconciling),
            ("Retention", letting_go),
            ("Counting", counting),
        ];
        for (what, handle) in loops {
            ended(handle, Duration::from_secs(1), what).await;
        }
        tokio::join!(dispatcher.drain(limits.drain), deliverer.drain(limits.drain));
        tracing.end().await;
        self.store.close().await;
        admin.abort();
        drop(self.guests);
        info!("Stopped");
        Ok(())
    }

    /// What the admin listener shows.
    fn admin(&self, inbox: &Inbox, services: Services) -> anyhow::Result<Admin> {
        let data = &self.host.data;
        Ok(Admin {
            store: Arc::clone(&self.store),
            registry: Arc::clone(&self.registry),
            metrics: self.metrics.clone(),
            token: admin::token::open(data).with_context(|| format!("the admin token in `{}` cannot be had", data.display()))?,
            clock: self.clock.clone(),
            started_at: self.clock.now(),
            public_url: self.host.public_url.clone(),
            backfill: Backfill::new(Arc::clone(&self.store), Missed::new(Arc::clone(&self.store), inbox.clone())),
            inbox: inbox.clone(),
            links: admin::Links::default(),
            services,
            tls: self.tls.clone(),
        })
    }
}

/// Says everything that [`App::open`] would refuse or leave out, without touching a port or the store.
///
/// # Errors
///
/// When no engine can be had to look with.
pub async fn check(host: &Host) -> anyhow::Result<Problems> {
    let engine = start_engine(host, None)?;
    let mut problems = host.tls.as_ref().map(certificate_problems).unwrap_or_default();
    problems.append(store::problems(host));
    problems.append(plugin_watch::check_all(host, &Context::of(host), &engine).await);
    Ok(problems)
}

/// What is wrong with the files of `[tls]`.
fn certificate_problems(tls: &config::Tls) -> Problems {
    tls_files(tls).and_then(|files| files.certificate(tls)).map_or_else(|problems| problems, |(_, warnings)| warnings)
}

/// The engine, with its cache in the data folder.
fn start_engine(host: &Host, program: Option<&Path>) -> anyhow::Result<Engine> {
    let data = std::path::absolute(&host.data).context("the compile cache has no place")?;
    // A check of settings whose host never ran makes no folder for it.
    let cache = data.is_dir().then(|| data.join(CACHE_FOLDER));
    let mut engine = Engine::start(&host.limits, cache.as_deref())?;
    if let (Some(program), Some(cache)) = (program, &cache) {
        engine = engine.compiling_apart(program, cache);
    }
    if engine.resets_in_place {
        info!(threads = host.limits.guest_threads, "Sandboxes reset their memory in place (PAGEMAP_SCAN)");
    } else {
        info!(threads = host.limits.guest_threads, "Sandboxes reset their memory by the kernel; Linux 6.7 and later is faster");
    }
    Ok(engine)
}

/// Makes the client of a project's platform; clients of one address share their pace.
fn platforms(clock: Clock) -> MakePlatform {
    let connections = Connections::new(clock);
    Box::new(move |project| match project.platform.kind {
        PlatformKind::Pybossa => Arc::new(Pybossa::new(project.platform.clone(), &project.name, &connections)),
        PlatformKind::Appen => Arc::new(Appen::new(project.platform.clone(), &project.name, &connections)),
        PlatformKind::Generic => Arc::new(Generic::new(project.platform.clone())),
    })
}

/// Connections that the system completes before they are accepted. Beyond it, it drops what comes, and the other side tries again after a
/// second: a crowd that comes at once is not to wait for that. The system's own limit may be lower (`net.core.somaxconn`).
const BACKLOG: u32 = 4_096;

/// As the standard library binds, with a longer queue.
fn listener(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    listener(address).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "`{key}`: port {} of {} is in use\nhelp: stop the other program (another Crowdhook?), or set `{key}` in crowdhook.toml to a free port",
            address.port(),
            address.ip()
        ),
        std::io::ErrorKind::PermissionDenied => {
            anyhow::anyhow!("`{key}`: port {} may not be used\nhelp: take a port above 1023 and put a proxy before it", address.port())
        }
        _ => anyhow::anyhow!("`{key}`: cannot listen on {address}: {error}"),
    })
}

/// Looks `every` so often for what hooks did not bring, until the host stops; none for never.
fn reconcile(
    every: Option<Duration>,
    (registry, store, inbox): (&Arc<Registry>, &Arc<dyn Store>, Inbox),
    (clock, metrics): (Clock, &Metrics),
    stopped: watch::Receiver<bool>,
) -> impl Future<Output = ()> + use<> {
    let reconciler = every.map(|every| Reconciler::new(Arc::clone(registry), Arc::clone(store), inbox, (clock, every, metrics.clone())));
    async move {
        if let Some(reconciler) = reconciler {
            reconciler.serve(until(stopped)).await;
        }
    }
}

/// Keeps the certificate in step with its files, where there is one.
async fn renew(tls: Option<Tls>, stopped: watch::Receiver<bool>) {
    if let Some(tls) = tls {
        tls.follow(until(stopped)).await;
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the app is gone, which is an end too.
    drop(stopped.wait_for(|stopped| *stopped).await);
}

async fn ended(handle: JoinHandle<()>, wait: Duration, what: &str) {
    if tokio::time::timeout(wait, handle).await.is_err() {
        warn!("{what} did not end within {} ms", wait.as_millis());
    }
}
