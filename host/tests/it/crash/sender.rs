//! A sender as platforms are: it posts again what got no 200, and now and then what did.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::harness::wire::Client;

/// Connections that post side by side.
const CONNECTIONS: usize = 8;
/// After a failure a connection is opened again this much later: the host is being started.
const PAUSE: Duration = Duration::from_millis(5);

/// Posts each request until it was answered 200.
pub struct Sender {
    shared: Arc<Shared>,
    connections: JoinSet<()>,
}

struct Shared {
    address: SocketAddr,
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
    pub fn start(address: SocketAddr, requests: Vec<String>, order: Vec<usize>) -> Self {
        let shared = Arc::new(Shared {
            address,
            ledger: Mutex::new(vec![0; requests.len()]),
            unfinished: AtomicUsize::new(order.len()),
            requests,
            left: Mutex::new(order.into()),
            taken: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
        });
        let mut connections = JoinSet::new();
        for _ in 0..CONNECTIONS {
            let shared = Arc::clone(&shared);
            connections.spawn(async move { shared.post_all().await });
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

    /// Waits until everything was answered 200, and says how many tries were not.
    pub async fn finished(mut self) -> usize {
        while let Some(ended) = self.connections.join_next().await {
            ended.unwrap();
        }
        self.shared.failed.load(Ordering::Acquire)
    }
}

impl Shared {
    async fn post_all(&self) {
        let mut client = None;
        while self.unfinished.load(Ordering::Acquire) > 0 {
            let next = self.left.lock().unwrap().pop_front();
            let Some(place) = next else {
                // Another connection has the last ones in hand, and may yet fail.
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            if self.post(&mut client, &self.requests[place]).await {
                self.ledger.lock().unwrap()[place] += 1;
                self.taken.fetch_add(1, Ordering::AcqRel);
                self.unfinished.fetch_sub(1, Ordering::AcqRel);
            } else {
                self.failed.fetch_add(1, Ordering::AcqRel);
                self.left.lock().unwrap().push_front(place);
                client = None;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn post(&self, client: &mut Option<Client>, request: &str) -> bool {
        if client.is_none() {
            *client = Client::connect(self.address).await.ok();
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
