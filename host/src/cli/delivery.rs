//! `crowdhook delivery`: what leaves the host.

use anyhow::Context as _;
use clap::Subcommand;

use super::client::{Asked, ask, tell};
use super::listing::{self, During, Paging};
use super::report::Advice;
use super::{Common, give_up, offline, output};
use crate::admin::view::DeadReplayed;
use crate::clock::rfc3339;
use crate::config::{Host, load};
use crate::id::{DeliveryId, PluginName, ProjectName};
use crate::store::browse::{DeliveryState, ListedDelivery, Place, WantedDeliveries};
use crate::store::{DeadLetterId, Replayed, WantedDead};

#[derive(Debug, Subcommand)]
pub(super) enum DeliveryCommand {
    /// What plugins asked for, and what became of it, that which was asked for last first
    #[command(
        after_help = "Examples:\n  crowdhook delivery list --state waiting\n  crowdhook delivery list --connection mastodon --since 1d --json"
    )]
    List {
        #[command(flatten)]
        filter: Box<Filter>,
        #[command(flatten)]
        paging: Paging,
    },
    /// One delivery, with what leaves and what the other side said
    #[command(after_help = "Example:\n  crowdhook delivery show 01981f7e-5c3a-7cc0-8e7f-0242ac120002")]
    Show {
        /// Its id
        id: DeliveryId,
    },
    /// Give up what waits to leave: one or several, or all that fit
    ///
    /// Nothing more is tried: each becomes a dead letter at once, which `crowdhook dead replay` takes up again. An attempt that is under way
    /// just now may still get through, and counts if it does. What waits behind it about the same task goes on.
    #[command(
        after_help = "Examples:\n  crowdhook delivery give-up 01981f7e-5c3a-7cc0-8e7f-0242ac120002\n  crowdhook delivery give-up --connection mastodon\n  crowdhook delivery give-up --all"
    )]
    GiveUp {
        /// Its id
        #[arg(conflicts_with_all = ["all", "project", "plugin", "connection", "state", "task", "text", "since", "until"])]
        id: Vec<DeliveryId>,
        #[command(flatten)]
        filter: Box<Filter>,
        /// Everything that waits to leave
        #[arg(long, conflicts_with_all = ["project", "plugin", "connection", "state", "task", "text", "since", "until"])]
        all: bool,
    },
    /// Send again what was given up, under its old id
    #[command(after_help = "Example:\n  crowdhook delivery replay 01981f7e-5c3a-7cc0-8e7f-0242ac120002")]
    Replay {
        /// Its id
        id: DeliveryId,
    },
}

/// Which deliveries: those for which all that is said holds.
#[derive(Debug, clap::Args)]
pub(super) struct Filter {
    /// Only of this project
    #[arg(long, value_name = "NAME")]
    project: Option<ProjectName>,
    /// Only those that a plugin of this name asked for
    #[arg(long, value_name = "NAME")]
    plugin: Option<PluginName>,
    /// Only through this connection
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Only those that are at this point: `waiting`, `delivered`, `dead`, `superseded`
    #[arg(long, value_name = "STATE")]
    state: Option<DeliveryState>,
    /// Only about this task
    #[arg(long, value_name = "ID")]
    task: Option<String>,
    /// Only those whose receipt or reason holds this text
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    #[command(flatten)]
    during: During,
}

impl Filter {
    fn wanted(self) -> WantedDeliveries {
        let Self { project, plugin, connection, state, task, text, during: During { since, until } } = self;
        WantedDeliveries { id: None, project, plugin, connection, state, task, text, since, until }
    }
}

pub(super) async fn run(command: DeliveryCommand, common: &Common) -> anyhow::Result<()> {
    let host = load::host(common.config.as_deref())?;
    match command {
        DeliveryCommand::List { filter, paging } => list(&host, filter.wanted(), &paging, common).await,
        DeliveryCommand::GiveUp { id, filter, all } => {
            let one = |id| WantedDeliveries { id: Some(id), ..WantedDeliveries::default() };
            let wanted = give_up::wanted(id.into_iter().map(one).collect(), filter.wanted(), all)?;
            give_up::run(&host, give_up::DELIVERIES, &wanted, common).await
        }
        DeliveryCommand::Show { id } => show(&host, id, common).await,
        DeliveryCommand::Replay { id } => {
            let wanted = WantedDead { id: Some(DeadLetterId::Delivery(id)), ..WantedDead::default() };
            let view: DeadReplayed = tell(&host, "/v1/dead/replay", &wanted).await?;
            match view.replayed {
                _ if common.json => output::json(&view),
                Replayed { deliveries: 0, settled: 0, .. } => {
                    let help = "only what was given up is sent again: `crowdhook delivery list --state dead` shows it";
                    Err(Advice::new("that delivery was not given up", help).into())
                }
                Replayed { deliveries: 0, .. } => output::lines("nothing is left to do: it was overtaken"),
                _ => output::lines("it leaves again"),
            }
        }
    }
}

async fn list(host: &Host, wanted: WantedDeliveries, paging: &Paging, common: &Common) -> anyhow::Result<()> {
    let page =
        listing::rows(host, ("/v1/deliveries", &wanted), paging, async |store, place| store.browse().deliveries(&wanted, place).await)
            .await?;
    let head = ["delivery", "asked by", "effect", "through", "task", "state", "attempts", "asked for", "receipt or reason"];
    listing::print(&page, common.json, &head, |found: &ListedDelivery| {
        vec![
            found.id.to_string(),
            format!("{}/{}", found.project, found.plugin),
            found.effect.clone(),
            found.connection.clone(),
            found.task.clone().unwrap_or_default(),
            found.state.as_str().to_owned(),
            found.attempts.to_string(),
            rfc3339(found.requested_at),
            found.note.clone(),
        ]
    })
}

async fn show(host: &Host, id: DeliveryId, common: &Common) -> anyhow::Result<()> {
    let found = match ask::<ListedDelivery>(host, &format!("/v1/deliveries/{id}")).await? {
        Asked::Answered(found) => found,
        Asked::Missing(advice) => return Err(advice.into()),
        Asked::NoHost(why) => {
            let wanted = WantedDeliveries { id: Some(id), ..WantedDeliveries::default() };
            let store = offline::store(host, &why)?;
            let page = store.browse().deliveries(&wanted, Place { before: None, limit: 1 }).await.context("the store cannot be read")?;
            let help = "`crowdhook delivery list` shows their ids";
            page.rows.into_iter().next().ok_or_else(|| Advice::new("there is no such delivery", help))?
        }
    };
    if common.json {
        return output::json(&found);
    }
    let facts = [
        ("asked by", format!("{}/{}", found.project, found.plugin)),
        ("effect", found.effect.clone()),
        ("through", found.connection.clone()),
        ("task", found.task.clone().unwrap_or_default()),
        ("event", found.event.to_string()),
        ("state", format!("{} after {} attempts", found.state.as_str(), found.attempts)),
        ("asked for", rfc3339(found.requested_at)),
        (if found.state == DeliveryState::Waiting { "due" } else { "ended" }, found.at.map_or_else(String::new, rfc3339)),
    ];
    let facts: String = facts.iter().map(|(name, value)| format!("{name:10} {}\n", output::plain(value))).collect();
    let note: String = found.note.lines().map(|line| format!("{}\n", output::plain(line))).collect();
    let content = serde_json::to_string_pretty(&found.content.unwrap_or_default())?;
    output::lines(&format!("delivery {id}\n{facts}\nreceipt or reason\n{note}\nwhat leaves\n{content}"))
}
