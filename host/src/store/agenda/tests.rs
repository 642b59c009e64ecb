use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use proptest::prelude::*;

use super::*;

const VOTE: Member = Member { group: 1, number: 1 };

fn entry(agenda: &Agenda, id: i64, member: Member, task: Option<&str>) -> Entry {
    Entry { id, about: id * 10, member, lane: task.map(|task| agenda.lane(member, task)), due: 0, yields: false, is_known: false }
}

fn ids(leased: &[Leased]) -> Vec<i64> {
    leased.iter().map(|leased| leased.id).collect()
}

#[test]
fn only_the_head_of_a_lane_is_leased() {
    let mut agenda = Agenda::default();
    for id in 1..=3 {
        agenda.insert(entry(&agenda, id, VOTE, Some("a")));
    }
    agenda.insert(entry(&agenda, 4, VOTE, None));
    assert_eq!(ids(&agenda.claim(0, 10, 10, 100)), [1, 4]);
    agenda.remove(2);
    agenda.remove(1);
    assert_eq!(ids(&agenda.claim(0, 10, 10, 100)), [3]);
}

#[test]
fn an_entry_that_is_there_is_left_as_it_is() {
    let mut agenda = Agenda::default();
    let first = entry(&agenda, 1, VOTE, None);
    agenda.insert(first);
    agenda.insert(Entry { about: 7, ..first });
    assert_eq!(agenda.len(), 1);
    assert_eq!(agenda.claim(0, 10, 10, 100)[0].about, 10);
}

#[test]
fn what_is_removed_while_it_is_leased_goes_when_its_lease_ends() {
    let mut agenda = Agenda::default();
    for id in 1..=2 {
        agenda.insert(entry(&agenda, id, VOTE, Some("a")));
    }
    let leased = agenda.claim(0, 1, 1, 100);
    agenda.remove_after_lease(1);
    assert!(agenda.claim(50, 10, 10, 100).is_empty());
    assert!(agenda.holds(1, leased[0].generation).is_some());
    assert!(!agenda.renew(1, leased[0].generation, 500));
    assert_eq!(ids(&agenda.claim(100, 10, 10, 100)), [2]);
    assert_eq!(agenda.len(), 1);
}

#[test]
fn the_next_moment_is_the_first_that_changes_anything() {
    let mut agenda = Agenda::default();
    assert_eq!(agenda.next_moment(), None);
    agenda.insert(Entry { due: 70, ..entry(&agenda, 1, VOTE, None) });
    assert_eq!(agenda.next_moment(), Some(70));
    agenda.insert(entry(&agenda, 2, VOTE, None));
    agenda.claim(10, 10, 10, 50);
    assert_eq!(agenda.next_moment(), Some(60));
    agenda.remove(2);
    agenda.remove(1);
    assert_eq!(agenda.next_moment(), None);
}

#[test]
fn room_is_given_back_when_nothing_waits() {
    let mut agenda = Agenda::default();
    for id in 1..=20_000 {
        agenda.insert(entry(&agenda, id, VOTE, None));
    }
    for id in 1..=20_000 {
        agenda.remove(id);
    }
    assert!(agenda.slots.capacity() == 0 && agenda.by_id.capacity() == 0);
    agenda.insert(entry(&agenda, 1, VOTE, None));
    assert_eq!(ids(&agenda.claim(0, 10, 10, 100)), [1]);
}

/// Run by hand: what a million entries cost.
#[test]
#[ignore = "measures, and proves nothing"]
fn a_million_entries_drain_evenly() {
    let mut agenda = Agenda::default();
    let started = Instant::now();
    for id in 0..1_000_000 {
        let member = Member { group: id as u32 % 3, number: id as u32 % 9 };
        agenda.insert(entry(&agenda, id, member, Some(&(id / 2).to_string())));
    }
    println!("insert 1M: {:?}", started.elapsed());
    for fifth in 0..5 {
        let started = Instant::now();
        for _ in 0..25_000 {
            for leased in agenda.claim(fifth, 8, 8, 60_000) {
                agenda.remove(leased.id);
            }
        }
        println!("fifth {fifth}: {:?}", started.elapsed());
    }
    assert!(agenda.is_empty());
    println!("slot: {} bytes", size_of::<Slot>());
}

#[derive(Clone, Debug)]
enum Step {
    Insert { member: u32, task: Option<u8>, due: i64 },
    Claim { limit: usize, cap: usize },
    PutBack { pick: usize, wait: i64 },
    Remove { pick: usize },
    RemoveAnyOf { pick: usize },
    RemoveAfterLease { pick: usize },
    Renew { pick: usize },
    Pass { millis: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u32..4, prop::option::of(0u8..3), 0i64..40).prop_map(|(member, task, due)| Step::Insert { member, task, due }),
        4 => (1usize..5, 1usize..4).prop_map(|(limit, cap)| Step::Claim { limit, cap }),
        1 => (any::<usize>(), 0i64..40).prop_map(|(pick, wait)| Step::PutBack { pick, wait }),
        2 => any::<usize>().prop_map(|pick| Step::Remove { pick }),
        1 => any::<usize>().prop_map(|pick| Step::RemoveAnyOf { pick }),
        1 => any::<usize>().prop_map(|pick| Step::RemoveAfterLease { pick }),
        1 => any::<usize>().prop_map(|pick| Step::Renew { pick }),
        2 => (0i64..30).prop_map(|millis| Step::Pass { millis }),
    ]
}

const LEASE: i64 = 20;

/// The same in the plainest way: a list in order of insertion.
#[derive(Default)]
struct Model {
    now: i64,
    entries: BTreeMap<i64, Plain>,
}

#[derive(Clone, Debug)]
struct Plain {
    member: u32,
    task: Option<u8>,
    due: i64,
    leased: Option<(u64, i64)>,
    generation: u64,
    doomed: bool,
}

impl Model {
    fn end_leases(&mut self) {
        let now = self.now;
        self.entries.retain(|_, plain| !(plain.doomed && plain.leased.is_some_and(|(_, until)| until <= now)));
        for plain in self.entries.values_mut() {
            if plain.leased.is_some_and(|(_, until)| until <= now) {
                plain.leased = None;
                plain.due = now;
            }
        }
    }

    fn eligible(&self) -> BTreeSet<i64> {
        let head = |id: &i64, plain: &Plain| {
            let before = |other: &Plain| plain.task.is_some() && other.task == plain.task && other.member == plain.member;
            !self.entries.range(..id).any(|(_, other)| before(other))
        };
        let ready = |(id, plain): &(&i64, &Plain)| plain.leased.is_none() && plain.due <= self.now && head(id, plain);
        self.entries.iter().filter(ready).map(|(id, _)| *id).collect()
    }

    fn out(&self, member: u32) -> usize {
        self.entries.values().filter(|plain| plain.member == member && plain.leased.is_some()).count()
    }

    fn held(&self) -> Vec<(i64, u64)> {
        self.entries.iter().filter_map(|(id, plain)| plain.leased.map(|(generation, _)| (*id, generation))).collect()
    }
}

fn member(number: u32) -> Member {
    Member { group: number / 2, number }
}

fn claim(agenda: &mut Agenda, model: &mut Model, limit: usize, cap: usize) {
    model.end_leases();
    let leased = agenda.claim(model.now, limit, cap, LEASE);
    assert!(leased.len() <= limit);
    for leased in &leased {
        assert!(model.eligible().contains(&leased.id), "{} was not to be leased", leased.id);
        let plain = model.entries.get_mut(&leased.id).unwrap();
        assert!(leased.generation > plain.generation);
        plain.generation = leased.generation;
        plain.leased = Some((leased.generation, model.now + LEASE));
        let number = plain.member;
        assert!(model.out(number) <= cap, "member {number} is beyond its cap");
    }
    if leased.len() < limit {
        let left = model.eligible().into_iter().find(|id| model.out(model.entries[id].member) < cap);
        assert_eq!(left, None, "was to be leased too");
    }
}

fn take(agenda: &mut Agenda, model: &mut Model, next: &mut i64, step: Step) {
    let held = model.held();
    let pick_held = |pick: usize| (!held.is_empty()).then(|| held[pick % held.len()]);
    let all: Vec<i64> = model.entries.keys().copied().collect();
    let pick_any = |pick: usize| (!all.is_empty()).then(|| all[pick % all.len()]);
    match step {
        Step::Insert { member: number, task, due } => {
            *next += 1;
            let due = model.now + due - 20;
            let task_name = task.map(|task| task.to_string());
            agenda.insert(Entry { due, ..entry(agenda, *next, member(number), task_name.as_deref()) });
            model.entries.insert(*next, Plain { member: number, task, due, leased: None, generation: 0, doomed: false });
        }
        Step::Claim { limit, cap } => claim(agenda, model, limit, cap),
        Step::PutBack { pick, wait } => {
            let Some((id, _)) = pick_held(pick) else { return };
            agenda.put_back(id, model.now + wait);
            let plain = model.entries.get_mut(&id).unwrap();
            (plain.leased, plain.due) = (None, model.now + wait);
            if plain.doomed {
                model.entries.remove(&id);
            }
        }
        Step::Remove { pick } => {
            let Some((id, _)) = pick_held(pick) else { return };
            agenda.remove(id);
            model.entries.remove(&id);
        }
        Step::RemoveAnyOf { pick } => {
            let Some(id) = pick_any(pick) else { return };
            agenda.remove(id);
            model.entries.remove(&id);
        }
        Step::RemoveAfterLease { pick } => {
            let Some(id) = pick_any(pick) else { return };
            agenda.remove_after_lease(id);
            match model.entries.get_mut(&id) {
                Some(plain) if plain.leased.is_some() => plain.doomed = true,
                _ => drop(model.entries.remove(&id)),
            }
        }
        Step::Renew { pick } => {
            let Some((id, generation)) = pick_held(pick) else { return };
            let plain = model.entries.get_mut(&id).unwrap();
            assert_eq!(agenda.renew(id, generation, model.now + LEASE), !plain.doomed);
            assert!(!agenda.renew(id, generation + 1, model.now + LEASE));
            if !plain.doomed {
                plain.leased = Some((generation, model.now + LEASE));
            }
        }
        Step::Pass { millis } => model.now += millis,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lanes_order_turns_and_caps_are_kept(steps in prop::collection::vec(step(), 1..120)) {
        let mut agenda = Agenda::default();
        let mut model = Model::default();
        let mut next = 0;
        for step in steps {
            take(&mut agenda, &mut model, &mut next, step);
            prop_assert_eq!(agenda.len(), model.entries.len());
            prop_assert_eq!(agenda.leased(), model.held().len());
            for (id, generation) in model.held() {
                prop_assert!(agenda.holds(id, generation).is_some());
            }
        }
        // Nothing is lost: everything that is left comes out.
        model.now += 1_000;
        let mut claims = 0;
        while !model.entries.is_empty() {
            claim(&mut agenda, &mut model, 3, 2);
            for (id, _) in model.held() {
                agenda.remove(id);
                model.entries.remove(&id);
            }
            claims += 1;
            prop_assert!(claims < 1_000);
        }
        prop_assert!(agenda.is_empty());
        prop_assert_eq!(agenda.next_moment(), None);
    }
}

#[test]
fn a_member_that_is_held_has_no_turn_until_it_is_released() {
    let mut agenda = Agenda::default();
    let mail = Member { group: 1, number: 2 };
    agenda.hold(VOTE);
    for id in 1..=4 {
        agenda.insert(entry(&agenda, id, if id % 2 == 0 { mail } else { VOTE }, None));
    }
    assert_eq!(ids(&agenda.claim(0, 10, 10, 100)), [2, 4]);
    agenda.remove(1);
    agenda.release(VOTE);
    agenda.release(VOTE);
    assert_eq!(ids(&agenda.claim(0, 10, 10, 100)), [3]);
}

#[test]
fn fresh_ones_and_those_that_yield_come_alternately() {
    let mut agenda = Agenda::default();
    for id in 1..=6 {
        agenda.insert(Entry { yields: id <= 3, ..entry(&agenda, id, VOTE, None) });
    }
    let mut order = Vec::new();
    for _ in 0..6 {
        let leased = ids(&agenda.claim(0, 1, 1, 100));
        agenda.remove(leased[0]);
        order.extend(leased);
    }
    assert_eq!(order, [1, 4, 2, 5, 3, 6]);
}
