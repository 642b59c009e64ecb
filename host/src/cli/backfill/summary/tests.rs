use super::*;
use crate::backfill::Progress;

fn skipped(task: u32, reason: Reason, why: &str) -> Skipped {
    Skipped { task: Some(task.to_string()), reason, why: why.to_owned() }
}

#[test]
fn pages_add_up_and_each_reason_names_its_tasks() {
    let mut summary = Summary::of(&"birds".parse().unwrap(), false);
    let first = (1..=12).map(|task| skipped(task, Reason::HasInfo, Reason::HasInfo.why())).collect();
    let progress = Some(Progress { first: 1, at: 100, last: 150 });
    summary.add(&Report { found: 100, made: 80, known: 8, skipped: first, progress, ..Report::default() });
    summary.add(&Report { wait_ms: Some(7), note: Some("not now".to_owned()), ..Report::default() });
    let odd = skipped(120, Reason::Odd, "it is of\nanother project");
    let progress = Some(Progress { first: 1, at: 150, last: 150 });
    summary.add(&Report {
        found: 50,
        made: 48,
        skipped: vec![odd, skipped(121, Reason::NoResult, "")],
        done: true,
        progress,
        ..Report::default()
    });
    let expected = "\
150 completed tasks: 128 handed to plugins, 8 handled here before, 14 left out
  1 left out: completed without a result (its redundancy was lowered), so there is nothing to write to
    tasks 121
  12 left out: something stands in its result already (`--overwrite` takes it too)
    tasks 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more
  1 left out: it is of another project
    tasks 120
";
    assert_eq!(summary.text(), expected);
    assert_eq!((summary.at, summary.done, summary.pages), (Some(150), true, 2));
}

#[test]
fn where_there_are_no_tasks_the_note_is_all() {
    let mut summary = Summary::of(&"cats".parse().unwrap(), false);
    summary.add(&Report { done: true, note: Some("posted".to_owned()), ..Report::default() });
    assert_eq!(summary.text(), "posted\n");
    assert_eq!(
        Summary::of(&"birds".parse().unwrap(), true).text(),
        "0 completed tasks: 0 to be handled, 0 handled here before, 0 left out\n"
    );
}
