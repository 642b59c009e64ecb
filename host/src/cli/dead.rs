//! `crowdhook dead list`.

use anyhow::Context as _;
use clap::Subcommand;

use super::client::{Asked, ask};
use super::{Common, offline, output};
use crate::admin::view::{DEAD_MAX, DEAD_USUAL, DeadView};
use crate::config::load;

#[derive(Debug, Subcommand)]
pub(super) enum DeadCommand {
    /// The invocations given up last, newest first, each with its reason
    #[command(after_help = "Example, how many died of what:\n  crowdhook dead list --json | jq -r '.dead[].reason' | sort | uniq -c")]
    List {
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = DEAD_USUAL, value_parser = clap::value_parser!(u32).range(1..=i64::from(DEAD_MAX)))]
        limit: u32,
    },
}

pub(super) async fn run(command: DeadCommand, common: &Common) -> anyhow::Result<()> {
    let DeadCommand::List { limit } = command;
    let host = load::host(common.config.as_deref())?;
    let view = match ask::<DeadView>(&host, &format!("/v1/dead?limit={limit}")).await? {
        Asked::Answered(view) => view,
        Asked::Missing(advice) => return Err(advice.into()),
        Asked::NoHost(why) => {
            let store = offline::store(&host, &why)?;
            DeadView { dead: store.dead_letters(limit).await.context("the store cannot be read")? }
        }
    };
    if common.json {
        return output::json(&view);
    }
    if view.dead.is_empty() {
        return output::lines("nothing was given up");
    }
    let mut table = output::Table::new(&["event", "kind", "plugin", "task", "attempts", "died", "reason"]);
    for letter in &view.dead {
        let died = crate::clock::rfc3339(letter.died_at);
        let task = letter.task.clone().unwrap_or_default();
        table.row(vec![
            letter.event.to_string(),
            letter.kind.clone(),
            letter.scope.to_string(),
            task,
            letter.attempts.to_string(),
            died,
            letter.reason.clone(),
        ]);
    }
    table.print()
}
