//! Hosts that share a schema, each behind a proxy of its own, and what befalls them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crowdhook::secret::Secret;
use crowdhook::store::Store;
use crowdhook::store::postgres::PostgresStore;
use futures_util::future::join_all;
use rustix::process::Signal;
use tokio::sync::Mutex;
use tokio_postgres::NoTls;

use super::fault::Fault;
use super::proxy::Proxy;
use crate::harness::engine::{self, Cluster};
use crate::harness::folder::Folder;
use crate::harness::patience::{eventually_within, until};
use crate::harness::process::Process;
use crate::harness::stream::Stream;

/// As short as settings allow.
const LEASE: Duration = Duration::from_secs(5);
/// A host that ended because it found no database is started again this much later, as a service manager does.
const RESTART: Duration = Duration::from_millis(300);
/// A host is ready again after so long at most, however often it has to be started.
const READY_MAX: Duration = Duration::from_secs(120);
/// So much of the end of each log is shown when something goes wrong.
const LOG_LINES_SHOWN: usize = 400;

/// The hosts.
pub struct Fleet<'a> {
    cluster: &'a Cluster,
    /// The way to the server that nothing befalls.
    store: Arc<PostgresStore>,
    hosts: Vec<Host>,
    /// One hand at a time starts and stops the server.
    server: Mutex<()>,
    /// What is being done, to be told when it goes wrong.
    what: String,
}

struct Host {
    folder: Folder,
    proxy: Proxy,
    /// None while it is down.
    process: Mutex<Option<Process>>,
}

impl<'a> Fleet<'a> {
    /// So many hosts for `stream`, all of them ready.
    pub async fn start(cluster: &'a Cluster, hosts: usize, stream: &Stream, what: String) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let schema = format!("round_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let started = join_all((0..hosts).map(async |number| {
            let proxy = Proxy::start(cluster.socket()).await;
            let mut folder = Folder::with(&format!("lease_s = {}\n", LEASE.as_secs()));
            let store = format!("store = \"postgres://crowdhook@127.0.0.1:{}/postgres?schema={schema}\"\n", proxy.port);
            folder.share(&store, &format!("host-{number}"));
            stream.set_up(&folder);
            let process = Mutex::new(Some(Process::start(&folder).await));
            Host { folder, proxy, process }
        }));
        let started = started.await;
        let address = Secret::new(&format!("{}?application_name=looks", cluster.address()));
        let store = tokio::task::block_in_place(|| PostgresStore::open_read_only(&address, Some(&schema)).unwrap());
        Self { cluster, store: Arc::new(store), hosts: started, server: Mutex::new(()), what }
    }

    /// Where they listen.
    pub fn listen(&self) -> Vec<SocketAddr> {
        self.hosts.iter().map(|host| host.folder.listen).collect()
    }

    /// The store, to be read.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// Lets something go wrong, and be well again. A host suffers one thing after the other, but for its way to the server.
    pub async fn suffer(&self, fault: &Fault) {
        match *fault {
            Fault::Kill { host, down } => self.hosts[host].die(down).await,
            Fault::Sleep { host } => self.hosts[host].sleep().await,
            Fault::Terminate { times, pause } => {
                for time in 0..times {
                    self.terminate(time).await;
                    tokio::time::sleep(pause).await;
                }
            }
            Fault::Restart { crash, down } => self.restart(crash, down).await,
            Fault::Hang { host, forgets, lasts } => {
                let proxy = &self.hosts[host].proxy;
                if forgets {
                    proxy.forget()
                } else {
                    proxy.hold()
                }
                tokio::time::sleep(lasts).await;
                proxy.heal();
            }
        }
    }

    /// Ends every second session of the hosts.
    async fn terminate(&self, time: usize) {
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'crowdhook' AND (pid + {time}) % 2 = 0"
        );
        until("sessions are ended", async || {
            let Ok((client, connection)) = tokio_postgres::connect(&self.cluster.address(), NoTls).await else { return false };
            tokio::spawn(connection);
            client.batch_execute(&sql).await.is_ok()
        })
        .await;
    }

    async fn restart(&self, crash: bool, down: Duration) {
        let _server = self.server.lock().await;
        if crash {
            tokio::task::block_in_place(|| self.cluster.stop());
        } else {
            engine::stop_in_order(self.cluster).await;
        }
        tokio::time::sleep(down).await;
        tokio::task::block_in_place(|| self.cluster.run());
    }

    /// Ends all hosts in order.
    pub async fn stop(&self) {
        let ended = self.hosts.iter().map(async |host| {
            let process = host.process.lock().await.take().expect("all are there again");
            let status = process.stop().await;
            assert!(status.success(), "`{}` ended with {status}", host.folder.listen);
        });
        join_all(ended).await;
    }

    /// Tells what was done, and the ends of all logs.
    pub fn tell(&self) {
        eprintln!("{}", self.what);
        for (number, host) in self.hosts.iter().enumerate() {
            let log = std::fs::read_to_string(host.folder.path("host.log")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("--- host {number}:\n{}", lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n"));
        }
        let log = std::fs::read_to_string(PathBuf::from(self.cluster.folder()).join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        eprintln!("--- the server:\n{}", lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n"));
    }
}

impl Drop for Fleet<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tell();
        }
    }
}

impl Host {
    async fn die(&self, down: Duration) {
        let mut process = self.process.lock().await;
        if let Some(running) = process.take() {
            running.kill();
        }
        tokio::time::sleep(down).await;
        *process = Some(self.come_back().await);
    }

    /// Starts it, again and again while it finds no database.
    async fn come_back(&self) -> Process {
        eventually_within(
            READY_MAX,
            || format!("`{}` is ready again", self.folder.listen),
            async || {
                let mut process = Process::spawn(&self.folder);
                match process.ready(&self.folder).await {
                    None => Some(process),
                    Some(_) => {
                        tokio::time::sleep(RESTART).await;
                        None
                    }
                }
            },
        )
        .await
    }

    async fn sleep(&self) {
        let process = self.process.lock().await;
        if let Some(running) = process.as_ref() {
            running.signal(Signal::STOP);
            tokio::time::sleep(2 * LEASE).await;
            running.signal(Signal::CONT);
        }
    }
}
