//! Reads a body up to a limit of bytes and time. A body is read whole or not at all: what is cut off is never stored.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::Refused;
use crate::config::Limits;

/// Up to here a body is small: it always finds room.
const SMALL_BYTES: usize = 16 << 10;
/// Beyond it, all bodies that are held at a time may together be so many times as large as the largest.
const LARGEST_TOGETHER: usize = 2;
/// Room is counted in pieces of so many bytes.
const PIECE_BYTES: usize = 1 << 10;

/// The memory for large bodies, so that many at a time cannot take all there is.
pub(super) struct Room {
    pieces: Arc<Semaphore>,
    bytes_max: usize,
    timeout: Duration,
}

/// A body, and what it takes of the room as long as it is held.
pub(super) struct Held {
    pub(super) bytes: Bytes,
    /// Given back when this is dropped.
    pub(super) taken: Taken,
}

/// A share of the room.
#[derive(Default)]
pub(super) struct Taken(Option<OwnedSemaphorePermit>);

/// What has come of a body, copied, since a piece of it would keep all of the buffer that it came in. In blocks, since many large pieces of
/// memory that grow and go leave holes that the system does not get back.
#[derive(Default)]
struct Blocks {
    blocks: Vec<Vec<u8>>,
    bytes: usize,
}

impl Blocks {
    fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    fn extend(&mut self, mut data: &[u8]) {
        self.bytes += data.len();
        while !data.is_empty() {
            let room = self.blocks.last().map_or(0, |last| SMALL_BYTES - last.len());
            if room == 0 {
                self.blocks.push(Vec::with_capacity(SMALL_BYTES));
                continue;
            }
            let (now, later) = data.split_at(room.min(data.len()));
            if let Some(last) = self.blocks.last_mut() {
                last.extend_from_slice(now);
            }
            data = later;
        }
    }

    fn whole(self) -> Bytes {
        self.blocks.concat().into()
    }
}

impl Room {
    /// Of a host with these limits.
    pub(super) fn new(limits: &Limits) -> Self {
        let pieces = limits.body_bytes_max.saturating_mul(LARGEST_TOGETHER).div_ceil(PIECE_BYTES).min(Semaphore::MAX_PERMITS);
        Self { pieces: Arc::new(Semaphore::new(pieces)), bytes_max: limits.body_bytes_max, timeout: limits.body_timeout }
    }

    /// Reads `body`, whose decoded size may be `limits.body_bytes_max`. A compressed body is refused: no platform sends one, and then
    /// what arrives is what is decoded.
    ///
    /// # Errors
    ///
    /// What to answer.
    pub(super) async fn read<B>(&self, body: B, headers: &HeaderMap) -> Result<Held, Refused>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let plain = |value: &http::HeaderValue| value.is_empty() || value.as_bytes().eq_ignore_ascii_case(b"identity");
        if !headers.get_all(header::CONTENT_ENCODING).iter().all(plain) {
            return Err(Refused::Encoding);
        }
        // What is declared too large is refused before a byte of it is read.
        if body.size_hint().lower() > u64::try_from(self.bytes_max).unwrap_or(u64::MAX) {
            return Err(Refused::TooLarge);
        }
        match tokio::time::timeout(self.timeout, self.whole(body)).await {
            Ok(read) => read,
            Err(_) => Err(Refused::TooSlow),
        }
    }

    async fn whole<B>(&self, mut body: B) -> Result<Held, Refused>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let mut first = Bytes::new();
        let mut more = Blocks::default();
        let mut taken = Taken::default();
        while let Some(frame) = body.frame().await {
            // Trailers are of no use to anyone here.
            let Ok(data) = frame.map_err(|_| Refused::BodyBroken)?.into_data() else { continue };
            let before = first.len() + more.bytes;
            if data.len() > self.bytes_max.saturating_sub(before) {
                return Err(Refused::TooLarge);
            }
            self.take(&mut taken, before + data.len())?;
            if first.is_empty() && more.is_empty() {
                // Nearly every body comes in one piece and is not copied.
                first = data;
            } else {
                if more.is_empty() {
                    more.extend(&std::mem::take(&mut first));
                }
                more.extend(&data);
            }
        }
        Ok(Held { bytes: if more.is_empty() { first } else { more.whole() }, taken })
    }

    /// Makes room for `bytes` of one body, of which some may be taken already. Nobody waits: who holds some while it waits for more
    /// would keep others out.
    fn take(&self, taken: &mut Taken, bytes: usize) -> Result<(), Refused> {
        let has = taken.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let wants = bytes.saturating_sub(SMALL_BYTES).div_ceil(PIECE_BYTES).saturating_sub(has);
        if wants == 0 {
            return Ok(());
        }
        let wants = u32::try_from(wants).map_err(|_| Refused::TooLarge)?;
        let more = Arc::clone(&self.pieces).try_acquire_many_owned(wants).map_err(|_| Refused::Crowded)?;
        match &mut taken.0 {
            Some(has) => has.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}
