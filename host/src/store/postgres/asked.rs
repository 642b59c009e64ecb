//! What was asked of the writer and is not written yet. Who accepts an event keeps a sender waiting and goes first; the rest gets a share
//! of each group, so that it neither holds up the intake nor stands still. What comes while a group is committed makes the next one.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use super::work::{Command, Reply, Work};

/// As many commands wait in the channel; who comes then waits for room. As many may stand here besides.
pub(super) const COMMANDS_MAX: usize = 4_096;

/// As many commands are committed together.
const GROUP_MAX: usize = 512;

/// No further command joins a group that holds so many events and finished runs, but for [`PATIENT_MIN`].
const WEIGHT_MAX: usize = 2_048;

/// Of the rest at least so many join a group, and one for each [`PATIENT_SHARE`] that somebody waits for.
const PATIENT_MIN: usize = 8;
const PATIENT_SHARE: usize = 8;

/// What was asked, by who waits for it.
#[derive(Default)]
pub(super) struct Asked {
    urgent: VecDeque<Command>,
    patient: VecDeque<Command>,
    /// Who wants to hear that the end has come.
    pub(super) closing: Vec<Reply>,
}

impl Asked {
    /// Takes in what has come, waiting for the first. False when nothing is left and nothing will come.
    pub(super) async fn take_in(&mut self, commands: &mut mpsc::Receiver<Command>) -> bool {
        if self.len() == 0 {
            match commands.recv().await {
                Some(command) => self.add(command, commands),
                None => return false,
            }
        }
        while self.len() < COMMANDS_MAX
            && let Ok(command) = commands.try_recv()
        {
            self.add(command, commands);
        }
        true
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

    fn len(&self) -> usize {
        self.urgent.len() + self.patient.len()
    }

    fn add(&mut self, command: Command, commands: &mut mpsc::Receiver<Command>) {
        match command.work {
            Work::Accept(_) => self.urgent.push_back(command),
            Work::Close => {
                // From here on nothing new comes in; what stands here is still done.
                commands.close();
                self.closing.push(command.reply);
            }
            _ => self.patient.push_back(command),
        }
    }
}

#[cfg(test)]
mod tests;
