//! What was asked of the writer and is not written yet. What comes while a group is committed makes the next one.

use tokio::sync::mpsc;

use super::work::{Command, Reply, Work};
use crate::store::shares::Shares;

/// What was asked.
#[derive(Default)]
pub(super) struct Asked {
    waiting: Shares<Command>,
    /// Who wants to hear that the end has come.
    pub(super) closing: Vec<Reply>,
}

impl Asked {
    /// Takes in what has come, waiting for the first. False when nothing is left and nothing will come.
    pub(super) async fn take_in(&mut self, commands: &mut mpsc::Receiver<Command>) -> bool {
        if self.waiting.len() == 0 {
            match commands.recv().await {
                Some(command) => self.add(command, commands),
                None => return false,
            }
        }
        while self.waiting.has_room()
            && let Ok(command) = commands.try_recv()
        {
            self.add(command, commands);
        }
        true
    }

    /// The next group, in the order in which its commands came among their kind.
    pub(super) fn group(&mut self) -> Vec<Command> {
        self.waiting.group(|command| command.work.weight())
    }

    fn add(&mut self, command: Command, commands: &mut mpsc::Receiver<Command>) {
        match command.work {
            Work::Accept(_) => self.waiting.add(command, true),
            Work::Close => {
                // From here on nothing new comes in; what stands here is still done.
                commands.close();
                self.closing.push(command.reply);
            }
            _ => self.waiting.add(command, false),
        }
    }
}

#[cfg(test)]
mod tests;
