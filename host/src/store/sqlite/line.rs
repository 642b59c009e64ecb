//! What stands in line for the writer, and which of it is written next. Who accepts an event keeps a sender waiting and goes first; the
//! rest gets a share of each group, so that it neither holds up the intake nor stands still.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::settle::Reply;
use super::work::{Command, Work};

/// As many commands wait in the channel; who comes then waits for room. As many may stand in line besides.
pub(super) const COMMANDS_MAX: usize = 4_096;

/// As many commands are committed together.
const GROUP_MAX: usize = 512;

/// No further command joins a group that holds so many events and finished runs, but for [`PATIENT_MIN`].
const WEIGHT_MAX: usize = 2_048;

/// Of the rest at least so many join a group, and one for each [`PATIENT_SHARE`] that somebody waits for. While it waits to be recorded no more is
/// run, which leaves the processor to the intake too.
const PATIENT_MIN: usize = 8;
const PATIENT_SHARE: usize = 8;

/// With less than this the writer waits for more, where nobody is kept waiting and more is under way: a commit costs more than what it holds.
const ENOUGH: usize = 64;

/// It waits no longer than this.
const GATHER: Duration = Duration::from_millis(3);

/// The line.
#[derive(Default)]
pub(super) struct Line {
    urgent: VecDeque<Command>,
    patient: VecDeque<Command>,
    /// Who wants to hear that the end has come.
    pub(super) closing: Vec<Reply>,
}

impl Line {
    /// Takes in what has come, waiting for the first. False when nothing is left and nothing will come.
    pub(super) fn take_in(&mut self, commands: &mut mpsc::Receiver<Command>) -> bool {
        if self.is_empty() {
            match commands.blocking_recv() {
                Some(command) => self.add(command, commands),
                None => return false,
            }
        }
        while self.has_room()
            && let Ok(command) = commands.try_recv()
        {
            self.add(command, commands);
        }
        true
    }

    /// Takes in more while only patient commands stand in line, fewer than are worth a commit and than `under_way`, for a short while.
    pub(super) fn gather(&mut self, commands: &mut mpsc::Receiver<Command>, under_way: usize) {
        let end = Instant::now() + GATHER;
        while self.urgent.is_empty()
            && self.closing.is_empty()
            && self.patient.len() < ENOUGH.min(under_way)
            && let Some(command) = next_until(commands, end)
        {
            self.add(command, commands);
        }
    }

    /// The next group, in the order in which its commands came among their kind.
    pub(super) fn group(&mut self) -> Vec<Command> {
        let (mut group, mut weight) = (Vec::new(), 0);
        while group.len() < GROUP_MAX
            && weight < WEIGHT_MAX
            && let Some(command) = self.urgent.pop_front()
        {
            weight += command.work.weight();
            group.push(command);
        }
        let (share, mut taken) = (if group.is_empty() { GROUP_MAX } else { PATIENT_MIN.max(group.len() / PATIENT_SHARE) }, 0);
        while taken < share
            && (taken < PATIENT_MIN || weight < WEIGHT_MAX)
            && let Some(command) = self.patient.pop_front()
        {
            taken += 1;
            weight += command.work.weight();
            group.push(command);
        }
        group
    }

    fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.patient.is_empty()
    }

    fn has_room(&self) -> bool {
        self.urgent.len() + self.patient.len() < COMMANDS_MAX
    }

    fn add(&mut self, command: Command, commands: &mut mpsc::Receiver<Command>) {
        match command.work {
            Work::Accept(_) => self.urgent.push_back(command),
            Work::Close => {
                // From here on nothing new comes in; what stands in line is still done.
                commands.close();
                self.closing.push(command.reply);
            }
            _ => self.patient.push_back(command),
        }
    }
}

/// The next command, if one comes until `end`.
fn next_until(commands: &mut mpsc::Receiver<Command>, end: Instant) -> Option<Command> {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(command) = commands.poll_recv(&mut context) {
            return command;
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        std::thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests;
