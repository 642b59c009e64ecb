use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;

use super::{Room, World, take_in};
use crate::outcome::{Moment, Outcome, Outcomes};
use crate::settings::{Badge, Settings, parse};
use crate::worker::Worker;

/// A host in memory: what is stored, who has which badge, and how often each was given.
#[derive(Default)]
struct Fake {
    state: BTreeMap<String, String>,
    badges: BTreeSet<(String, String)>,
    awards: Vec<(String, String)>,
    /// Effects that one call may ask for, and how many it has asked for.
    room: Option<usize>,
    asked: usize,
}

impl Fake {
    fn event(&mut self, settings: &Settings, task: &str, revision: u64, outcomes: &Outcomes) {
        self.asked = 0;
        take_in(self, settings, task, revision, outcomes).unwrap();
    }

    fn worker(&self, worker: &str) -> Worker {
        self.state.get(&format!("worker/{worker}")).map(|text| serde_json::from_str(text).unwrap()).unwrap_or_default()
    }

    fn ask(&mut self) -> Room {
        if self.room.is_some_and(|room| self.asked >= room) {
            return Room::None;
        }
        self.asked += 1;
        Room::Enough
    }
}

impl World for Fake {
    type Failure = String;

    fn get(&mut self, key: &str) -> Result<Option<String>, String> {
        Ok(self.state.get(key).cloned())
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        assert!(value.len() <= 64 * 1024);
        self.state.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    fn remove(&mut self, key: &str) -> Result<(), String> {
        self.state.remove(key);
        Ok(())
    }

    fn keys(&mut self, prefix: &str, limit: u32) -> Result<Vec<String>, String> {
        let keys = self.state.keys().filter(|key| key.starts_with(prefix));
        Ok(keys.take(limit as usize).cloned().collect())
    }

    fn award(&mut self, worker: &str, badge: &Badge, _evidence: &str) -> Result<Room, String> {
        let room = self.ask();
        if room == Room::Enough {
            self.badges.insert((worker.to_owned(), badge.id.clone()));
            self.awards.push((worker.to_owned(), badge.id.clone()));
        }
        Ok(room)
    }

    fn revoke(&mut self, worker: &str, badge: &Badge) -> Result<Room, String> {
        let room = self.ask();
        if room == Room::Enough {
            self.badges.remove(&(worker.to_owned(), badge.id.clone()));
        }
        Ok(room)
    }

    fn reject(words: String) -> String {
        words
    }
}

fn settings(take_back: bool) -> Settings {
    let badge = |kind: &str, at: u32| json!({ "id": format!("{kind}-{at}"), "title": "t", "description": "d", "kind": kind, "at": at, "take_back": take_back });
    let badges =
        [badge("first-contribution", 1), badge("right-answers", 1), badge("right-answers", 2), badge("streak", 2), badge("gold", 1)];
    parse(&json!({ "badges": badges }).to_string()).unwrap()
}

fn right(moment: u64) -> Outcome {
    Outcome { right: Some(true), gold: false, at: Some(Moment(moment)) }
}

fn wrong(moment: u64) -> Outcome {
    Outcome { right: Some(false), ..right(moment) }
}

fn of(lines: &[(&str, Outcome)]) -> Outcomes {
    lines.iter().map(|(worker, outcome)| ((*worker).to_owned(), *outcome)).collect()
}

fn badges_of(fake: &Fake, worker: &str) -> Vec<String> {
    fake.badges.iter().filter(|(of, _)| of == worker).map(|(_, badge)| badge.clone()).collect()
}

#[test]
fn a_repeat_never_counts_twice() {
    let (mut fake, settings) = (Fake::default(), settings(false));
    for _ in 0..3 {
        fake.event(&settings, "1", 1, &of(&[("ann", right(1))]));
    }
    assert_eq!(fake.worker("ann").right, 1);
    assert_eq!(fake.awards.len(), 2, "{:?}", fake.awards);
}

#[test]
fn a_late_answer_counts_for_who_gave_it() {
    let (mut fake, settings) = (Fake::default(), settings(false));
    fake.event(&settings, "1", 1, &of(&[("ann", right(1))]));
    fake.event(&settings, "1", 2, &of(&[("ann", right(1)), ("bob", right(2))]));
    assert_eq!((fake.worker("ann").right, fake.worker("bob").right), (1, 1));
}

#[test]
fn an_older_analysis_that_comes_again_changes_nothing() {
    let (mut fake, settings) = (Fake::default(), settings(true));
    fake.event(&settings, "1", 2, &of(&[("ann", wrong(1))]));
    fake.event(&settings, "1", 1, &of(&[("ann", right(1))]));
    assert_eq!(fake.worker("ann").right, 0);
    assert_eq!(badges_of(&fake, "ann"), ["first-contribution-1"]);
}

#[test]
fn counts_follow_a_changed_analysis_and_badges_where_the_project_says_so() {
    for (take_back, left) in [(true, vec!["first-contribution-1"]), (false, vec!["first-contribution-1", "right-answers-1"])] {
        let (mut fake, settings) = (Fake::default(), settings(take_back));
        fake.event(&settings, "1", 1, &of(&[("ann", right(1))]));
        fake.event(&settings, "1", 2, &of(&[("ann", wrong(1))]));
        assert_eq!(fake.worker("ann").right, 0);
        assert_eq!(badges_of(&fake, "ann"), left);
    }
}

#[test]
fn a_badge_that_was_taken_back_can_be_earned_again() {
    let (mut fake, settings) = (Fake::default(), settings(true));
    fake.event(&settings, "1", 1, &of(&[("ann", right(1))]));
    fake.event(&settings, "1", 2, &of(&[("ann", wrong(1))]));
    fake.event(&settings, "2", 1, &of(&[("ann", right(2))]));
    assert_eq!(badges_of(&fake, "ann"), ["first-contribution-1", "right-answers-1"]);
}

#[test]
fn badges_beyond_the_room_of_one_call_follow_in_the_next() {
    let (mut fake, settings) = (Fake { room: Some(3), ..Fake::default() }, settings(false));
    let crowd: Vec<String> = (0..5).map(|worker| format!("w{worker}")).collect();
    let lines: Vec<(&str, Outcome)> = crowd.iter().map(|worker| (worker.as_str(), right(1))).collect();
    fake.event(&settings, "1", 1, &of(&lines));
    assert_eq!(fake.badges.len(), 3);
    for _ in 0..3 {
        fake.event(&settings, "2", 1, &Outcomes::new());
    }
    assert_eq!((fake.badges.len(), fake.awards.len()), (10, 10));
    assert!(fake.state.keys().all(|key| !key.starts_with("owed/")), "{:?}", fake.state.keys());
}

#[test]
fn a_badge_that_is_new_in_the_settings_is_given_when_a_task_is_looked_at_again() {
    let (mut fake, later) = (Fake::default(), settings(false));
    let mut sooner = settings(false);
    sooner.badges.truncate(1);
    fake.event(&sooner, "1", 1, &of(&[("ann", right(1))]));
    assert_eq!(badges_of(&fake, "ann"), ["first-contribution-1"]);
    fake.event(&later, "1", 1, &of(&[("ann", right(1))]));
    assert_eq!(badges_of(&fake, "ann"), ["first-contribution-1", "right-answers-1"]);
}

#[test]
fn pages_that_are_no_longer_needed_are_removed() {
    let (mut fake, settings) = (Fake::default(), settings(false));
    let crowd: Vec<String> = (0..3000).map(|worker| format!("{worker:08}")).collect();
    let lines: Vec<(&str, Outcome)> = crowd.iter().map(|worker| (worker.as_str(), right(1))).collect();
    fake.event(&settings, "1", 1, &of(&lines));
    assert!(fake.state.contains_key("task-page/1/1"));
    fake.event(&settings, "1", 2, &of(&lines[..10]));
    assert!(!fake.state.contains_key("task-page/1/1"));
    assert_eq!((fake.worker("00000009").right, fake.worker("00000010").right), (1, 0));
}

#[test]
fn what_cannot_be_read_is_for_a_person() {
    let mut fake = Fake::default();
    fake.state.insert("worker/ann".to_owned(), "nonsense".to_owned());
    let refused = take_in(&mut fake, &settings(false), "1", 1, &of(&[("ann", right(1))])).unwrap_err();
    assert!(refused.contains("`worker/ann` cannot be read"), "{refused}");
}

type Line = (Option<bool>, bool, Option<u64>);

fn any_outcomes() -> impl Strategy<Value = Outcomes> {
    let line = (any::<Option<bool>>(), any::<bool>(), prop::option::of(0_u64..5));
    let outcome = |(right, gold, at): Line| Outcome { right, gold: gold && right.is_some(), at: at.map(Moment) };
    prop::collection::btree_map("[a-d]", line.prop_map(outcome), 0..4)
}

/// The analyses of a few tasks, the last of each being the one that holds, and an order with repeats in which they arrive.
fn any_story() -> impl Strategy<Value = (Vec<Vec<Outcomes>>, Vec<(usize, usize)>)> {
    let tasks = prop::collection::vec(prop::collection::vec(any_outcomes(), 1..4), 1..5);
    tasks.prop_flat_map(|tasks| {
        let each: Vec<(usize, usize)> =
            tasks.iter().enumerate().flat_map(|(task, analyses)| (0..analyses.len()).map(move |at| (task, at))).collect();
        let repeats = prop::collection::vec(prop::sample::select(each.clone()), 0..8);
        let order = repeats.prop_map(move |repeats| each.iter().copied().chain(repeats).collect::<Vec<_>>()).prop_shuffle();
        (Just(tasks), order)
    })
}

proptest! {
    #[test]
    fn any_order_of_analyses_revisions_and_repeats_ends_the_same((tasks, order) in any_story(), take_back in any::<bool>(), room in prop::option::of(1_usize..4)) {
        let settings = settings(take_back);
        let mut fake = Fake { room, ..Fake::default() };
        for (task, at) in order {
            fake.event(&settings, &task.to_string(), at as u64 + 1, &tasks[task][at]);
        }
        // What is owed is served by whatever comes next.
        for _ in 0..40 {
            fake.event(&settings, "quiet", 1, &Outcomes::new());
        }
        for worker in ["a", "b", "c", "d"] {
            let mut last = Worker::default();
            for (task, analyses) in tasks.iter().enumerate() {
                last.change(&task.to_string(), None, analyses.last().unwrap().get(worker));
            }
            let found = fake.worker(worker);
            prop_assert_eq!((found.answered, found.right, found.gold), (last.answered, last.right, last.gold));
            prop_assert_eq!(&found.history, &last.history);
            let earned: BTreeSet<String> =
                settings.badges.iter().filter(|badge| last.count(badge.kind) >= badge.at()).map(|badge| badge.id.clone()).collect();
            let held: BTreeSet<String> = badges_of(&fake, worker).into_iter().collect();
            prop_assert_eq!(&found.held, &held);
            if take_back {
                prop_assert_eq!(held, earned);
            } else {
                prop_assert!(held.is_superset(&earned));
                let awards: Vec<_> = fake.awards.iter().filter(|(of, _)| of == worker).collect();
                prop_assert_eq!(awards.len(), held.len());
            }
        }
    }
}
