use super::*;

fn read(result: u64, at_s: i64) -> Read {
    Read { result, at: Some(Timestamp::from_second(at_s).unwrap()) }
}

#[test]
fn rows_of_the_last_minutes_are_read_again() {
    assert_eq!(settled(&[], 0), None);
    assert_eq!(settled(&[read(7, 1000)], 0), None, "the newest might have an older one behind it");
    assert_eq!(settled(&[read(7, 1000), read(8, 1299), read(9, 1301)], 0), Some(7));
    assert_eq!(settled(&[read(7, 1000), read(8, 1001), read(9, 5000)], 0), Some(8));
}

#[test]
fn a_row_that_was_committed_late_is_not_passed_over() {
    // 8 was given its id before 9 and shows only now.
    assert_eq!(settled(&[read(7, 1000), read(8, 4990), read(9, 1001), read(10, 5000)], 0), Some(7));
}

#[test]
fn rows_without_a_time_hold_nothing_up() {
    let odd = |result| Read { result, at: None };
    assert_eq!(settled(&[odd(7), read(8, 1000), odd(9), read(10, 9000)], 0), Some(9));
    assert_eq!(settled(&[odd(7), odd(8)], 0), None, "nothing says how old they are");
}

#[test]
fn rows_of_one_moment_are_not_read_for_ever() {
    let rows: Vec<Read> = (1..=200).map(|result| read(result, 1000)).collect();
    let start = Instant::now();
    let times = |at_s: [u64; 2]| at_s.map(|at_s| start + Duration::from_secs(at_s));
    let first = came_to(None, times([0, 10]).into(), &rows[..100]);
    assert_eq!((settled(&rows[..100], 0), first.map(|first| first.row)), (None, Some(100)));
    // Soon after, nothing is sure; the time of the first look counts on.
    let [soon, soon_end] = times([100, 110]);
    assert_eq!(sure(first, soon), 0);
    assert_eq!(came_to(first, (soon, soon_end), &rows), first);
    let [later, later_end] = times([900, 910]);
    assert_eq!(settled(&rows, sure(first, later)), Some(100));
    assert_eq!(came_to(first, (later, later_end), &rows), Some(CameTo { row: 200, at: later_end }));
    // And rows without a time, or of a clock that ran ahead.
    let odd = [Read { result: 1, at: None }, Read { result: 2, at: None }];
    assert_eq!(settled(&odd, 1), Some(1));
    assert_eq!(settled(&[read(7, 9_000_000), read(8, 1000), read(9, 1000)], 8), Some(9));
}

#[test]
fn a_look_that_saw_nothing_came_no_further() {
    let began = Instant::now();
    let [ended, now] = [1, 900].map(|at_s| began + Duration::from_secs(at_s));
    assert_eq!(came_to(None, (began, ended), &[]), None);
    assert_eq!(came_to(Some(CameTo { row: 3, at: ended }), (now, now), &[]), None, "all of it is settled");
}

/// What follows on each look: whether a task is open, and the newest task that is completed.
fn completed(looks: &[(bool, u64)]) -> Vec<u32> {
    let mut rounds = None;
    let mut completed = Vec::new();
    for (open, last_task) in looks {
        let next = Rounds::after(rounds, *open, *last_task);
        completed.push(next.completed);
        rounds = Some(next);
    }
    completed
}

#[test]
fn a_project_is_completed_once_until_it_gets_more_tasks() {
    assert_eq!(completed(&[(true, 0), (true, 0), (false, 9), (false, 9)]), [0, 0, 1, 1]);
    assert_eq!(completed(&[(true, 0), (false, 9), (true, 0), (false, 12)]), [0, 1, 1, 2]);
    // They came and were completed between two looks.
    assert_eq!(completed(&[(true, 0), (false, 9), (false, 12), (false, 12)]), [0, 1, 2, 2]);
}

#[test]
fn what_was_completed_before_the_first_look_is_no_news() {
    assert_eq!(completed(&[(false, 9), (false, 9)]), [0, 0]);
    assert_eq!(completed(&[(false, 0), (true, 0), (false, 3)]), [0, 0, 1]);
}

#[test]
fn a_project_whose_tasks_were_deleted_is_not_completed_by_that() {
    assert_eq!(completed(&[(true, 0), (false, 0), (true, 0), (false, 9)]), [0, 0, 0, 1]);
}

#[test]
fn a_completed_project_is_not_asked_about_until_something_is_new() {
    let rounds = Rounds::after(Some(Rounds::after(None, true, 0)), false, 9);
    assert!(!rounds.may_change(Some(0)) && !rounds.may_change(Some(9)));
    assert!(rounds.may_change(Some(10)) && rounds.may_change(None));
    assert!(Rounds::after(None, true, 0).may_change(Some(0)));
    assert_eq!(serde_json::from_str::<Rounds>(&rounds.text()).unwrap(), rounds);
}

#[test]
fn a_completion_is_told_once() {
    let rounds = Rounds::after(Some(Rounds::after(None, true, 0)), false, 9);
    assert!(!rounds.told && rounds.told().told);
    assert_eq!(Rounds::after(Some(rounds.told()), false, 9), rounds.told());
    let before_it_was_noted = r#"{"completed":1,"open":false,"last_task":9}"#;
    assert_eq!(serde_json::from_str::<Rounds>(before_it_was_noted).unwrap(), rounds.told());
}

#[test]
fn a_project_that_could_not_be_asked_about_is_asked_again() {
    let rounds = Rounds::after(Some(Rounds::begun_open()), false, 9).told();
    assert!(!rounds.may_change(Some(0)) && rounds.unasked().may_change(Some(0)));
    // What was completed was a task that was completed before.
    assert_eq!(Rounds::after(Some(rounds.unasked()), false, 9), rounds);
    assert_eq!(Rounds::after(Some(rounds.unasked()), false, 12).completed, 2);
    assert!(!Rounds::after(Some(rounds.unasked()), true, 0).told().unasked);
}
