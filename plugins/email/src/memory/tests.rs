use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Change, change, tasks};

fn analysis(decided: bool, tie: bool) -> Value {
    json!({ "decided": decided, "tie": tie })
}

#[test]
fn a_first_analysis_is_counted() {
    assert_eq!(change(None, &analysis(true, false)), Change { keep: Some("decided"), add: [1, 1, 0] });
    assert_eq!(change(None, &analysis(false, true)), Change { keep: Some("tie"), add: [1, 0, 1] });
    assert_eq!(change(None, &analysis(false, false)), Change { keep: Some("open"), add: [1, 0, 0] });
}

#[test]
fn a_later_analysis_takes_its_place() {
    assert_eq!(change(Some("tie"), &analysis(true, false)), Change { keep: Some("decided"), add: [0, 1, -1] });
    assert_eq!(change(Some("decided"), &analysis(true, false)), Change { keep: None, add: [0, 0, 0] });
}

#[test]
fn texts_are_told_the_sums() {
    assert_eq!(tasks([Some("4"), Some("3"), None]), json!({ "count": 4, "decided": 3, "undecided": 1, "ties": 0, "share": 0.75 }));
    assert_eq!(tasks([None; 3]), json!({ "count": 0, "decided": 0, "undecided": 0, "ties": 0, "share": 0.0 }));
}

proptest! {
    #[test]
    fn the_counters_are_those_of_the_last_analysis_of_each_task(events in prop::collection::vec((0..5_usize, any::<bool>(), any::<bool>()), 0..40)) {
        let mut kept = [None; 5];
        let mut last = [None; 5];
        let mut counters = [0; 3];
        for (task, decided, tie) in events {
            let change = change(kept[task], &analysis(decided, tie));
            kept[task] = change.keep.or(kept[task]);
            last[task] = Some((decided, tie));
            for (counter, by) in counters.iter_mut().zip(change.add) {
                *counter += by;
            }
        }
        let known: Vec<(bool, bool)> = last.into_iter().flatten().collect();
        let of = |which: fn(&(bool, bool)) -> bool| i32::try_from(known.iter().filter(|one| which(one)).count()).unwrap();
        prop_assert_eq!(counters, [of(|_| true), of(|one| one.0), of(|one| one.1)]);
    }
}
