//! `crowdhook event`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::Value;

use super::client::{Asked, ask, tell};
use super::listing::{self, During, Paging};
use super::report::Advice;
use super::{Common, offline, output};
use crate::admin::view::{self, EventReplayed, EventView};
use crate::clock::rfc3339;
use crate::config::{Host, load};
use crate::event::{EventKind, Standing};
use crate::id::{EventId, PluginName, ProjectName};
use crate::store::browse::{ListedEvent, WantedEvents};

mod export;

#[derive(Debug, Subcommand)]
pub(super) enum EventCommand {
    /// What came in and what plugins emitted, the newest first
    #[command(
        after_help = "Examples:\n  crowdhook event list --project birds --since 2h\n  crowdhook event list --standing unreadable --json\n  crowdhook event list --text '\"task_id\": 4711'"
    )]
    List {
        #[command(flatten)]
        filter: Box<Filter>,
        #[command(flatten)]
        paging: Paging,
    },
    /// One event: what came in, what is done with it, and every attempt of every plugin
    #[command(after_help = "Example:\n  crowdhook event show 01981f7e-5c3a-7cc0-8e7f-0242ac120002 --json")]
    Show {
        /// The event's id, as `event list`, `dead list` and the log show it
        id: EventId,
    },
    /// Let plugins handle an event again, whatever became of it before
    ///
    /// With origin `replay`: plugins that tell people something stay silent unless their settings say otherwise. Once keys that are
    /// spent stay spent.
    #[command(
        after_help = "Examples:\n  crowdhook event replay 01981f7e-5c3a-7cc0-8e7f-0242ac120002\n  crowdhook event replay 01981f7e-5c3a-7cc0-8e7f-0242ac120002 --plugin vote --fresh"
    )]
    Replay {
        /// The event's id, as `event list`, `dead list` and the log show it
        id: EventId,
        /// Only this plugin of the project
        #[arg(long, value_name = "NAME")]
        plugin: Option<PluginName>,
        /// Read the task from the platform anew, instead of what it said when the event came
        #[arg(long)]
        fresh: bool,
    },
    /// Make a case of a stored event, so that its plugin can be run on it again, on any machine and without a host
    ///
    /// The case holds the event, the task and its answers as they were, what the last run of the plugin read (entries of its state that it
    /// asked for by key, other tasks, answers of services), and the plugin's settings and grants as the project's file has them now. It
    /// holds no secret. Workers are called `worker-1`, `worker-2` … where a member such as `worker` or `user_id` holds their id; what people
    /// wrote is theirs and stays. What a run found by `state.scan` or `state.increment` is not recorded: add it to `state.json`.
    #[command(after_help = export::EXAMPLES)]
    Export {
        /// The event's id, as `event list`, `dead list` and the log show it
        id: EventId,
        /// The folder to be made
        #[arg(long, value_name = "DIR")]
        case: PathBuf,
        /// The plugin of the project; may be left out where one alone has run on it
        #[arg(long, value_name = "NAME")]
        plugin: Option<PluginName>,
        /// Keep the ids of workers
        #[arg(long)]
        worker_ids: bool,
    },
}

/// Which events: those for which all that is said holds.
#[derive(Debug, clap::Args)]
pub(super) struct Filter {
    /// Only of this project
    #[arg(long, value_name = "NAME")]
    project: Option<ProjectName>,
    /// Only of this kind: `task.completed`
    #[arg(long, value_name = "KIND")]
    kind: Option<EventKind>,
    /// Only those with which this is done: `accepted`, `ignored`, `unreadable`, `superseded`, `unconfirmed`
    #[arg(long, value_name = "STANDING")]
    standing: Option<Standing>,
    /// Only about this task
    #[arg(long, value_name = "ID")]
    task: Option<String>,
    /// Only those whose payload holds this text, in whatever case
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    #[command(flatten)]
    during: During,
}

async fn list(host: &Host, filter: Filter, paging: &Paging, common: &Common) -> anyhow::Result<()> {
    let Filter { project, kind, standing, task, text, during: During { since, until } } = filter;
    let wanted = WantedEvents { project, kind, standing, task, text, since, until };
    let page =
        listing::rows(host, ("/v1/events", &wanted), paging, async |store, place| store.browse().events(&wanted, place).await).await?;
    let head = ["event", "received", "project", "kind", "task", "standing", "origin", "waiting", "dead"];
    listing::print(&page, common.json, &head, |event: &ListedEvent| {
        vec![
            event.id.to_string(),
            rfc3339(event.received_at),
            event.project.to_string(),
            event.kind.to_string(),
            event.task.clone().unwrap_or_default(),
            event.standing.as_str().to_owned(),
            event.origin.to_string(),
            event.waiting.to_string(),
            event.dead.to_string(),
        ]
    })
}

pub(super) async fn run(command: EventCommand, common: &Common) -> anyhow::Result<()> {
    let host = load::host(common.config.as_deref())?;
    let id = match command {
        EventCommand::List { filter, paging } => return list(&host, *filter, &paging, common).await,
        EventCommand::Show { id } => id,
        EventCommand::Export { id, case, plugin, worker_ids } => {
            let asked = export::Asked { id, case, plugin, worker_ids };
            return export::run(&host, asked, common).await;
        }
        EventCommand::Replay { id, plugin, fresh } => {
            let asked = serde_json::json!({ "plugin": plugin, "fresh": fresh });
            let replayed: EventReplayed = tell(&host, &format!("/v1/events/{id}/replay"), &asked).await?;
            return match (common.json, replayed.invocations) {
                (true, _) => output::json(&replayed),
                (false, 0) => output::lines("nothing to do: no plugin wants it, or those that do have it before them already"),
                (false, invocations) => output::lines(&format!("{invocations} plugins handle it again")),
            };
        }
    };
    let view = find(&host, id).await?;
    if common.json { output::json(&view) } else { show(&view) }
}

/// An event, from a running host, or from the store where none runs.
pub(super) async fn find(host: &Host, id: EventId) -> anyhow::Result<EventView> {
    match ask(host, &format!("/v1/events/{id}")).await? {
        Asked::Answered(view) => Ok(view),
        Asked::Missing(advice) => Err(advice.into()),
        Asked::NoHost(why) => {
            let found = view::event(offline::store(host, &why)?.as_ref(), id).await.context("the store cannot be read")?;
            let help = "`crowdhook event list`, `crowdhook dead list` and the log name the ids of events";
            found.ok_or_else(|| Advice::new("there is no such event", help).into())
        }
    }
}

pub(super) fn show(view: &EventView) -> anyhow::Result<()> {
    let field = |name: &str| text(view.event.get(name));
    let mut lines = format!("{} {}\n", field("kind"), field("id"));
    for name in ["project", "platform", "task", "origin", "occurred_at", "received_at", "emitted_by"] {
        if view.event.get(name).is_some_and(|value| !value.is_null()) {
            lines += &format!("{name:12} {}\n", field(name));
        }
    }
    lines += &format!(
        "{:12} {}\n\npayload\n{}\n",
        "standing",
        view.standing,
        serde_json::to_string_pretty(view.event.get("payload").unwrap_or(&Value::Null))?
    );
    output::lines(&lines)?;
    if view.runs.is_empty() {
        output::lines("no plugin has run on it")?;
        return show_deliveries(view);
    }
    let mut table = output::Table::new(&["plugin", "outcome", "started", "took", "cpu", "reason"]);
    for run in &view.runs {
        let cell = |name: &str| text(run.get(name));
        let millis = |name: &str| format!("{} ms", cell(name));
        table.row(vec![cell("plugin"), cell("outcome"), cell("started_at"), millis("duration_ms"), millis("cpu_ms"), cell("reason")]);
    }
    table.print()?;
    view.runs.iter().try_for_each(show_log)?;
    show_deliveries(view)
}

/// What left, or is to leave, because of it.
fn show_deliveries(view: &EventView) -> anyhow::Result<()> {
    if view.deliveries.is_empty() {
        return Ok(());
    }
    output::lines("")?;
    let mut table = output::Table::new(&["delivery", "asked by", "effect", "through", "state", "attempts", "receipt or reason"]);
    for delivery in &view.deliveries {
        let plain = |text: &String| output::plain(text);
        let attempts = delivery.attempts.to_string();
        let cells = [&delivery.id, &delivery.plugin, &delivery.effect, &delivery.connection, &delivery.standing, &attempts, &delivery.note];
        table.row(cells.into_iter().map(plain).collect());
    }
    table.print()
}

/// The log lines of a run, whatever their shape.
fn show_log(run: &Value) -> anyhow::Result<()> {
    let Some(log) = run.get("log").and_then(Value::as_array).filter(|log| !log.is_empty()) else { return Ok(()) };
    let line = |entry: &Value| match (entry.get("level"), entry.get("message")) {
        (level, Some(message)) => format!("  {} {}", text(level), text(Some(message))),
        _ => format!("  {}", text(Some(entry))),
    };
    let lines: Vec<String> = log.iter().map(line).collect();
    output::lines(&format!("\nlog of {}\n{}", text(run.get("plugin")), lines.join("\n")))
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => output::plain(text),
        Some(other) => output::plain(&other.to_string()),
    }
}
