//! `crowdhook invocation give-up` and `crowdhook delivery give-up`: step by step, until nothing that fits waits.

use serde::Serialize;

use super::client::tell;
use super::report::Advice;
use super::{Common, output};
use crate::admin::view::GaveUp;
use crate::config::Host;

/// What is given up, and how it is called.
#[derive(Clone, Copy)]
pub(super) struct What {
    path: &'static str,
    one: &'static str,
    several: &'static str,
}

pub(super) const INVOCATIONS: What = What { path: "/v1/invocations/give-up", one: "invocation", several: "invocations" };
pub(super) const DELIVERIES: What = What { path: "/v1/deliveries/give-up", one: "delivery", several: "deliveries" };

/// What is to be given up: those that were named, or those that a filter finds.
///
/// # Errors
///
/// When nothing is said, and not that all is meant.
pub(super) fn wanted<W: Default + PartialEq>(named: Vec<W>, filter: W, all: bool) -> anyhow::Result<Vec<W>> {
    if !named.is_empty() {
        return Ok(named);
    }
    if filter == W::default() && !all {
        let help = "name some, say which by filters like `--project` and `--state`, or write `--all`";
        return Err(Advice::new("it is not said what to give up", help).into());
    }
    Ok(vec![filter])
}

pub(super) async fn run<W: Serialize>(host: &Host, what: What, wanted: &[W], common: &Common) -> anyhow::Result<()> {
    let progress = output::Progress::new(common.json);
    let mut given_up = 0_u64;
    for wanted in wanted {
        let mut next = None;
        loop {
            let before = next.map_or_else(String::new, |next: i64| format!("?before={next}"));
            let step: GaveUp = tell(host, &format!("{}{before}", what.path), wanted).await?;
            given_up += u64::from(step.given_up);
            progress.say(&format!("{given_up} {} given up", what.several));
            next = step.next;
            if next.is_none() {
                break;
            }
        }
    }
    progress.end();
    match given_up {
        _ if common.json => output::json(&serde_json::json!({ "given_up": given_up })),
        0 => {
            let help = format!("`crowdhook {} list --state waiting` shows what there is", what.one);
            Err(Advice::new("nothing that fits waits", help).into())
        }
        1 => output::lines(&format!("1 {} given up", what.one)),
        several => output::lines(&format!("{several} {} given up", what.several)),
    }
}
