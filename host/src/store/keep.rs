//! How long things are kept, and forgetting a person.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Forgetting a worker goes through all that is kept so often, at most.
const ROUNDS_MAX: u32 = 3;

/// What is let go of events that are old enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The payloads of events that went to no plugin: ignored and unreadable ones, as they came.
    Bodies,
    /// Of events that are done with: payloads, snapshots, log lines, what runs read, and the deliveries that ended well with their
    /// receipts. What was given up keeps all of it.
    Details,
    /// The events themselves with all that belongs to them, dead letters too. What still waits stays, and so do dedup keys, once
    /// keys, plugins' state, badges, and the newest result of each task.
    Events,
}

impl Part {
    /// All parts, the smallest first.
    pub const ALL: [Self; 3] = [Self::Bodies, Self::Details, Self::Events];
}

/// How far a walk through the events has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// Where to go on; none when there is nothing more for now.
    pub next: Option<i64>,
    /// Of how many events something was let go or changed.
    pub changed: u32,
}

/// Whom to forget, and where: the platform's id of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// The worker's id.
    pub worker: String,
    /// What stands in its place from now on, where the worker's answers still count.
    pub alias: String,
    /// A member of JSON objects in which the project's sender posts ids of workers, beside those that are known.
    pub member: Option<String>,
}

/// How far forgetting has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForgetStep {
    /// In how many rows the id was found.
    pub changed: u32,
    /// Where to go on; none at the end.
    pub next: Option<String>,
}

/// Events older than this are let go, part by part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cutoff {
    /// What is let go.
    pub part: Part,
    /// Of events that were received before this.
    pub before: Timestamp,
    /// The time: what was received after it was stamped by a clock that was wrong, and is passed over.
    pub now: Timestamp,
}

/// How often a walk that forgets a worker has gone through all that is kept. It goes round again when it found the id, for what runs wrote
/// behind its back, until a round finds nothing or was the last of [`ROUNDS_MAX`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Round {
    /// Counted from 1.
    number: u32,
    /// Whether this round has found the id.
    found: bool,
}

impl Round {
    /// Where a walk goes on that was told so before. At `beginning`, in its first round, when it was told nothing, or by a host that went
    /// another way: what lies behind a place is not the same there.
    pub(super) fn told<P: DeserializeOwned>(after: Option<&str>, beginning: P) -> (Self, P) {
        let told = after.and_then(|after| serde_json::from_str(after).ok());
        told.unwrap_or((Self { number: 1, found: false }, beginning))
    }

    /// What a step comes to that found the id in `changed` rows. `next` is where it ended; none at the end of the round.
    pub(super) fn step<P: Serialize>(self, changed: u32, next: Option<P>, beginning: P) -> ForgetStep {
        let found = self.found || changed > 0;
        let place = match next {
            Some(next) => Some((Self { found, ..self }, next)),
            None if found && self.number < ROUNDS_MAX => Some((Self { number: self.number + 1, found: false }, beginning)),
            None => None,
        };
        ForgetStep { changed, next: place.map(|place| serde_json::json!(place).to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many steps a walk takes whose rounds are of two steps, when a step finds as much as `found` says.
    fn steps(found: impl Fn(u32) -> u32) -> u32 {
        let mut after: Option<String> = None;
        for number in 0..100 {
            let (round, at) = Round::told(after.as_deref(), 0_u8);
            after = round.step(found(number), (at == 0).then_some(1), 0).next;
            if after.is_none() {
                return number + 1;
            }
        }
        panic!("it has no end")
    }

    #[test]
    fn a_walk_goes_round_again_while_it_finds_the_id_and_not_for_ever() {
        assert_eq!(steps(|_| 0), 2);
        assert_eq!(steps(|number| u32::from(number == 0)), 4);
        assert_eq!(steps(|number| u32::from(number == 1)), 4);
        assert_eq!(steps(|number| u32::from(number == 0 || number == 3)), 6);
        assert_eq!(steps(|_| 1), 6);
    }
}
