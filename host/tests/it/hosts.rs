//! Two and three hosts on one PostgreSQL, under load, while hosts are killed and stopped, sessions end, the server is started again and the
//! way to it dies. Whatever one of them said 200 to is handled exactly once in the end.

/// What goes wrong.
mod fault;
/// The hosts, each behind a proxy of its own.
mod fleet;
/// A way to the server that can die.
#[path = "../../src/store/postgres/tests/proxy.rs"]
mod proxy;
/// What one round does, and what it finds.
mod round;
/// Posts a stream of events to whichever host takes them.
mod sender;

use std::collections::BTreeSet;

use round::{Found, Plan, Round};

use crate::harness::engine::Cluster;
use crate::harness::soak::number;

/// Rounds of the ordinary suite, which run side by side. Together they have each kind of fault.
const SEEDS: [u64; 3] = [25, 46, 49];
const EVENTS: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn what_hosts_that_share_a_database_took_is_handled_exactly_once_whatever_fails() {
    let plans = SEEDS.map(|seed| Plan::of(seed, EVENTS));
    let kinds: BTreeSet<&str> = plans.iter().flat_map(Plan::kinds).collect();
    assert_eq!(kinds.len(), fault::KINDS, "these seeds have no more than {kinds:?}");
    let rounds = plans.iter().map(async |plan| {
        let cluster = Cluster::own()?;
        Some(Round::run(plan, &cluster).await)
    });
    for found in futures_util::future::join_all(rounds).await.into_iter().flatten() {
        println!("{found}");
        found.is_well();
    }
}

#[ignore = "takes half an hour: `cargo xtask soak hosts`"]
#[tokio::test(flavor = "multi_thread")]
async fn soak() {
    let (rounds, events, seed) = (number("ROUNDS", 100_u64), number("EVENTS", 150), number("SEED", 1_u64));
    let cluster = Cluster::own().expect("`cargo xtask soak hosts` wants Debian's package `postgresql`");
    let mut all = Vec::new();
    for round in 0..rounds {
        let found = Round::run(&Plan::of(seed + round, events), &cluster).await;
        println!("round {} of {rounds}, {found}", round + 1);
        found.is_well();
        all.push(found);
    }
    println!("{}", Found::summed(&all));
}
