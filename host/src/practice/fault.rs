//! What can go wrong with a platform, as switches.
//!
//! Each fault says whether the call still took effect: a `PUT` whose answer was lost is a
//! different test from one that never arrived.

use std::time::Duration;

use super::pybossa::Endpoint;

/// A way for the practice PYBOSSA to misbehave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers this status with a short HTML page, as a proxy in front of a dead server does
    /// (502, 503, 504). The call takes no effect.
    Status(u16),
    /// Answers 500 in PYBOSSA's error shape. The call takes no effect.
    ServerError,
    /// Answers 500 with a whole HTML page. The call takes no effect.
    ErrorPage,
    /// Answers 429 whatever the count is, with a window that ends within the usual time. The
    /// call takes no effect.
    TooManyRequests,
    /// Does the call, then waits this long before it answers.
    Slow(Duration),
    /// Never answers: the connection is closed when faults are cleared or after ten minutes.
    /// The call takes no effect.
    Hang,
    /// Does the call and closes the connection after this many bytes of the body.
    CutBody {
        /// Bytes of the body that still leave.
        after_bytes: usize,
    },
    /// Does the call and closes the connection without an answer.
    LoseAnswer,
    /// Does the call and answers 200 with JSON of another type than promised: text where an
    /// object or list should be.
    WrongType,
    /// Does the call and answers 200 with the first half of its JSON as if it were all.
    BrokenJson,
}

impl Fault {
    /// Whether the call is done before the fault shows.
    pub(super) fn takes_effect(&self) -> bool {
        matches!(self, Self::Slow(_) | Self::CutBody { .. } | Self::LoseAnswer | Self::WrongType | Self::BrokenJson)
    }
}

/// A fault, for which endpoint, and for how many calls.
#[derive(Debug)]
struct Rule {
    endpoint: Option<Endpoint>,
    fault: Fault,
    calls_left: Option<u32>,
}

/// The faults that are switched on. The first that fits a call applies to it.
#[derive(Debug, Default)]
pub(super) struct Faults {
    rules: Vec<Rule>,
}

impl Faults {
    pub(super) fn add(&mut self, endpoint: Option<Endpoint>, fault: Fault, calls: Option<u32>) {
        self.rules.push(Rule { endpoint, fault, calls_left: calls });
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
    }

    /// The fault for a call at `endpoint`, which it then has used up once.
    pub(super) fn take(&mut self, endpoint: Endpoint) -> Option<Fault> {
        self.rules.retain(|rule| rule.calls_left != Some(0));
        let rule = self.rules.iter_mut().find(|rule| rule.endpoint.is_none_or(|wanted| wanted == endpoint))?;
        if let Some(left) = &mut rule.calls_left {
            *left -= 1;
        }
        Some(rule.fault.clone())
    }
}
