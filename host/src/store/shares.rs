//! What the writer of an engine was asked and has not written yet, and which of it makes the next group. Who accepts an event keeps a sender
//! waiting and goes first; the rest gets a share of each group, so that it neither holds up the intake nor stands still. Pure.

use std::collections::VecDeque;

/// As many commands wait in a writer's channel; who comes then waits for room. As many may stand here besides.
pub(super) const COMMANDS_MAX: usize = 4_096;

/// As many commands are committed together.
const GROUP_MAX: usize = 512;

/// No further command joins a group that holds so many events and finished runs, but for [`PATIENT_MIN`].
const WEIGHT_MAX: usize = 2_048;

/// Of the rest at least so many join a group, and one for each [`PATIENT_SHARE`] that somebody waits for. While it waits to be recorded no more is
/// run, which leaves the processor to the intake too.
const PATIENT_MIN: usize = 8;
const PATIENT_SHARE: usize = 8;

/// Commands in the order in which they came among their kind.
pub(super) struct Shares<C> {
    urgent: VecDeque<C>,
    patient: VecDeque<C>,
}

impl<C> Default for Shares<C> {
    fn default() -> Self {
        Self { urgent: VecDeque::new(), patient: VecDeque::new() }
    }
}

impl<C> Shares<C> {
    /// `is_urgent`: a sender is kept waiting for it.
    pub(super) fn add(&mut self, command: C, is_urgent: bool) {
        if is_urgent { self.urgent.push_back(command) } else { self.patient.push_back(command) }
    }

    /// The next group, in the order in which its commands came among their kind. `weight` is how many events and finished runs one holds.
    pub(super) fn group(&mut self, weight: impl Fn(&C) -> usize) -> Vec<C> {
        let (mut group, mut heavy) = (Vec::new(), 0);
        while group.len() < GROUP_MAX
            && heavy < WEIGHT_MAX
            && let Some(command) = self.urgent.pop_front()
        {
            heavy += weight(&command);
            group.push(command);
        }
        let (share, mut taken) = (if group.is_empty() { GROUP_MAX } else { PATIENT_MIN.max(group.len() / PATIENT_SHARE) }, 0);
        while taken < share
            && (taken < PATIENT_MIN || heavy < WEIGHT_MAX)
            && let Some(command) = self.patient.pop_front()
        {
            taken += 1;
            heavy += weight(&command);
            group.push(command);
        }
        group
    }

    pub(super) fn len(&self) -> usize {
        self.urgent.len() + self.patient.len()
    }

    /// Whether there is room for a command more.
    pub(super) fn has_room(&self) -> bool {
        self.len() < COMMANDS_MAX
    }

    /// Whether a sender is kept waiting for one of them.
    pub(super) fn keeps_waiting(&self) -> bool {
        !self.urgent.is_empty()
    }
}
