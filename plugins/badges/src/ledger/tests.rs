use proptest::prelude::*;

use super::{Ledger, Page, key};
use crate::outcome::{Moment, Outcome, Outcomes};

fn kept_and_read(ledger: &Ledger) -> (Ledger, usize) {
    let pages = ledger.pages().unwrap();
    let mut read = Ledger::default();
    for text in &pages {
        assert!(text.len() < 64 * 1024, "{}", text.len());
        let page: Page = serde_json::from_str(text).unwrap();
        assert_eq!(page.pages, pages.len());
        read.add(page);
    }
    (read, pages.len())
}

#[test]
fn an_empty_ledger_has_a_page_with_its_revision() {
    let ledger = Ledger { revision: 7, outcomes: Outcomes::new() };
    assert_eq!(kept_and_read(&ledger), (ledger, 1));
}

#[test]
fn five_thousand_workers_fit_on_pages_of_the_host() {
    let outcome =
        |worker: u64| Outcome { right: Some(worker.is_multiple_of(2)), gold: false, at: Some(Moment(20_261_121_192_925_000 + worker)) };
    let outcomes = (0..5000).map(|worker| (format!("{:08}", worker * 17), outcome(worker))).collect();
    let ledger = Ledger { revision: 2, outcomes };
    assert_eq!(kept_and_read(&ledger), (ledger, 4));
}

#[test]
fn pages_of_different_tasks_have_different_keys() {
    assert_eq!(key("17", 0), "task/17");
    assert_eq!(key("17", 1), "task-page/1/17");
}

proptest! {
    #[test]
    fn what_is_kept_is_read_again(
        revision in any::<u64>(),
        lines in prop::collection::btree_map(".*", (any::<Option<bool>>(), any::<bool>(), any::<Option<u64>>()), 0..20),
    ) {
        let outcome = |(right, gold, at): (Option<bool>, bool, Option<u64>)| Outcome { right, gold, at: at.map(Moment) };
        let ledger = Ledger { revision, outcomes: lines.into_iter().map(|(worker, line)| (worker, outcome(line))).collect() };
        prop_assert_eq!(kept_and_read(&ledger).0, ledger);
    }
}
