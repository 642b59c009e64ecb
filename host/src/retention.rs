//! Lets go what is older than the operator keeps, little by little, so that the file stays as large as what it holds.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use crate::clock::{self, Clock};
use crate::config::Keep;
use crate::store::{Cutoff, Part, Store, StoreError};

/// From one walk to the next. The first one comes this much after the start too: a start has other things to do.
const PAUSE: Duration = Duration::from_secs(3600);
/// Walks that go on where the last one ended. The next one begins anew, for what could not be let go when it was looked at.
const ROUND: u32 = 24;
/// Events that are looked at in one commit.
const STEP: u32 = 200;
/// Between two commits, so that others have their turn.
const BREATH: Duration = Duration::from_millis(20);

/// Walks through the events and lets go what is old.
pub struct Retention {
    store: Arc<dyn Store>,
    clock: Clock,
    keep: Keep,
}

impl Retention {
    /// For what is in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Clock, keep: Keep) -> Self {
        Self { store, clock, keep }
    }

    /// Walks each hour until `stop`, or until the store is closed.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let walks = async {
            let mut walks = [0; Part::ALL.len()];
            for turn in 1_u32.. {
                tokio::time::sleep(PAUSE).await;
                if self.clock.is_in_doubt() {
                    warn!("Nothing is let go: the machine's clock was set, and what is old is not known for sure; a restart settles it");
                    continue;
                }
                if turn.is_multiple_of(ROUND) {
                    walks = [0; Part::ALL.len()];
                }
                for (part, after) in Part::ALL.into_iter().zip(&mut walks) {
                    match self.walk(part, after).await {
                        Ok(0) => {}
                        Ok(events) => info!(events, "Let go {} of {events} events", shown(part)),
                        Err(StoreError::Closed) => return,
                        Err(error) => warn!(%error, "Old {} could not be let go, will try again", shown(part)),
                    }
                }
            }
        };
        tokio::select! {
            () = walks => {}
            () = stop => {}
        }
    }

    /// Lets go one part of all that is old enough behind `after`, which moves along, and gives of how many events.
    ///
    /// # Errors
    ///
    /// As [`Store::prune`]; what was let go before is gone.
    pub async fn walk(&self, part: Part, after: &mut i64) -> Result<u64, StoreError> {
        let keep = match part {
            Part::Bodies => self.keep.bodies,
            Part::Details => self.keep.details,
            Part::Events => self.keep.events,
        };
        let Some(keep) = keep else { return Ok(0) };
        let now = self.clock.now();
        let cutoff = Cutoff { part, before: clock::before(now, keep), now };
        let mut changed = 0;
        loop {
            let walked = self.store.prune(cutoff, *after, STEP).await?;
            changed += u64::from(walked.changed);
            let Some(next) = walked.next else { return Ok(changed) };
            *after = next;
            tokio::time::sleep(BREATH).await;
        }
    }
}

fn shown(part: Part) -> &'static str {
    match part {
        Part::Bodies => "what came in and went nowhere",
        Part::Details => "details",
        Part::Events => "all",
    }
}
