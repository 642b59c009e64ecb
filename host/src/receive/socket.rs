//! A socket that does not wait for ever: for the next request, for the end of its headers, or for its answer to be taken.
//!
//! hyper's own header time limit makes a timer for each request, closes without an answer, and does not tell a connection that
//! is idle from one that is slow. Here one timer serves a connection, and is touched only when it runs out.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{future::Future, io};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::answer::Refused;
use super::stream::Stream;
use crate::config::Limits;

/// After an answer to a request that was not read whole, so much more of it is read and thrown away, that the answer arrives: a socket
/// closed with bytes unread tells the other side of a broken connection instead.
const LINGER_BYTES_MAX: usize = 16 << 20;
/// And for so long.
const LINGER_MAX: Duration = Duration::from_secs(2);

/// What a connection waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Stage {
    /// The next request.
    Idle = 0,
    /// The rest of a request's head.
    Head = 1,
    /// Our own answer. The body has its own time limit.
    Busy = 2,
    /// Nothing any more: the head took too long.
    Late = 3,
}

/// Where a connection stands, shared by its socket and its requests, which run in one task, and looked at by who needs its place.
pub(super) struct Progress {
    stage: AtomicU8,
    unread: AtomicBool,
    opened: Instant,
    /// When the stage began, in milliseconds after it was opened.
    since_ms: AtomicU64,
}

impl Progress {
    /// Of a connection that is opened now.
    pub(super) fn new() -> Self {
        Self { stage: AtomicU8::default(), unread: AtomicBool::default(), opened: Instant::now(), since_ms: AtomicU64::default() }
    }

    /// Since when it waits for a request or the rest of a head; none while a request is under way.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        let waits = [Stage::Idle, Stage::Head].contains(&self.stage());
        waits.then(|| self.opened + Duration::from_millis(self.since_ms.load(Ordering::Relaxed)))
    }

    /// A request's head is there.
    pub(super) fn begin(&self) {
        self.set(Stage::Busy);
    }

    /// It is answered. `unread`: perhaps not all of it was read.
    pub(super) fn end(&self, unread: bool) {
        self.unread.store(unread, Ordering::Relaxed);
        self.set(Stage::Idle);
    }

    /// Whether the connection was given up since a head took too long.
    pub(super) fn was_late(&self) -> bool {
        self.stage() == Stage::Late
    }

    fn set(&self, stage: Stage) {
        let since_ms = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since_ms.store(since_ms, Ordering::Relaxed);
        self.stage.store(stage as u8, Ordering::Relaxed);
    }

    fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Relaxed) {
            0 => Stage::Idle,
            1 => Stage::Head,
            2 => Stage::Busy,
            _ => Stage::Late,
        }
    }
}

/// The socket of one connection.
pub(super) struct Socket {
    stream: TokioIo<Stream>,
    progress: Arc<Progress>,
    header_timeout: Duration,
    idle_timeout: Duration,
    /// The stage that `read_by` was set in.
    waits_in: Stage,
    /// Until when something must come in.
    read_by: Instant,
    /// Until when something must go out; none while nothing is stuck.
    write_by: Option<Instant>,
    /// Goes off at the earliest of these or before; then it is set anew.
    alarm: Pin<Box<Sleep>>,
    /// From when on what still comes in is thrown away, and how much it was.
    lingering: Option<(Instant, usize)>,
}

impl Socket {
    pub(super) fn new(stream: Stream, progress: Arc<Progress>, limits: &Limits) -> Self {
        let read_by = Instant::now() + limits.idle_timeout;
        Self {
            stream: TokioIo::new(stream),
            progress,
            header_timeout: limits.header_timeout,
            idle_timeout: limits.idle_timeout,
            waits_in: Stage::Idle,
            read_by,
            write_by: None,
            alarm: Box::pin(tokio::time::sleep_until(read_by)),
            lingering: None,
        }
    }

    /// Whether `deadline` has passed; if not, the task is woken then.
    fn is_past(&mut self, deadline: Instant, cx: &mut Context<'_>) -> bool {
        if self.alarm.deadline() > deadline {
            self.alarm.as_mut().reset(deadline);
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return true;
            }
            self.alarm.as_mut().reset(deadline);
        }
        false
    }

    /// Sets until when something must come in, where the stage is a new one.
    fn note_stage(&mut self) -> Stage {
        let stage = self.progress.stage();
        if stage != self.waits_in {
            self.waits_in = stage;
            match stage {
                Stage::Idle => self.read_by = Instant::now() + self.idle_timeout,
                Stage::Head => self.read_by = Instant::now() + self.header_timeout,
                Stage::Busy | Stage::Late => {}
            }
        }
        stage
    }

    /// Nothing comes in. What to make of it?
    fn wait_to_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stage = self.note_stage();
        if [Stage::Busy, Stage::Late].contains(&stage) {
            return Poll::Pending;
        }
        if !self.is_past(self.read_by, cx) {
            return Poll::Pending;
        }
        if stage == Stage::Head {
            self.progress.set(Stage::Late);
            self.say_too_slow(cx);
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        // To hyper it looks as if the other side had closed, which it takes for a proper end.
        Poll::Ready(Ok(()))
    }

    /// hyper has written nothing about the request that is late, and all that it wrote before has left unless something is stuck.
    fn say_too_slow(&mut self, cx: &mut Context<'_>) {
        if self.write_by.is_none() {
            let row = Refused::TooSlow.row();
            let answer = format!(
                "HTTP/1.1 {}\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\r\n{}",
                row.status,
                row.sentence.len(),
                row.sentence
            );
            // Whoever is that slow may miss it.
            if Pin::new(self.stream.inner_mut()).poll_write(cx, answer.as_bytes()).is_ready() {
                drop(Pin::new(self.stream.inner_mut()).poll_flush(cx));
            }
        }
    }

    /// Something went out, or could not.
    fn wrote<T>(&mut self, poll: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.write_by = None;
            return poll;
        }
        let deadline = *self.write_by.get_or_insert_with(|| Instant::now() + self.idle_timeout);
        if self.is_past(deadline, cx) { Poll::Ready(Err(io::ErrorKind::TimedOut.into())) } else { Poll::Pending }
    }

    /// Reads what is still coming and throws it away.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (until, mut bytes) = *self.lingering.get_or_insert_with(|| (Instant::now() + LINGER_MAX, 0));
        let mut space = [0; 8192];
        while bytes < LINGER_BYTES_MAX {
            let mut buffer = ReadBuf::new(&mut space);
            match Pin::new(self.stream.inner_mut()).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => bytes += buffer.filled().len(),
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {
                    self.lingering = Some((until, bytes));
                    return if self.is_past(until, cx) { Poll::Ready(()) } else { Poll::Pending };
                }
            }
        }
        Poll::Ready(())
    }
}

impl Read for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Ready(read) => {
                if self.progress.stage() == Stage::Idle {
                    self.progress.set(Stage::Head);
                }
                Poll::Ready(read)
            }
            Poll::Pending => self.wait_to_read(cx),
        }
    }
}

impl Write for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(poll, cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.wrote(poll, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // After an answer hyper flushes and does not look for the next request until it is woken. The alarm may have gone
        // off meanwhile, so it is set here.
        if self.note_stage() == Stage::Idle {
            let deadline = self.read_by;
            self.is_past(deadline, cx);
        }
        // TLS may have kept what it was given to write.
        let poll = Pin::new(&mut self.stream).poll_flush(cx);
        self.wrote(poll, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        }
        // A head that hyper refused by itself never reached a handler.
        if self.progress.unread.load(Ordering::Relaxed) || self.progress.stage() == Stage::Head {
            ready!(self.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}
