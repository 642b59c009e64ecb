use super::*;

const EVERY: Duration = Duration::from_secs(900);

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_project_is_looked_at_every_so_often() {
    let start = Instant::now();
    let looked = Looked::again(None, start, None);
    assert_eq!(looked.due(start + s(899), None, EVERY), Due::Nothing);
    assert_eq!(looked.due(start + s(900), None, EVERY), Due::Look);
    assert_eq!(looked.next(None, EVERY), start + s(900));
}

#[test]
fn what_a_hook_brought_last_is_never_left_to_the_next_look() {
    let start = Instant::now();
    let mut looked = Looked::again(None, start, None);
    let heard = Some(start + s(5));
    assert_eq!(looked.next(heard, EVERY), start + s(7), "once PYBOSSA has committed it");
    assert_eq!((looked.due(start + s(6), heard, EVERY), looked.due(start + s(7), heard, EVERY)), (Due::Nothing, Due::Completion));
    looked.completion(start + s(7), heard);
    assert_eq!((looked.due(start + s(80), heard, EVERY), looked.next(heard, EVERY)), (Due::Nothing, start + s(900)));

    // The last hook of all comes soon after: there is a time at which it is seen.
    let last = Some(start + s(20));
    assert_eq!(looked.due(start + s(30), last, EVERY), Due::Nothing, "no more than once a minute");
    assert_eq!(looked.next(last, EVERY), start + s(67));
    assert_eq!(looked.due(start + s(67), last, EVERY), Due::Completion);
}

#[test]
fn those_whose_look_was_cut_short_stay_first_in_line() {
    let start = Instant::now();
    let mut well = Looked::again(None, start, None);
    well.well_at = Some(start);
    let cut_short = Looked::again(None, start, None);
    let again = [Looked::again(Some(well), start + s(900), None), Looked::again(Some(cut_short), start + s(900), None)];
    assert!(again[1].well_at < again[0].well_at);
}
