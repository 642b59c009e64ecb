//! `crowdhook dead`.

use anyhow::Context as _;
use clap::Subcommand;
use url::form_urlencoded;

use super::client::{Asked, ask, tell};
use super::report::Advice;
use super::{Common, offline, output};
use crate::admin::view::{self, DEAD_MAX, DEAD_USUAL, DeadReplayed, DeadView, EventView};
use crate::clock::{Timestamp, rfc3339};
use crate::config::{Host, load};
use crate::id::{EventId, PluginName, ProjectName};
use crate::store::{DeadKind, DeadLetter, DeadLetterId, Replayed, WantedDead};

/// Dead letters that are replayed in a step: as many as the host takes.
const REPLAYED_AT_ONCE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum DeadCommand {
    /// What was given up last, newest first, each with its reason
    #[command(
        after_help = "Examples:\n  crowdhook dead list --project birds --what delivery\n\nHow many died of what:\n  crowdhook dead list --json | jq -r '.dead[].reason' | sort | uniq -c"
    )]
    List {
        #[command(flatten)]
        filter: Filter,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = DEAD_USUAL, value_parser = clap::value_parser!(u32).range(1..=i64::from(DEAD_MAX)))]
        limit: u32,
    },
    /// One dead letter: the event, every attempt with its reason and log lines, and what left because of it
    #[command(after_help = "Example:\n  crowdhook dead show 17")]
    Show {
        /// Its id, as `dead list` shows it
        id: DeadLetterId,
    },
    /// Take up again what was given up: one, all that fit, or all
    ///
    /// An invocation starts again at its first attempt, with origin `replay`, on what the platform said when the event came. A
    /// delivery leaves under its old id. What was done once is not done twice: once keys that are spent stay spent. When too much waits
    /// already, it stops, with 1, and says what it replayed until then; the same command goes on.
    #[command(
        after_help = "Examples:\n  crowdhook dead replay 17\n  crowdhook dead replay --project birds --plugin vote\n  crowdhook dead replay --reason 'answered 503'\n  crowdhook dead replay --all"
    )]
    Replay {
        /// Its id, as `dead list` shows it
        #[arg(conflicts_with_all = ["all", "what", "event", "project", "plugin", "reason", "until"])]
        id: Option<DeadLetterId>,
        #[command(flatten)]
        filter: Filter,
        /// Everything that was given up
        #[arg(long, conflicts_with_all = ["what", "event", "project", "plugin", "reason", "until"])]
        all: bool,
    },
}

/// Which dead letters: those for which all that is said holds.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Filter {
    /// Only invocations, or only deliveries
    #[arg(long, value_name = "invocation|delivery")]
    what: Option<DeadKind>,
    /// Only about this event
    #[arg(long, value_name = "ID")]
    event: Option<EventId>,
    /// Only of this project
    #[arg(long, value_name = "NAME")]
    project: Option<ProjectName>,
    /// Only of plugins that have this name in their project's file
    #[arg(long, value_name = "NAME")]
    plugin: Option<PluginName>,
    /// Only those whose reason holds this text
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Only those given up by then, RFC 3339
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
}

impl Filter {
    fn wanted(self, id: Option<DeadLetterId>) -> WantedDead {
        let Self { what, event, project, plugin, reason, until } = self;
        WantedDead { id, what, event, project, plugin, reason, until }
    }
}

pub(super) async fn run(command: DeadCommand, common: &Common) -> anyhow::Result<()> {
    let host = load::host(common.config.as_deref())?;
    match command {
        DeadCommand::List { filter, limit } => list(&host, &filter.wanted(None), limit, common).await,
        DeadCommand::Show { id } => show(&host, id, common).await,
        DeadCommand::Replay { id, filter, all } => {
            let wanted = filter.wanted(id);
            if wanted == WantedDead::default() && !all {
                let help = "name one, say which by `--project`, `--plugin`, `--event`, `--what`, `--reason` or `--until`, or write `--all`";
                return Err(Advice::new("it is not said what to replay", help).into());
            }
            replay(&host, &wanted, common).await
        }
    }
}

async fn letters(host: &Host, wanted: &WantedDead, limit: u32) -> anyhow::Result<DeadView> {
    match ask::<DeadView>(host, &format!("/v1/dead?limit={limit}{}", query(wanted)?)).await? {
        Asked::Answered(view) => Ok(view),
        Asked::Missing(advice) => Err(advice.into()),
        Asked::NoHost(why) => {
            let store = offline::store(host, &why)?;
            Ok(DeadView { dead: store.dead_letters(wanted, limit).await.context("the store cannot be read")? })
        }
    }
}

/// What is wanted, as it stands behind a query's first argument.
fn query(wanted: &WantedDead) -> anyhow::Result<String> {
    let mut query = String::new();
    for (name, value) in serde_json::to_value(wanted)?.as_object().into_iter().flatten() {
        let value: String = form_urlencoded::byte_serialize(value.as_str().unwrap_or_default().as_bytes()).collect();
        query += &format!("&{name}={value}");
    }
    Ok(query)
}

async fn list(host: &Host, wanted: &WantedDead, limit: u32, common: &Common) -> anyhow::Result<()> {
    let view = letters(host, wanted, limit).await?;
    if common.json {
        return output::json(&view);
    }
    if view.dead.is_empty() {
        return output::lines("nothing was given up");
    }
    let mut table = output::Table::new(&["id", "event", "kind", "plugin", "task", "what", "attempts", "died", "reason"]);
    for letter in &view.dead {
        table.row(vec![
            letter.id.to_string(),
            letter.event.to_string(),
            letter.kind.clone(),
            letter.scope.to_string(),
            letter.task.clone().unwrap_or_default(),
            what(letter),
            letter.attempts.to_string(),
            rfc3339(letter.died_at),
            letter.reason.clone(),
        ]);
    }
    table.print()
}

/// What was given up, in a word or two.
fn what(letter: &DeadLetter) -> String {
    letter.delivery.as_ref().map_or_else(|| "invocation".to_owned(), |delivery| format!("{} by {}", delivery.effect, delivery.connection))
}

async fn show(host: &Host, id: DeadLetterId, common: &Common) -> anyhow::Result<()> {
    let wanted = WantedDead { id: Some(id), ..WantedDead::default() };
    let letter = letters(host, &wanted, 1).await?.dead.pop();
    let missing =
        || Advice::new(format!("there is no dead letter `{id}`"), "`crowdhook dead list` shows their ids; one that was replayed is gone");
    let letter = letter.ok_or_else(missing)?;
    let event = match ask::<EventView>(host, &format!("/v1/events/{}", letter.event)).await? {
        Asked::Answered(event) => Some(event),
        Asked::Missing(_) => None,
        Asked::NoHost(why) => view::event(offline::store(host, &why)?.as_ref(), letter.event).await.context("the store cannot be read")?,
    };
    if common.json {
        return output::json(&serde_json::json!({ "letter": letter, "event": event }));
    }
    let reason = letter.reason.lines().map(output::plain).collect::<Vec<_>>().join("\n");
    output::lines(&format!(
        "{} {id} of {}, given up at {} after {} attempts\n\nreason\n{reason}\n",
        what(&letter),
        letter.scope,
        rfc3339(letter.died_at),
        letter.attempts
    ))?;
    match event {
        Some(event) => super::event::show(&event),
        None => output::lines(&format!("event {} is not kept any more", letter.event)),
    }
}

async fn replay(host: &Host, wanted: &WantedDead, common: &Common) -> anyhow::Result<()> {
    let view = all_steps(host, wanted, common).await?;
    let DeadReplayed { replayed, stopped, .. } = &view;
    if common.json {
        output::json(&view)?;
    } else if *replayed == Replayed::default() {
        let help = "`crowdhook dead list` with the same words shows what there is";
        return Err(Advice::new("nothing that was given up fits", help).into());
    } else {
        let Replayed { invocations, deliveries, settled } = replayed;
        let mut text = format!("replaying {invocations} invocations and {deliveries} deliveries");
        if *settled > 0 {
            text += &format!("; {settled} had nothing left to do");
        }
        output::lines(&text)?;
    }
    match stopped {
        None => Ok(()),
        Some(why) => Err(Advice::new(format!("stopped: {why}"), "the same command goes on once fewer wait").into()),
    }
}

/// Replays step by step, so that no answer takes longer than one is waited for, until nothing is left or there is no room.
async fn all_steps(host: &Host, wanted: &WantedDead, common: &Common) -> anyhow::Result<DeadReplayed> {
    let path = format!("/v1/dead/replay?limit={REPLAYED_AT_ONCE}");
    let progress = output::Progress::new(common.json);
    let mut wanted = wanted.clone();
    let mut all = DeadReplayed { replayed: Replayed::default(), stopped: None, until: None };
    loop {
        let step: DeadReplayed = match tell(host, &path, &wanted).await {
            Ok(step) => step,
            // What was replayed until then is not to go unsaid.
            Err(error) if all.replayed != Replayed::default() => {
                return Ok(DeadReplayed { stopped: Some(format!("{error:#}")), ..all });
            }
            Err(error) => return Err(error),
        };
        let Replayed { invocations, deliveries, settled } = step.replayed;
        all.replayed.invocations += invocations;
        all.replayed.deliveries += deliveries;
        all.replayed.settled += settled;
        progress.say(&format!("{} invocations and {} deliveries replayed", all.replayed.invocations, all.replayed.deliveries));
        all.stopped = step.stopped;
        if step.until.is_none() || all.stopped.is_some() {
            return Ok(all);
        }
        wanted.until = step.until;
    }
}
