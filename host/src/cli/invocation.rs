//! `crowdhook invocation`: what plugins did about events.

use std::fmt;
use std::str::FromStr;

use clap::Subcommand;

use super::client::tell;
use super::listing::{self, During, Paging};
use super::{Common, give_up, output};
use crate::admin::view::EventReplayed;
use crate::clock::rfc3339;
use crate::config::{Host, load};
use crate::id::{EventId, PluginName, ProjectName};
use crate::store::browse::{InvocationState, ListedInvocation, WantedInvocations};

#[derive(Debug, Subcommand)]
pub(super) enum InvocationCommand {
    /// What each plugin did about each event, or is to do, the newest event first
    #[command(
        after_help = "Examples:\n  crowdhook invocation list --state waiting\n  crowdhook invocation list --project birds --plugin vote --since 2h --json"
    )]
    List {
        #[command(flatten)]
        filter: Box<Filter>,
        #[command(flatten)]
        paging: Paging,
    },
    /// What one plugin did about one event: every attempt, with its log lines and what left because of it
    #[command(after_help = "Example:\n  crowdhook invocation show 01981f7e-5c3a-7cc0-8e7f-0242ac120002/vote")]
    Show {
        /// The event's id and the plugin's name
        #[arg(value_name = "EVENT/PLUGIN")]
        which: Which,
    },
    /// Give up what waits: one or several, or all that fit
    ///
    /// Nothing more is tried: each becomes a dead letter at once, which `crowdhook dead replay` takes up again. What a plugin asks for that
    /// runs just now is dropped. What waits behind it about the same task goes on.
    #[command(
        after_help = "Examples:\n  crowdhook invocation give-up 01981f7e-5c3a-7cc0-8e7f-0242ac120002/vote\n  crowdhook invocation give-up --project birds --state parked\n  crowdhook invocation give-up --all"
    )]
    GiveUp {
        /// The event's id and the plugin's name
        #[arg(value_name = "EVENT/PLUGIN", conflicts_with_all = ["all", "event", "project", "plugin", "state", "task", "text", "since", "until"])]
        which: Vec<Which>,
        #[command(flatten)]
        filter: Box<Filter>,
        /// Everything that waits
        #[arg(long, conflicts_with_all = ["event", "project", "plugin", "state", "task", "text", "since", "until"])]
        all: bool,
    },
    /// Let one plugin handle an event again, whatever became of it before
    #[command(after_help = "Example:\n  crowdhook invocation replay 01981f7e-5c3a-7cc0-8e7f-0242ac120002/vote --fresh")]
    Replay {
        /// The event's id and the plugin's name
        #[arg(value_name = "EVENT/PLUGIN")]
        which: Which,
        /// Read the task from the platform anew, instead of what it said when the event came
        #[arg(long)]
        fresh: bool,
    },
}

/// Which invocations: those for which all that is said holds.
#[derive(Debug, clap::Args)]
pub(super) struct Filter {
    /// Only of this event
    #[arg(long, value_name = "ID")]
    event: Option<EventId>,
    /// Only of this project
    #[arg(long, value_name = "NAME")]
    project: Option<ProjectName>,
    /// Only of plugins that have this name in their project's file
    #[arg(long, value_name = "NAME")]
    plugin: Option<PluginName>,
    /// Only those that are at this point: `waiting`, `parked`, `done`, `dead`, `dropped`
    #[arg(long, value_name = "STATE")]
    state: Option<InvocationState>,
    /// Only of events about this task
    #[arg(long, value_name = "ID")]
    task: Option<String>,
    /// Only those whose last reason holds this text
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    #[command(flatten)]
    during: During,
}

impl Filter {
    fn wanted(self) -> WantedInvocations {
        let Self { event, project, plugin, state, task, text, during: During { since, until } } = self;
        WantedInvocations { event, project, plugin, state, task, text, since, until }
    }
}

/// One event for one plugin.
#[derive(Clone, Debug)]
pub(super) struct Which {
    event: EventId,
    plugin: PluginName,
}

impl FromStr for Which {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let help = "write the event's id, `/`, and the plugin's name: `01981f7e-5c3a-7cc0-8e7f-0242ac120002/vote`";
        let (event, plugin) = text.split_once('/').ok_or(help)?;
        Ok(Self { event: event.parse().map_err(|_| help)?, plugin: plugin.parse().map_err(|_| help)? })
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.event, self.plugin)
    }
}

pub(super) async fn run(command: InvocationCommand, common: &Common) -> anyhow::Result<()> {
    let host = load::host(common.config.as_deref())?;
    match command {
        InvocationCommand::List { filter, paging } => list(&host, filter.wanted(), &paging, common).await,
        InvocationCommand::GiveUp { which, filter, all } => {
            let one =
                |which: Which| WantedInvocations { event: Some(which.event), plugin: Some(which.plugin), ..WantedInvocations::default() };
            let wanted = give_up::wanted(which.into_iter().map(one).collect(), filter.wanted(), all)?;
            give_up::run(&host, give_up::INVOCATIONS, &wanted, common).await
        }
        InvocationCommand::Show { which } => show(&host, &which, common).await,
        InvocationCommand::Replay { which: Which { event, plugin }, fresh } => {
            let asked = serde_json::json!({ "plugin": plugin, "fresh": fresh });
            let replayed: EventReplayed = tell(&host, &format!("/v1/events/{event}/replay"), &asked).await?;
            match (common.json, replayed.invocations) {
                (true, _) => output::json(&replayed),
                (false, 0) => output::lines(&format!("nothing to do: the event waits for `{plugin}` already")),
                (false, _) => output::lines(&format!("`{plugin}` handles it again")),
            }
        }
    }
}

async fn list(host: &Host, wanted: WantedInvocations, paging: &Paging, common: &Common) -> anyhow::Result<()> {
    let page =
        listing::rows(host, ("/v1/invocations", &wanted), paging, async |store, place| store.browse().invocations(&wanted, place).await)
            .await?;
    let head = ["event/plugin", "project", "kind", "task", "state", "attempts", "last", "took", "reason"];
    listing::print(&page, common.json, &head, |found: &ListedInvocation| {
        vec![
            format!("{}/{}", found.event, found.plugin),
            found.project.to_string(),
            found.kind.to_string(),
            found.task.clone().unwrap_or_default(),
            found.state.as_str().to_owned(),
            found.attempts.to_string(),
            found.started_at.map_or_else(String::new, rfc3339),
            found.duration_ms.map_or_else(String::new, |took| format!("{took} ms")),
            found.reason.lines().next().unwrap_or_default().to_owned(),
        ]
    })
}

async fn show(host: &Host, which: &Which, common: &Common) -> anyhow::Result<()> {
    let mut view = super::event::find(host, which.event).await?;
    let plugin = which.plugin.as_str();
    view.runs.retain(|run| run.get("plugin").is_some_and(|name| name == plugin));
    view.deliveries.retain(|delivery| delivery.plugin == plugin);
    if common.json { output::json(&view) } else { super::event::show(&view) }
}
