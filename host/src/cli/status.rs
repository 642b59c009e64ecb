//! `crowdhook status`.

use super::client::{Asked, ask};
use super::report::Advice;
use super::{Common, offline, output};
use crate::admin::hosts::HostsView;
use crate::admin::view::{ProjectView, QuarantineView, Status};
use crate::clock::rfc3339;
use crate::config::load;
use crate::store::{Quarantine, Totals};

/// Whom to ask.
#[derive(Debug, clap::Args)]
pub(super) struct StatusArgs {
    /// Ask a running host alone, and exit with 1 where none answers; without it, what is stored is shown then
    #[arg(long)]
    running: bool,
}

/// Shows what a running host does; where none runs, what is stored.
pub(super) async fn run(args: &StatusArgs, common: &Common) -> anyhow::Result<()> {
    let host = load::host(common.config.as_deref())?;
    match ask::<Status>(&host, "/v1/status").await? {
        Asked::Answered(status) if common.json => output::json(&status),
        Asked::Answered(status) => {
            let projects = match ask::<Vec<ProjectView>>(&host, "/v1/projects").await? {
                Asked::Answered(projects) => projects,
                Asked::Missing(_) | Asked::NoHost(_) => Vec::new(),
            };
            output::lines(&shown(&status))?;
            show_projects(&projects)?;
            if let Asked::Answered(hosts) = ask::<HostsView>(&host, "/v1/hosts").await? {
                show_hosts(&hosts)?;
            }
            match ask::<QuarantineView>(&host, "/v1/quarantine").await? {
                Asked::Answered(held) => show_quarantine(&held.quarantine),
                Asked::Missing(_) | Asked::NoHost(_) => Ok(()),
            }
        }
        Asked::Missing(advice) => Err(advice.into()),
        Asked::NoHost(why) if args.running => Err(Advice::new(why, "start it with `crowdhook serve`").into()),
        Asked::NoHost(why) => {
            let totals = offline::store(&host, &why)?.totals().await?;
            if common.json {
                output::json(&serde_json::json!({ "running": false, "totals": totals }))
            } else {
                output::lines(&shown_totals(&totals))
            }
        }
    }
}

fn shown(status: &Status) -> String {
    let head = format!("crowdhook {}, up for {} (since {})\n", status.version, output::span(status.uptime_s), status.started_at);
    let loaded = format!("loaded: {} projects, {} components\n", status.projects, status.components);
    let certificate = status.certificate_ends_at.as_ref().map_or_else(String::new, |end| format!("certificate: ends {end}\n"));
    let counters: String =
        status.counters.iter().filter(|(_, number)| **number > 0).map(|(name, number)| format!("  {name}: {number}\n")).collect();
    let counters = if counters.is_empty() { counters } else { format!("since the start:\n{counters}") };
    format!("{head}{loaded}{certificate}{}{counters}", shown_totals(&status.totals))
}

/// The hosts that share the store, and where they differ.
fn show_hosts(HostsView { hosts, differences }: &HostsView) -> anyhow::Result<()> {
    if hosts.is_empty() {
        return Ok(());
    }
    let mut table = output::Table::new(&["host", "state", "version", "started", "heard of"]);
    for host in hosts {
        let state = if host.at_work { "at work" } else { "gone" };
        table.row(vec![host.name.clone(), state.to_owned(), host.version.clone(), host.started_at.clone(), host.seen_at.clone()]);
    }
    output::lines("")?;
    table.print()?;
    let told: Vec<String> = differences.iter().map(|one| format!("hosts differ: {one}")).collect();
    output::paragraphs(told.iter().map(String::as_str))
}

fn shown_totals(totals: &Totals) -> String {
    format!(
        "events: {} ({} set aside)\ninvocations: {} waiting, {} dead, {} runs recorded\ndeliveries: {} waiting, {} dead\n",
        totals.events, totals.set_aside, totals.waiting, totals.dead, totals.runs, totals.deliveries_waiting, totals.deliveries_dead
    )
}

fn show_quarantine(held: &[Quarantine]) -> anyhow::Result<()> {
    output::paragraphs(
        held.iter()
            .map(|held| {
                let since = rfc3339(held.since);
                format!(
                    "`{0}` is held since {since}: {1}\nhelp: mend it, or let it go on with `crowdhook plugin release {0}`",
                    held.scope, held.reason
                )
            })
            .collect::<Vec<_>>()
            .iter()
            .map(String::as_str),
    )
}

pub(super) fn show_projects(projects: &[ProjectView]) -> anyhow::Result<()> {
    let mut table = output::Table::new(&["project", "platform", "hook", "state"]);
    for project in projects {
        let state = match (&project.last_error, project.degraded.first()) {
            (Some(_), _) if project.platform.is_none() => "refused".to_owned(),
            (Some(_), _) => "old version, the new one is refused".to_owned(),
            (None, Some(_)) => "degraded".to_owned(),
            (None, None) => "well".to_owned(),
        };
        let name = project.name.clone().unwrap_or_else(|| project.file.clone());
        table.row(vec![name, project.platform.clone().unwrap_or_default(), project.hook.clone().unwrap_or_default(), state]);
    }
    if projects.is_empty() {
        return Ok(());
    }
    table.print()?;
    let errors = projects.iter().filter_map(|project| Some(project.last_error.as_ref()?.text.as_str()));
    output::paragraphs(errors.chain(projects.iter().flat_map(|project| project.degraded.iter().map(String::as_str))))
}
