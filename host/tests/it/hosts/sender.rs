//! Senders behind a balancer: a post that one host does not answer with 200 goes to the next one, so several may take it in.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::harness::wire::Client;

/// Connections that post side by side.
const CONNECTIONS: usize = 8;
/// Who does not answer within so long is left for the next host.
const ANSWER_MAX: Duration = Duration::from_secs(1);
/// A host that failed is left out for so long.
const OUT: Duration = Duration::from_millis(300);
/// When no host takes a post, it is tried again this much later.
const PAUSE: Duration = Duration::from_millis(10);

/// Posts each request until it was answered 200.
pub struct Sender {
    shared: Arc<Shared>,
    connections: JoinSet<()>,
}

struct Shared {
    hosts: Vec<SocketAddr>,
    /// Until when each host that failed is left out.
    out: Mutex<Vec<Option<Instant>>>,
    requests: Vec<String>,
    /// Places in `requests` of what is to be sent still. Those that are sent once more although they were taken stand here twice.
    left: Mutex<VecDeque<usize>>,
    /// How often each was answered 200.
    ledger: Mutex<Vec<u32>>,
    unfinished: AtomicUsize,
    taken: AtomicUsize,
    failed: AtomicUsize,
}

impl Sender {
    /// Begins to post `requests` in the order of `order`, which may name one several times.
    pub fn start(hosts: Vec<SocketAddr>, requests: Vec<String>, order: Vec<usize>) -> Self {
        let shared = Arc::new(Shared {
            out: Mutex::new(vec![None; hosts.len()]),
            hosts,
            ledger: Mutex::new(vec![0; requests.len()]),
            unfinished: AtomicUsize::new(order.len()),
            requests,
            left: Mutex::new(order.into()),
            taken: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
        });
        let mut connections = JoinSet::new();
        for first in 0..CONNECTIONS {
            let shared = Arc::clone(&shared);
            connections.spawn(async move { shared.post_all(first).await });
        }
        Self { shared, connections }
    }

    /// Answers of 200 so far, those to repeats among them.
    pub fn taken(&self) -> usize {
        self.shared.taken.load(Ordering::Acquire)
    }

    /// How often each request has been answered 200 so far.
    pub fn ledger(&self) -> Vec<u32> {
        self.shared.ledger.lock().unwrap().clone()
    }

    /// How many tries were not answered 200 so far.
    pub fn failed(&self) -> usize {
        self.shared.failed.load(Ordering::Acquire)
    }

    /// Waits until everything was answered 200.
    pub async fn finished(&mut self) {
        while let Some(ended) = self.connections.join_next().await {
            ended.unwrap();
        }
    }
}

impl Shared {
    async fn post_all(&self, first: usize) {
        let mut clients: Vec<Option<Client>> = self.hosts.iter().map(|_| None).collect();
        let mut turn = first;
        while self.unfinished.load(Ordering::Acquire) > 0 {
            let next = self.left.lock().unwrap().pop_front();
            let Some(place) = next else {
                // Another connection has the last ones in hand, and may yet fail.
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            turn += 1;
            if self.post(&mut clients, turn, &self.requests[place]).await {
                self.ledger.lock().unwrap()[place] += 1;
                self.taken.fetch_add(1, Ordering::AcqRel);
                self.unfinished.fetch_sub(1, Ordering::AcqRel);
            } else {
                self.left.lock().unwrap().push_front(place);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Posts to one host after the other, beginning with the one whose turn it is. Says whether one took it.
    async fn post(&self, clients: &mut [Option<Client>], turn: usize, request: &str) -> bool {
        for host in (0..self.hosts.len()).map(|next| (turn + next) % self.hosts.len()) {
            if !self.may_try(host) {
                continue;
            }
            let client = &mut clients[host];
            if tokio::time::timeout(ANSWER_MAX, self.post_to(client, host, request)).await == Ok(true) {
                self.out.lock().unwrap()[host] = None;
                return true;
            }
            *client = None;
            self.failed.fetch_add(1, Ordering::AcqRel);
            self.out.lock().unwrap()[host] = Some(Instant::now() + OUT);
        }
        false
    }

    /// Whether a post may go to this host: one that failed is tried by one connection at a time.
    fn may_try(&self, host: usize) -> bool {
        let mut out = self.out.lock().unwrap();
        match out[host] {
            Some(until) if until > Instant::now() => false,
            Some(_) => {
                out[host] = Some(Instant::now() + ANSWER_MAX);
                true
            }
            None => true,
        }
    }

    async fn post_to(&self, client: &mut Option<Client>, host: usize, request: &str) -> bool {
        if client.is_none() {
            *client = Client::connect(self.hosts[host]).await.ok();
        }
        let Some(connected) = client else { return false };
        match connected.ask(request).await {
            // 503 says to come again; anything else would be a mistake of the test.
            Ok(reply) => {
                assert!(matches!(reply.status, 200 | 503), "{} {}", reply.status, reply.body);
                reply.status == 200
            }
            Err(_) => false,
        }
    }
}
