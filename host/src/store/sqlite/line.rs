//! What stands in line for the writer, and which of it is written next. Who accepts an event keeps a sender waiting and goes first; the
//! rest gets a share of each group, so that it neither holds up the intake nor stands still.

use std::collections::VecDeque;
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

/// With less than this the writer waits for more, where more is under way and a commit would cost more than what it holds: nobody is kept waiting,
/// or the group before was at least [`BUSY`] long.
const ENOUGH: usize = 128;

/// A group that is so long shows that much is going on; the next one will not be short.
const BUSY: usize = 16;

/// It waits no longer than this, and less where somebody is kept waiting.
const GATHER: Duration = Duration::from_millis(3);
const GATHER_URGENT: Duration = Duration::from_millis(2);

/// So often it looks what has come meanwhile: to be woken by each command would cost more than the command.
const LOOK: Duration = Duration::from_micros(500);

/// The line.
#[derive(Default)]
pub(super) struct Line {
    urgent: VecDeque<Command>,
    patient: VecDeque<Command>,
    /// Whether the last group was long.
    is_busy: bool,
    /// Who wants to hear that the end has come.
    pub(super) closing: Vec<Reply>,
}

impl Line {
    /// Takes in what has come, waiting for the first. False when nothing is left and nothing will come.
    pub(super) fn take_in(&mut self, commands: &mut mpsc::Receiver<Command>) -> bool {
        if self.len() == 0 {
            match commands.blocking_recv() {
                Some(command) => self.add(command, commands),
                None => return false,
            }
        }
        self.take_what_is_there(commands);
        true
    }

    fn take_what_is_there(&mut self, commands: &mut mpsc::Receiver<Command>) {
        while self.has_room()
            && let Ok(command) = commands.try_recv()
        {
            self.add(command, commands);
        }
    }

    /// Takes in more for a short while, as long as there are fewer than are worth a commit and than `under_way`.
    pub(super) fn gather(&mut self, commands: &mut mpsc::Receiver<Command>, under_way: usize) {
        let began = Instant::now();
        while self.closing.is_empty() && self.len() < ENOUGH.min(under_way) && began.elapsed() < self.patience() {
            std::thread::sleep(LOOK);
            self.take_what_is_there(commands);
        }
    }

    /// How long those who stand in line may be kept waiting for others.
    fn patience(&self) -> Duration {
        match (self.urgent.is_empty(), self.is_busy) {
            (true, _) => GATHER,
            (false, true) => GATHER_URGENT,
            (false, false) => Duration::ZERO,
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
        self.is_busy = group.len() >= BUSY;
        group
    }

    fn len(&self) -> usize {
        self.urgent.len() + self.patient.len()
    }

    fn has_room(&self) -> bool {
        self.len() < COMMANDS_MAX
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

#[cfg(test)]
mod tests;
