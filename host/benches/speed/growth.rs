//! What becomes of a host as its store grows: how fast it accepts and drains, how quick its pages are, what an event takes on the disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use rusqlite::{Connection, OpenFlags};

use super::backlog::{self, Kept};
use super::client;
use super::drain::until_drained;
use super::figures::{self, Figures, at_size};
use super::folder::{self, Addresses, JOB, Platform, Project};
use super::plan::Plan;
use super::posts::Posts;
use super::process::Host;
use super::progress;
use super::throughput::{PLAIN, REST, VOTED};

const CONNECTIONS: usize = 256;
/// That of the project without plugins.
const PLAIN_JOB: i64 = JOB + 1;
/// Handed to a host at a time while its store is made to grow: far fewer than may wait.
const PIECE: u64 = 250_000;
/// Each is asked for so often in a round.
const ASKED: usize = 5;
/// What is asked for, and what it is.
const PAGES: [(&str, &str); 4] =
    [("/", "overview"), ("/events", "page of events"), ("/v1/events", "list of events, API"), ("/v1/status", "status, API")];
const LOOK: Duration = Duration::from_millis(100);

/// A host whose store has grown.
struct Grown {
    stored: u64,
    /// Units that were posted so far.
    units: u64,
    folder: PathBuf,
    addresses: Addresses,
    kept: Kept,
}

/// Makes a store of each size and measures all of them, in turns.
pub(crate) async fn measure(plan: &Plan, program: &Path, below: &Path, figures: &mut Figures) -> anyhow::Result<()> {
    let mut grown: Vec<Grown> = Vec::new();
    for &stored in plan.stored {
        let next = grow(plan, program, below, grown.last(), stored, figures).await?;
        grown.push(next);
    }
    for round in 1..=plan.rounds {
        let mut drained = Vec::new();
        for grown in &grown {
            progress(&format!("growth, round {round} of {}, {} events", plan.rounds, figures::number(grown.stored)));
            drained.push(grown.turn(plan, program, figures).await?);
        }
        if let [first, .., last] = drained[..]
            && let [least, .., most] = *plan.stored
        {
            figures.add(&figures::drain_grown(least, most), "", last / first);
        }
    }
    Ok(())
}

/// A store of `stored` events, on the base of the one before, and a backlog on top of it.
async fn grow(
    plan: &Plan,
    program: &Path,
    below: &Path,
    before: Option<&Grown>,
    stored: u64,
    figures: &mut Figures,
) -> anyhow::Result<Grown> {
    progress(&format!("growing a store to {} events", figures::number(stored)));
    let folder = below.join(format!("grown-{stored}"));
    let projects = [
        Project { name: PLAIN, platform: Platform::Appen(PLAIN_JOB), components: &[] },
        Project { name: VOTED, platform: Platform::Appen(JOB), components: &["majority-vote"] },
    ];
    let addresses = folder::fill(&folder, &projects)?;
    // What the one before holds as its backlog is handled here.
    let (mut done, mut handed) = (0, 0);
    if let Some(before) = before {
        before.kept.give(&folder)?;
        (done, handed) = (before.units - plan.backlog, before.units);
    }
    // Each post leads to two events: itself and what the vote emits.
    let wanted = stored / 2;
    while done < wanted {
        let count = wanted.saturating_sub(handed).min(PIECE);
        backlog::leave(&folder, &[backlog::voter()?], handed + 1, count).await?;
        handed += count;
        let host = Host::start(program, &folder, addresses, 2)?;
        until_drained(&host, done, handed - done, plan.fill_max).await?;
        done = handed;
        until_counted(&folder, plan.fill_max).await?;
        let bytes = host.end()?;
        if done == wanted {
            #[expect(clippy::cast_precision_loss, reason = "no store has 2^52 bytes")]
            figures.add(&at_size("on disk per event", stored), "B", bytes as f64 / stored as f64);
        }
    }
    backlog::leave(&folder, &[backlog::voter()?], handed + 1, plan.backlog).await?;
    let kept = Kept::of(&folder)?;
    Ok(Grown { stored, units: handed + plan.backlog, folder, addresses, kept })
}

impl Grown {
    /// The rate at which it drained, and all the rest as figures.
    async fn turn(&self, plan: &Plan, program: &Path, figures: &mut Figures) -> anyhow::Result<f64> {
        self.kept.restore()?;
        let host = Host::start(program, &self.folder, self.addresses, 2)?;
        let drained = until_drained(&host, self.units - plan.backlog, plan.backlog, plan.turn_max).await?;
        figures.add(&at_size("drain", self.stored), "/s", drained);
        tokio::time::sleep(REST).await;
        let posts = Arc::new(Posts::about(PLAIN_JOB, PLAIN, 1, plan.grown_requests));
        let before = host.total("events")?;
        let accepting = client::closed(self.addresses.hooks, CONNECTIONS, &posts, plan.grown_requests);
        let accepted = tokio::time::timeout(plan.turn_max, accepting).await??;
        ensure!(host.total("events")? == before + plan.grown_requests as u64, "not every accepted event is stored");
        figures.add(&at_size("accept", self.stored), "/s", accepted.per_second());
        tokio::time::sleep(REST).await;
        for (path, what) in PAGES {
            for _ in 0..ASKED {
                figures.took(&at_size(what, self.stored), host.time_of(path)?);
            }
        }
        host.end()?;
        Ok(drained)
    }
}

/// Waits until what counts behind the events has come to the last one, so that it is not at it while others are measured.
async fn until_counted(folder: &Path, wait: Duration) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let db = Connection::open_with_flags(backlog::database(folder), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        if db.query_row("SELECT (SELECT event FROM counted) >= (SELECT event FROM counter)", [], |row| row.get(0))? {
            return Ok(());
        }
        ensure!(began.elapsed() < wait, "not every analysis is counted after {} s", wait.as_secs());
        tokio::time::sleep(LOOK).await;
    }
}
