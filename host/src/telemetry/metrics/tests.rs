//! What the page tells, and what it does not.

use std::collections::HashSet;
use std::time::Duration;

use super::*;
use crate::event::{EventKind, PlatformKind};
use crate::id::{EventId, ProjectName, Scope};

fn project(name: &str) -> ProjectName {
    name.parse().unwrap()
}

fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

/// A look at a host whose names these are, as `project/plugin`.
fn present(plugins: &[&str]) -> Present {
    let plugins: HashSet<Scope> = plugins.iter().map(|text| scope(text)).collect();
    Present {
        names: Names { projects: plugins.iter().map(|scope| scope.project.clone()).collect(), plugins, connections: HashSet::new() },
        components: 0,
        projects: 0,
        degraded: 0,
        components_refused: 0,
        projects_refused: 0,
        started_at: "2026-11-21T19:29:25.5Z".parse().unwrap(),
        breakers: Vec::new(),
        certificate_ends_at: None,
        stored: None,
    }
}

fn lines<'a>(page: &'a str, beginning: &str) -> Vec<&'a str> {
    let mut lines: Vec<_> = page.lines().filter(|line| line.starts_with(beginning)).collect();
    lines.sort_unstable();
    lines
}

fn came(metrics: &Metrics, of: &str, outcome: &'static str) {
    metrics.event_came((&project(of), PlatformKind::Pybossa), &EventKind::TASK_COMPLETED, outcome, EventId::new());
}

#[test]
fn a_page_ends_as_open_metrics_wants() {
    let page = Metrics::default().page(&present(&[])).unwrap();
    assert!(page.ends_with("# EOF\n"), "{page}");
    assert_eq!(lines(&page, "process_start_time_seconds"), ["process_start_time_seconds 1795289365.5"]);
    assert_eq!(lines(&page, "crowdhook_build_info"), [format!("crowdhook_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))]);
    assert_eq!(lines(&page, "crowdhook_store_answers"), ["crowdhook_store_answers 0"]);
}

#[test]
fn a_projects_events_go_from_the_page_with_it_and_stay_in_the_counts() {
    let metrics = Metrics::default();
    came(&metrics, "birds", "accepted");
    came(&metrics, "birds", "accepted");
    came(&metrics, "bees", "accepted");
    let page = metrics.page(&present(&["birds/vote", "bees/vote"])).unwrap();
    let line = |project: &str, count: u32| {
        format!("crowdhook_events_total{{project=\"{project}\",platform=\"pybossa\",kind=\"task.completed\",outcome=\"accepted\"}} {count}")
    };
    assert_eq!(lines(&page, "crowdhook_events_total"), [line("bees", 1), line("birds", 2)]);
    let page = metrics.page(&present(&["bees/vote"])).unwrap();
    assert_eq!(lines(&page, "crowdhook_events_total"), [line("bees", 1)]);
    assert_eq!(metrics.counts()["accepted"], 3);
    came(&metrics, "birds", "accepted");
    assert_eq!(metrics.counts()["accepted"], 4);
    let page = metrics.page(&present(&["birds/vote", "bees/vote"])).unwrap();
    assert_eq!(lines(&page, "crowdhook_events_total"), [line("bees", 1), line("birds", 1)]);
}

#[test]
fn names_beyond_the_limit_are_added_up_as_other() {
    let metrics = Metrics::default();
    let names: Vec<String> = (0..1_005).map(|number| format!("p{number}")).collect();
    for name in &names {
        came(&metrics, name, "accepted");
        metrics.plugin_ran(&scope(&format!("{name}/vote")), (Duration::from_millis(1), Duration::from_millis(1)), 1 << 20);
    }
    let plugins: Vec<String> = names.iter().map(|name| format!("{name}/vote")).collect();
    let page = metrics.page(&present(&plugins.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
    assert_eq!(lines(&page, "crowdhook_events_total").len(), 1_001);
    let other = "crowdhook_events_total{project=\"other\",platform=\"pybossa\",kind=\"task.completed\",outcome=\"accepted\"} 5";
    assert!(page.contains(other), "{page}");
    assert_eq!(lines(&page, "crowdhook_run_duration_seconds_count").len(), 201);
    assert!(page.contains("crowdhook_run_duration_seconds_count{project=\"other\",plugin=\"other\"} 805"));
    assert_eq!(metrics.counts()["accepted"], 1_005);
    // Who goes makes room for who comes.
    metrics.page(&present(&["p0/vote"])).unwrap();
    came(&metrics, "new", "accepted");
    assert!(metrics.page(&present(&["new/vote"])).unwrap().contains("crowdhook_events_total{project=\"new\""));
}

#[test]
fn a_kind_that_the_host_does_not_know_is_no_label() {
    let metrics = Metrics::default();
    let made_up: EventKind = "task.made-up".parse().unwrap();
    metrics.event_came((&project("birds"), PlatformKind::Generic), &made_up, "accepted", EventId::new());
    let page = metrics.page(&present(&["birds/vote"])).unwrap();
    assert!(page.contains("kind=\"other\"") && !page.contains("made-up"), "{page}");
}

#[test]
fn the_most_memory_of_a_plugin_never_shrinks() {
    let metrics = Metrics::default();
    for memory in [3, 5, 4] {
        metrics.plugin_ran(&scope("birds/vote"), (Duration::ZERO, Duration::ZERO), memory);
    }
    let page = metrics.page(&present(&["birds/vote"])).unwrap();
    assert_eq!(lines(&page, "crowdhook_run_memory_max_bytes"), ["crowdhook_run_memory_max_bytes{project=\"birds\",plugin=\"vote\"} 5"]);
}

#[test]
fn plugins_are_named_as_held_until_they_are_released() {
    let metrics = Metrics::default();
    let held = |scopes: &[&str]| {
        let stored = Stored { quarantined: scopes.iter().map(|text| scope(text)).collect(), ..Stored::default() };
        metrics.page(&Present { stored: Some(stored), ..present(&["birds/vote"]) }).unwrap()
    };
    let page = held(&["birds/vote", "gone/vote"]);
    assert_eq!(lines(&page, "crowdhook_plugin_quarantined{"), ["crowdhook_plugin_quarantined{project=\"birds\",plugin=\"vote\"} 1"]);
    assert_eq!(lines(&page, "crowdhook_plugins_quarantined "), ["crowdhook_plugins_quarantined 2"]);
    let page = held(&[]);
    assert_eq!(lines(&page, "crowdhook_plugin_quarantined{"), Vec::<&str>::new());
    assert_eq!(lines(&page, "crowdhook_plugins_quarantined "), ["crowdhook_plugins_quarantined 0"]);
}
