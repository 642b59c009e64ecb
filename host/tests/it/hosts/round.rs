//! One round: hosts that share a database take a stream of events while things go wrong, then all is well again until nothing waits, and
//! each event is looked at.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use crowdhook::store::Store;

use super::fault::Fault;
use super::fleet::Fleet;
use super::sender::Sender;
use crate::harness::chance::Chance;
use crate::harness::engine::Cluster;
use crate::harness::patience::eventually_within;
use crate::harness::peek;
use crate::harness::stream::Stream;

/// All posts are taken within so long, whatever goes wrong.
const STREAM_MAX: Duration = Duration::from_secs(240);
/// Nothing waits any more after so long: what a host was about to deliver it has for two minutes.
const DRAINED_MAX: Duration = Duration::from_secs(200);

/// What a round does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Decides about everything that is left to chance.
    pub seed: u64,
    hosts: usize,
    events: usize,
    /// What goes wrong, and after how many posts were taken.
    faults: Vec<(usize, Fault)>,
}

impl Plan {
    /// What the seed says, for so many distinct events.
    pub fn of(seed: u64, events: usize) -> Self {
        let mut chance = Chance(seed);
        let (hosts, count) = (2 + chance.below(2), 2 + chance.below(2));
        let faults = Fault::draw(&mut chance, count, hosts).into_iter().map(|fault| (chance.below(events), fault)).collect();
        Self { seed, hosts, events, faults }
    }

    /// The kinds of its faults.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.faults.iter().map(|(_, fault)| fault.kind())
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, hosts, events, faults } = self;
        let faults: Vec<String> = faults.iter().map(|(at, fault)| format!("{fault} at {at}")).collect();
        write!(f, "seed {seed}, {hosts} hosts, {events} events, {}", faults.join(", "))
    }
}

/// What a round found.
#[derive(Debug)]
pub struct Found {
    plan: Plan,
    /// Answers of 200, those to repeats among them.
    accepted: usize,
    /// Events that were answered 200 and are gone, or were not handled.
    lost: usize,
    /// Events that were handled more than once.
    twice: usize,
    failed: usize,
    runs: u64,
    stream: Duration,
    drained: Duration,
}

impl Found {
    /// Fails when something was lost or done twice.
    #[track_caller]
    pub fn is_well(&self) {
        assert_eq!((self.lost, self.twice), (0, 0), "{self}");
    }

    /// What all rounds found together.
    pub fn summed(all: &[Self]) -> String {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for kind in all.iter().flat_map(|found| found.plan.kinds()) {
            *kinds.entry(kind).or_default() += 1;
        }
        let sum = |of: fn(&Self) -> usize| all.iter().map(of).sum::<usize>();
        let longest = all.iter().map(|found| found.drained).max().unwrap_or_default();
        format!(
            "{} rounds, {kinds:?}: {} posts answered 200, {} not, accepted-and-lost {}, handled twice {}; \
             nothing waited after {:.1} s at most",
            all.len(),
            sum(|found| found.accepted),
            sum(|found| found.failed),
            sum(|found| found.lost),
            sum(|found| found.twice),
            longest.as_secs_f64()
        )
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, accepted, lost, twice, failed, runs, stream, drained } = self;
        write!(
            f,
            "{plan}: accepted {accepted} in {:.1} s, {failed} tries without a 200, {runs} runs, lost {lost}, twice {twice}, \
             nothing waited {:.1} s later",
            stream.as_secs_f64(),
            drained.as_secs_f64()
        )
    }
}

/// One round on its way.
pub struct Round<'a> {
    plan: &'a Plan,
    stream: Stream,
    fleet: Fleet<'a>,
}

impl<'a> Round<'a> {
    /// Runs one round on a server, and looks at every event.
    pub async fn run(plan: &'a Plan, cluster: &'a Cluster) -> Found {
        let stream = Stream::prepare(plan.events).await;
        let fleet = Fleet::start(cluster, plan.hosts, &stream, plan.to_string()).await;
        let round = Self { plan, stream, fleet };
        let order = round.stream.order(&mut Chance(plan.seed));
        let began = Instant::now();
        let mut sender = Sender::start(round.fleet.listen(), round.stream.requests.clone(), order);
        let gone: usize =
            futures_util::future::join_all(plan.faults.iter().map(|planned| round.suffer(planned, &sender))).await.iter().sum();
        assert!(
            tokio::time::timeout(STREAM_MAX, sender.finished()).await.is_ok(),
            "{} posts are taken within {} s",
            sender.taken(),
            STREAM_MAX.as_secs()
        );
        let stream = began.elapsed();
        let drained = round.drained().await;
        let store = round.fleet.store();
        let handled = round.stream.look(store).await;
        let (undone, done_again) = round.runs(store).await;
        let found = Found {
            plan: plan.clone(),
            accepted: sender.taken(),
            lost: handled.lost + gone + undone,
            twice: handled.twice + done_again,
            failed: sender.failed(),
            runs: handled.totals.runs,
            stream,
            drained,
        };
        if found.lost + found.twice > 0 {
            round.fleet.tell();
        }
        round.fleet.stop().await;
        found
    }

    /// Lets one thing go wrong when it is due. Gives how many posts that were answered 200 before are not in the store afterwards.
    async fn suffer(&self, (at, fault): &(usize, Fault), sender: &Sender) -> usize {
        let what = || format!("{at} posts are taken; so far {}", sender.taken());
        eventually_within(STREAM_MAX, what, async || (sender.taken() >= *at).then_some(())).await;
        let ledger = sender.ledger();
        self.fleet.suffer(fault).await;
        match fault {
            Fault::Restart { .. } => self.stream.gone(self.fleet.store(), &ledger).await,
            _ => 0,
        }
    }

    /// Waits until nothing waits any more, and says how long that took.
    async fn drained(&self) -> Duration {
        let (began, seen) = (Instant::now(), RefCell::new(String::new()));
        let what = || format!("nothing waits any more in {}: {}", self.plan, seen.borrow());
        eventually_within(DRAINED_MAX, what, async || {
            let totals = self.fleet.store().totals().await.ok()?;
            seen.replace(format!("{totals:?}"));
            (totals.waiting == 0 && totals.deliveries_waiting == 0).then_some(())
        })
        .await;
        began.elapsed()
    }

    /// How many runs of plugins that are to end well did not, and how many did more than once.
    async fn runs(&self, store: &dyn Store) -> (usize, usize) {
        let (mut undone, mut again) = (0, 0);
        for kept in peek::events(store).await {
            let plugins: &[&str] = if kept.event.depth == 0 { &["vote", "came"] } else { &["told"] };
            for plugin in plugins {
                let times = kept.outcomes_of(plugin).iter().filter(|outcome| **outcome == "ok").count();
                if times != 1 {
                    eprintln!(
                        "event `{}` of {}: `{plugin}` ended well {times} times",
                        kept.event.id,
                        kept.event.task.as_deref().unwrap_or("?")
                    );
                }
                undone += usize::from(times == 0);
                again += usize::from(times > 1);
            }
        }
        (undone, again)
    }
}
