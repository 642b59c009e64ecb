use tokio::sync::oneshot;

use super::super::work::Incoming;
use super::*;
use crate::store::conformance::bench::completed;
use crate::store::shares::COMMANDS_MAX;

fn command(work: Work) -> Command {
    Command { work, reply: oneshot::channel().0 }
}

fn accepting(events: usize) -> Command {
    command(Work::Accept((0..events).map(|event| Incoming::of(completed("birds", &event.to_string(), &[]))).collect()))
}

/// A line with so many of each kind, in which those that nobody waits for came first.
fn line(urgent: usize, patient: usize) -> Line {
    let (sender, mut commands) = mpsc::channel(COMMANDS_MAX);
    (0..patient).for_each(|_| sender.try_send(command(Work::Rest)).unwrap());
    (0..urgent).for_each(|_| sender.try_send(accepting(1)).unwrap());
    let mut line = Line::default();
    assert!(line.take_in(&mut commands));
    line
}

/// How many of each kind are in the next group.
fn next(line: &mut Line) -> (usize, usize) {
    let group = line.group();
    let urgent = group.iter().take_while(|command| matches!(command.work, Work::Accept(_))).count();
    assert!(group.iter().skip(urgent).all(|command| matches!(command.work, Work::Rest)), "they come in two parts");
    (urgent, group.len() - urgent)
}

#[test]
fn who_keeps_a_sender_waiting_goes_first_and_the_rest_gets_its_share() {
    let mut busy = line(100, 1_000);
    assert_eq!(next(&mut busy), (100, 12));
    assert_eq!(next(&mut busy), (0, 512), "nobody waits any more");
    assert_eq!(next(&mut busy), (0, 476));
    assert_eq!(next(&mut busy), (0, 0));
    assert_eq!(next(&mut line(1, 20)), (1, 8));
    let mut flooded = line(1_000, 1_000);
    assert_eq!((next(&mut flooded), next(&mut flooded)), ((512, 64), (488, 61)));
}

#[test]
fn a_group_holds_no_more_events_than_a_transaction_should() {
    let (sender, mut commands) = mpsc::channel(8);
    (0..4).for_each(|_| sender.try_send(accepting(1_000)).unwrap());
    sender.try_send(command(Work::Rest)).unwrap();
    let mut line = Line::default();
    assert!(line.take_in(&mut commands));
    assert_eq!(next(&mut line), (3, 1), "a few that nobody waits for join it all the same");
    assert_eq!(next(&mut line), (1, 0));
}

#[test]
fn it_waits_for_more_only_where_nobody_is_kept_waiting_or_much_is_going_on() {
    let (sender, mut commands) = mpsc::channel(8);
    let mut line = line(0, 1);
    sender.try_send(command(Work::Rest)).unwrap();
    line.gather(&mut commands, 1);
    assert_eq!(next(&mut line), (0, 1), "nothing else was under way");

    let mut line = self::line(0, 1);
    let late = std::thread::spawn(move || {
        sender.try_send(accepting(1)).unwrap();
        sender
    });
    line.gather(&mut commands, 9);
    let sender = late.join().unwrap();
    assert_eq!(next(&mut line).1, 2, "one was there already");

    let mut line = self::line(1, 1);
    sender.try_send(command(Work::Rest)).unwrap();
    line.gather(&mut commands, 9);
    assert_eq!(next(&mut line), (1, 1), "a sender waits");
}

#[test]
fn a_sender_waits_for_others_where_groups_are_long() {
    let (sender, mut commands) = mpsc::channel(8);
    let mut line = line(BUSY, 0);
    assert_eq!(next(&mut line), (BUSY, 0));
    sender.try_send(accepting(1)).unwrap();
    assert!(line.take_in(&mut commands));
    sender.try_send(accepting(1)).unwrap();
    line.gather(&mut commands, 9);
    assert_eq!(next(&mut line), (2, 0));
    sender.try_send(accepting(1)).unwrap();
    assert!(line.take_in(&mut commands));
    sender.try_send(accepting(1)).unwrap();
    line.gather(&mut commands, 9);
    assert_eq!(next(&mut line), (1, 0), "the last group was short");
}

#[test]
fn what_stands_in_line_is_done_before_the_end() {
    let (sender, mut commands) = mpsc::channel(8);
    for work in [Work::Rest, Work::Close, Work::Rest] {
        sender.try_send(command(work)).unwrap();
    }
    let mut line = Line::default();
    assert!(line.take_in(&mut commands));
    assert!(sender.try_send(command(Work::Rest)).is_err(), "nothing new comes in");
    assert_eq!((next(&mut line), line.closing.len()), ((0, 2), 1));
    assert!(!line.take_in(&mut commands));
}
