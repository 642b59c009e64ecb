use tokio::sync::oneshot;

use super::super::work::Leases;
use super::*;
use crate::store::conformance::bench::completed;
use crate::store::shares::COMMANDS_MAX;

fn command(work: Work) -> Command {
    Command { work, reply: oneshot::channel().0 }
}

fn accepting(events: usize) -> Command {
    command(Work::Accept((0..events).map(|event| completed("birds", &event.to_string(), &[])).collect()))
}

fn patient() -> Command {
    command(Work::GiveBack(Leases::Invocations(Vec::new())))
}

/// So many of each kind, of which those that nobody waits for came first.
async fn asked(urgent: usize, patients: usize) -> Asked {
    let (sender, mut commands) = mpsc::channel(COMMANDS_MAX);
    (0..patients).for_each(|_| sender.try_send(patient()).unwrap());
    (0..urgent).for_each(|_| sender.try_send(accepting(1)).unwrap());
    let mut asked = Asked::default();
    assert!(asked.take_in(&mut commands).await);
    asked
}

/// How many of each kind are in the next group.
fn next(asked: &mut Asked) -> (usize, usize) {
    let group = asked.group();
    let urgent = group.iter().take_while(|command| matches!(command.work, Work::Accept(_))).count();
    assert!(group.iter().skip(urgent).all(|command| matches!(command.work, Work::GiveBack(_))), "they come in two parts");
    (urgent, group.len() - urgent)
}

#[tokio::test]
async fn who_keeps_a_sender_waiting_goes_first_and_the_rest_gets_its_share() {
    let mut busy = asked(100, 1_000).await;
    assert_eq!(next(&mut busy), (100, 12));
    assert_eq!(next(&mut busy), (0, 512), "nobody waits any more");
    assert_eq!(next(&mut busy), (0, 476));
    assert_eq!(next(&mut busy), (0, 0));
    assert_eq!(next(&mut asked(1, 20).await), (1, 8));
    let mut flooded = asked(1_000, 1_000).await;
    assert_eq!((next(&mut flooded), next(&mut flooded)), ((512, 64), (488, 61)));
}

#[tokio::test]
async fn a_group_holds_no_more_events_than_a_transaction_should() {
    let (sender, mut commands) = mpsc::channel(8);
    (0..4).for_each(|_| sender.try_send(accepting(1_000)).unwrap());
    sender.try_send(patient()).unwrap();
    let mut asked = Asked::default();
    assert!(asked.take_in(&mut commands).await);
    assert_eq!(next(&mut asked), (3, 1), "a few that nobody waits for join it all the same");
    assert_eq!(next(&mut asked), (1, 0));
}

#[tokio::test]
async fn what_was_asked_is_done_before_the_end() {
    let (sender, mut commands) = mpsc::channel(8);
    for command in [patient(), command(Work::Close), patient()] {
        sender.try_send(command).unwrap();
    }
    let mut asked = Asked::default();
    assert!(asked.take_in(&mut commands).await);
    assert!(sender.try_send(patient()).is_err(), "nothing new comes in");
    assert_eq!((next(&mut asked), asked.closing.len()), ((0, 2), 1));
    assert!(!asked.take_in(&mut commands).await);
}
