//! The load generator: one thread, sockets that are kept, requests that are made, answers that are hardly looked at.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::posts::Posts;

/// No answer is longer, head and body.
const ANSWER_BYTES_MAX: usize = 1024;
/// The pacer of the open loop lets requests go no more often than this.
const PACE_MIN: Duration = Duration::from_micros(250);

/// What came of a load.
#[derive(Debug)]
pub(crate) struct Done {
    /// Requests answered with 200: all of them, or the load fails.
    pub(crate) requests: usize,
    pub(crate) elapsed: Duration,
    /// From the start of each request, in the open loop the intended one, to the end of its answer. Sorted.
    latencies: Vec<Duration>,
}

impl Done {
    pub(crate) fn per_second(&self) -> f64 {
        per_second(self.requests, self.elapsed)
    }

    /// The latency that this share of the requests did not exceed, in ms.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
        let place = (self.latencies.len() as f64 * share) as usize;
        let latency = self.latencies.get(place.min(self.latencies.len().saturating_sub(1)));
        latency.map_or(f64::NAN, |latency| latency.as_secs_f64() * 1000.0)
    }
}

pub(crate) fn per_second(count: usize, time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let count = count as f64;
    count / time.as_secs_f64()
}

/// Closed loop: each connection sends its next request when the last one is answered, until `requests` are.
///
/// # Errors
///
/// The first answer that is no 200.
pub(crate) async fn closed(to: SocketAddr, connections: usize, posts: &Arc<Posts>, requests: usize) -> anyhow::Result<Done> {
    let lines = connect(to, connections).await?;
    let next = Arc::new(AtomicUsize::new(0));
    let mut running = JoinSet::new();
    let began = Instant::now();
    for mut line in lines {
        let (posts, next) = (Arc::clone(posts), Arc::clone(&next));
        running.spawn(async move {
            let mut latencies = Vec::with_capacity(2 * requests / connections);
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= requests {
                    return anyhow::Ok(latencies);
                }
                let sent = Instant::now();
                line.exchange(posts.get(number)).await?;
                latencies.push(sent.elapsed());
            }
        });
    }
    gather(running, began).await
}

/// Open loop: requests start at a fixed `rate` for so long, whether the ones before are answered or not; when all connections are
/// busy, what is due waits and its time counts.
///
/// # Errors
///
/// The first answer that is no 200.
pub(crate) async fn open(to: SocketAddr, connections: usize, posts: &Arc<Posts>, rate: f64) -> anyhow::Result<Done> {
    let lines = connect(to, connections).await?;
    let requests = posts.len();
    let interval = Duration::from_secs_f64(1.0 / rate);
    let due = Arc::new(Semaphore::new(0));
    let next = Arc::new(AtomicUsize::new(0));
    let mut running = JoinSet::new();
    let began = Instant::now();
    let intended = move |number: usize| began + interval.mul_f64(number_as_f64(number));
    for mut line in lines {
        let (posts, next, due) = (Arc::clone(posts), Arc::clone(&next), Arc::clone(&due));
        running.spawn(async move {
            let mut latencies = Vec::with_capacity(2 * requests / connections);
            loop {
                // Closed once the last one has gone.
                let Ok(permit) = due.acquire().await else { return anyhow::Ok(latencies) };
                permit.forget();
                let number = next.fetch_add(1, Ordering::Relaxed);
                line.exchange(posts.get(number)).await?;
                latencies.push(intended(number).elapsed());
                if number + 1 == requests {
                    due.close();
                }
            }
        });
    }
    // A timer of the runtime goes by whole milliseconds; a thread's sleep is precise to some 60 µs.
    let pacer = std::thread::spawn(move || pace(&due, requests, intended));
    let done = gather(running, began).await;
    pacer.join().map_err(|_| anyhow::anyhow!("the pacer broke down"))?;
    done
}

fn pace(due: &Semaphore, requests: usize, intended: impl Fn(usize) -> Instant) {
    let mut released = 0;
    while released < requests && !due.is_closed() {
        let now = Instant::now();
        let before = released;
        while released < requests && intended(released) <= now {
            released += 1;
        }
        due.add_permits(released - before);
        std::thread::sleep(intended(released).saturating_duration_since(now).max(PACE_MIN));
    }
}

fn number_as_f64(number: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let number = number as f64;
    number
}

async fn gather(mut running: JoinSet<anyhow::Result<Vec<Duration>>>, began: Instant) -> anyhow::Result<Done> {
    let mut latencies = Vec::new();
    while let Some(joined) = running.join_next().await {
        latencies.extend(joined??);
    }
    let elapsed = began.elapsed();
    latencies.sort_unstable();
    Ok(Done { requests: latencies.len(), elapsed, latencies })
}

async fn connect(to: SocketAddr, connections: usize) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::with_capacity(connections);
    for _ in 0..connections {
        let stream = TcpStream::connect(to).await.with_context(|| format!("nobody listens on {to}"))?;
        stream.set_nodelay(true)?;
        lines.push(Line { stream, usual_bytes: 0 });
    }
    Ok(lines)
}

/// One connection, kept.
struct Line {
    stream: TcpStream,
    /// The length of the last answer, head and body: the next one is most likely as long.
    usual_bytes: usize,
}

impl Line {
    /// Sends a request and reads its answer, which must be 200.
    async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.stream.write_all(request).await?;
        let mut answer = [0; ANSWER_BYTES_MAX];
        let mut bytes = 0;
        loop {
            let read = self.stream.read(answer.get_mut(bytes..).unwrap_or_default()).await?;
            bytes += read;
            let answer = answer.get(..bytes).unwrap_or_default();
            if bytes == self.usual_bytes && answer.starts_with(b"HTTP/1.1 200 ") {
                return Ok(());
            }
            if is_whole(answer) {
                if answer.starts_with(b"HTTP/1.1 200 ") {
                    self.usual_bytes = bytes;
                    return Ok(());
                }
                bail!("the answer was `{}`", String::from_utf8_lossy(answer).replace("\r\n", " | "));
            }
            if read == 0 {
                bail!("the connection was closed in the middle of an answer");
            }
        }
    }
}

/// Whether head and body are all there.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.and_then(|(_, length)| length.trim().parse().ok()).is_some_and(|length: usize| body.len() >= length)
}
