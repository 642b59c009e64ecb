//! What stands in line for the writer, and for how long it waits for more before the next group is written.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::settle::Reply;
use super::work::{Command, Work};
use crate::store::shares::Shares;

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
    waiting: Shares<Command>,
    /// Whether the last group was long.
    is_busy: bool,
    /// Who wants to hear that the end has come.
    pub(super) closing: Vec<Reply>,
}

impl Line {
    /// Takes in what has come, waiting for the first. False when nothing is left and nothing will come.
    pub(super) fn take_in(&mut self, commands: &mut mpsc::Receiver<Command>) -> bool {
        if self.waiting.len() == 0 {
            match commands.blocking_recv() {
                Some(command) => self.add(command, commands),
                None => return false,
            }
        }
        self.take_what_is_there(commands);
        true
    }

    fn take_what_is_there(&mut self, commands: &mut mpsc::Receiver<Command>) {
        while self.waiting.has_room()
            && let Ok(command) = commands.try_recv()
        {
            self.add(command, commands);
        }
    }

    /// Takes in more for a short while, as long as there are fewer than are worth a commit and than `under_way`.
    pub(super) fn gather(&mut self, commands: &mut mpsc::Receiver<Command>, under_way: usize) {
        let began = Instant::now();
        while self.closing.is_empty() && self.waiting.len() < ENOUGH.min(under_way) && began.elapsed() < self.patience() {
            std::thread::sleep(LOOK);
            self.take_what_is_there(commands);
        }
    }

    /// How long those who stand in line may be kept waiting for others.
    fn patience(&self) -> Duration {
        match (self.waiting.keeps_waiting(), self.is_busy) {
            (false, _) => GATHER,
            (true, true) => GATHER_URGENT,
            (true, false) => Duration::ZERO,
        }
    }

    /// The next group, in the order in which its commands came among their kind.
    pub(super) fn group(&mut self) -> Vec<Command> {
        let group = self.waiting.group(|command| command.work.weight());
        self.is_busy = group.len() >= BUSY;
        group
    }

    fn add(&mut self, command: Command, commands: &mut mpsc::Receiver<Command>) {
        match command.work {
            Work::Accept(_) => self.waiting.add(command, true),
            Work::Close => {
                // From here on nothing new comes in; what stands in line is still done.
                commands.close();
                self.closing.push(command.reply);
            }
            _ => self.waiting.add(command, false),
        }
    }
}

#[cfg(test)]
mod tests;
