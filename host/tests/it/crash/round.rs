//! One round: a stream of events, a host that is killed at moments which the seed decides, and a look at what became of each event.

use std::fmt;

use crowdhook::store::Totals;

use super::sender::Sender;
use crate::harness::chance::Chance;
use crate::harness::folder::Folder;
use crate::harness::patience::{eventually, until};
use crate::harness::process::Process;
use crate::harness::stream::Stream;

/// What a round does.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Distinct events.
    pub events: usize,
    /// How often the host is killed.
    pub kills: usize,
    /// Decides about everything that is left to chance.
    pub seed: u64,
}

/// What a round found.
#[derive(Debug)]
pub struct Found {
    /// Events that were answered 200 and were gone after a kill, or not handled in the end.
    pub lost: usize,
    /// Events that were handled more than once.
    pub twice: usize,
    events: usize,
    kills: usize,
    failed: usize,
    totals: Totals,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lost, twice, events, kills, failed, totals } = self;
        write!(f, "{events} events, {kills} kills, {failed} posts without an answer, {} runs: lost {lost}, twice {twice}", totals.runs)
    }
}

/// One round on its way.
pub struct Round {
    folder: Folder,
    stream: Stream,
}

impl Round {
    /// Runs one round and looks at every event.
    pub async fn run(plan: &Plan) -> Found {
        let stream = Stream::prepare(plan.events).await;
        let round = Self { folder: Folder::new(), stream };
        round.stream.set_up(&round.folder);
        let mut chance = Chance(plan.seed);
        let order = round.stream.order(&mut chance);
        // The last kill comes when all is taken and much of it still waits.
        let mut moments: Vec<usize> = (1..plan.kills).map(|_| chance.below(order.len())).collect();
        moments.sort_unstable();
        moments.push(order.len());

        let mut host = Process::start(&round.folder).await;
        let mut gone = 0;
        let sender = Sender::start(round.folder.listen, round.stream.requests.clone(), order);
        for moment in moments {
            until(&format!("{moment} posts are taken"), async || sender.taken() >= moment).await;
            // So that not each kill comes upon the end of a commit.
            for _ in 0..chance.below(2000) {
                std::hint::spin_loop();
            }
            let ledger = sender.ledger();
            host.kill();
            gone += round.stream.gone(round.folder.read_store().as_ref(), &ledger).await;
            host = Process::start(&round.folder).await;
        }
        let failed = sender.finished().await;
        round.drained().await;
        let status = host.stop().await;
        assert!(status.success(), "the host ended with {status}");
        let handled = round.stream.look(round.folder.read_store().as_ref()).await;
        let Plan { events, kills, .. } = *plan;
        Found { lost: handled.lost + gone, twice: handled.twice, events, kills, failed, totals: handled.totals }
    }

    /// Waits until nothing waits any more.
    async fn drained(&self) {
        let what = "no invocation and no delivery waits any more";
        let looked = async || {
            let totals = self.folder.read_store().totals().await.unwrap();
            (totals.waiting == 0 && totals.deliveries_waiting == 0).then_some(())
        };
        eventually(what, looked).await;
    }
}
