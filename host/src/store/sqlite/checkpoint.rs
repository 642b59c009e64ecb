//! Folds the write-ahead log into the database from a connection and a thread of its own, so that no commit has to wait
//! for it; and after a quiet while asks the writer to give back memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::log::Log;
use super::work::{Command, Work};
use crate::telemetry::Metrics;

/// After a commit the next checkpoint is so far away: the commits in between are folded in together.
const PAUSE: Duration = Duration::from_millis(200);

/// Without a commit for so long the host is at rest.
const QUIET: Duration = Duration::from_secs(10);

/// The thread, and how it hears of commits.
pub(super) struct Checkpointer {
    commits: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread. It ends when this is dropped.
    pub(super) fn start(file: PathBuf, log: Arc<Log>, writer: mpsc::WeakSender<Command>, metrics: Metrics) -> std::io::Result<Self> {
        let (commits, heard) = sync_channel(1);
        let thread =
            std::thread::Builder::new().name("store-checkpoint".to_owned()).spawn(move || run((&file, &log), &heard, &writer, &metrics))?;
        Ok(Self { commits: Some(commits), thread: Some(thread) })
    }

    /// Something was committed.
    pub(super) fn committed(&self) {
        if let Some(commits) = &self.commits {
            // When it has not come to the last one yet, it will find this one too.
            commits.try_send(()).ok();
        }
    }

    /// Ends the thread and waits for that.
    pub(super) fn stop(&mut self) {
        self.commits = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The thread that folds the store's log in ended with a panic");
        }
    }
}

/// Lets commits come together for [`PAUSE`], however many there are. False when nobody commits any more.
fn pause(commits: &Receiver<()>) -> bool {
    let end = Instant::now() + PAUSE;
    loop {
        match commits.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
}

/// The thread's own connection, made when there is none. Without one commits fold the log in, once it is some thousand pages long.
fn connected<'a>(db: &'a mut Option<Connection>, file: &Path) -> Option<&'a Connection> {
    if db.is_none() {
        match Connection::open(file) {
            Ok(opened) => {
                // A checkpoint goes through pages once: memory for them would be wasted.
                opened.pragma_update(None, "cache_size", 16).ok();
                *db = Some(opened);
            }
            Err(error) => tracing::warn!(error = %error, "No second connection for checkpoints, will try again after the next commit"),
        }
    }
    db.as_ref()
}

fn run((file, log): (&Path, &Log), commits: &Receiver<()>, writer: &mpsc::WeakSender<Command>, metrics: &Metrics) {
    let mut db = None;
    let mut at_rest = true;
    loop {
        let heard = if at_rest { commits.recv().map_err(|_| RecvTimeoutError::Disconnected) } else { commits.recv_timeout(QUIET) };
        match heard {
            Ok(()) => {
                at_rest = false;
                if !pause(commits) {
                    return;
                }
                let Some(db) = connected(&mut db, file).filter(|_| !log.is_in_doubt()) else { continue };
                let began = Instant::now();
                match db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
                    Ok(()) => metrics.checkpointed(began.elapsed()),
                    Err(error) => {
                        // It may have been the log that was not synced.
                        log.doubt();
                        metrics.checkpoint_failed(&error);
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                at_rest = true;
                if let Some(writer) = writer.upgrade() {
                    writer.try_send(Command { work: Work::Rest, reply: oneshot::channel().0 }).ok();
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
