//! The host is killed in the middle of a stream of events, again and again. Whatever it said 200 to is handled exactly once in the
//! end: counted once by a plugin, voted on once, told to other plugins once.

/// A vote and all that follows from it, with a kill somewhere on the way.
mod chain;
/// What one round looks at, and what it finds.
mod round;
/// Posts a stream of events until each was taken.
mod sender;

use round::{Plan, Round};

use crate::harness::soak::number;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_200_is_handled_exactly_once_whenever_the_host_is_killed() {
    let found = Round::run(&Plan { events: 200, kills: 3, seed: 1 }).await;
    assert_eq!((found.lost, found.twice), (0, 0), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_effect_of_a_chain_happens_once_whenever_the_host_is_killed() {
    let found = chain::run(10, 1).await;
    assert_eq!((found.missing, found.twice), (0, 0), "{found}");
}

#[ignore = "takes minutes: `cargo xtask soak kill`"]
#[tokio::test(flavor = "multi_thread")]
async fn soak() {
    let plan = Plan { events: number("EVENTS", 5000), kills: number("KILLS", 5), seed: 0 };
    let (rounds, seed) = (number("ROUNDS", 10_usize), number("SEED", 1));
    let (mut lost, mut twice) = (0, 0);
    for round in 0..rounds {
        let seed = u64::try_from(seed + round).unwrap();
        let found = Round::run(&Plan { seed, ..plan }).await;
        println!("round {} of {rounds}, seed {seed}: {found}", round + 1);
        lost += found.lost;
        twice += found.twice;
    }
    println!("accepted-and-lost {lost}, handled twice {twice}");
    let found = chain::run(number("CHAINS", 200), u64::try_from(seed).unwrap()).await;
    println!("a vote and all that follows, {found}");
    assert_eq!((lost, twice, found.missing, found.twice), (0, 0, 0, 0));
}
