//! The figures as a table and as JSON.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use super::disk::Disk;
use super::figures::{Figure, Figures, Goal};
use super::plan::Plan;

/// A whole run.
pub(crate) struct Report<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) disk: &'a Disk,
    pub(crate) figures: &'a Figures,
    pub(crate) took: Duration,
}

impl Report<'_> {
    /// For people: what was done, the figures with goals, the others.
    pub(crate) fn table(&self) -> String {
        let width = self.figures.all.iter().map(|figure| figure.name.chars().count()).max().unwrap_or(0);
        let mut text = format!("\n{}\n\n", self.conditions().join("\n"));
        text.push_str(&format!("{:<width$}  {:>10}  {:>23}  goal\n", "figure", "median", "least … greatest"));
        for figure in self.figures.all.iter().filter(|figure| Goal::of(&figure.name).is_some()) {
            text.push_str(&line(figure, width));
        }
        text.push_str("\nfor information\n");
        for figure in self.figures.all.iter().filter(|figure| Goal::of(&figure.name).is_none()) {
            text.push_str(&line(figure, width));
        }
        text
    }

    /// Under which conditions, a sentence each.
    fn conditions(&self) -> Vec<String> {
        let (payload, body) = self.figures.sizes;
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        vec![
            format!("{}, {}", machine(), kernel()),
            format!(
                "client: this program on the same machine, one thread, loopback, connections kept; closed loop with {:?} connections, \
                 open loop with {}",
                self.plan.connections, self.plan.open_connections
            ),
            match (payload, body) {
                (0, 0) => "posts: none but what fills a store".to_owned(),
                _ => format!("posts: signed Appen posts, each about another unit with 3 judgments; payload {payload} B, body {body} B"),
            },
            format!(
                "turns of {} (bare), {} (accept: a project without plugins), {} (whole path: `majority-vote`) requests, {} s (open loop); \
                 {} round{}, taking turns",
                self.plan.bare_requests,
                self.plan.accept_requests,
                self.plan.whole_requests,
                self.plan.open_time.as_secs(),
                self.plan.rounds,
                if self.plan.rounds == 1 { "" } else { "s" }
            ),
            format!(
                "loops of sandboxes {} ms a turn; backlogs of {} events; stores of {:?} events",
                self.plan.sandbox_time.as_millis(),
                self.plan.backlog,
                self.plan.stored
            ),
            format!(
                "disk: 4 KiB append and fdatasync p50 {:.2} ms, p99 {:.2} ms over {}; the whole run took {} s",
                ms(self.disk.sync_p50),
                ms(self.disk.sync_p99),
                self.disk.syncs,
                self.took.as_secs()
            ),
        ]
    }

    /// For machines.
    pub(crate) fn json(&self) -> Value {
        let figures = self.figures.all.iter().map(|figure| {
            let (median, least, greatest) = figure.spread();
            let mut shown = json!({
                "name": figure.name, "unit": figure.unit, "median": median, "least": least, "greatest": greatest, "rounds": figure.values,
            });
            if let (Some(goal), Some(fields)) = (Goal::of(&figure.name), shown.as_object_mut()) {
                let (key, value) = match goal {
                    Goal::AtLeast(value) => ("at_least", value),
                    Goal::Below(value) => ("below", value),
                };
                fields.insert("goal".to_owned(), json!({key: value, "met": goal.is_met_by(median)}));
            }
            shown
        });
        json!({
            "plan": self.plan.name,
            "conditions": self.conditions(),
            "fdatasync_p50_ms": self.disk.sync_p50.as_secs_f64() * 1000.0,
            "took_s": self.took.as_secs(),
            "figures": figures.collect::<Vec<_>>(),
        })
    }
}

fn line(figure: &Figure, width: usize) -> String {
    let (median, least, greatest) = figure.spread();
    let spread = match figure.values.len() {
        1 => String::new(),
        _ => format!("{} … {}", number(least), number(greatest)),
    };
    let goal = match Goal::of(&figure.name) {
        Some(goal) => {
            let met = if goal.is_met_by(median) { "met" } else { "MISSED" };
            match goal {
                Goal::AtLeast(value) => format!("≥ {value:.2}  {met}"),
                Goal::Below(value) => format!("< {value}  {met}"),
            }
        }
        None => String::new(),
    };
    format!("{:<width$}  {:>10}  {spread:>23}  {} {goal}\n", figure.name, number(median), figure.unit)
}

/// As many decimals as say something.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).map(|rest| rest.trim_start_matches([' ', '\t', ':']));
    format!("{cores} cores, {}", model.unwrap_or("unknown processor"))
}

fn kernel() -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("Linux {}", release.trim())
}
