//! `crowdhook event export`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Context as _;

use super::super::report::Advice;
use super::super::{Common, offline, output};
use crate::case::{self, Wanted, WorkerIds};
use crate::config::load::{self, Context, Env};
use crate::config::{self, Host};
use crate::event::Event;
use crate::id::{EventId, PluginName};
use crate::store::Store;

pub(super) const EXAMPLES: &str = "\
Example:
  crowdhook event export 01981f7e-5c3a-7cc0-8e7f-0242ac120002 --case cases/odd-one --plugin vote
  crowdhook plugin run plugins/majority-vote.wasm --case cases/odd-one";

/// What to make of which event.
pub(super) struct Asked {
    pub(super) id: EventId,
    pub(super) case: PathBuf,
    pub(super) plugin: Option<PluginName>,
    pub(super) worker_ids: bool,
}

/// Reads the store as it is, whether a host runs or not.
pub(super) async fn run(host: &Host, asked: Asked, common: &Common) -> anyhow::Result<()> {
    if asked.case.join("event.json").exists() {
        return Err(Advice::new(format!("`{}` holds a case already", asked.case.display()), "name a folder that is not there yet").into());
    }
    let store = offline::quiet(host)?;
    let found = store.event(asked.id).await.context("the store cannot be read")?;
    let (event, _) =
        found.ok_or_else(|| Advice::new("there is no such event", "the log and `crowdhook dead list` name the ids of events"))?;
    let project = project(host, &event)?;
    let plugin = plugin(store.as_ref(), &event, &project, asked.plugin).await?;
    let workers = if asked.worker_ids { WorkerIds::Kept } else { WorkerIds::Aliased };
    let wanted = Wanted { event: &event, project: &project, plugin, workers };
    let exported = Box::pin(case::export(store.as_ref(), &wanted, &asked.case)).await?;
    exported.notes.iter().for_each(|note| output::note(note));
    if common.json {
        return output::json(
            &serde_json::json!({ "case": asked.case, "plugin": plugin.name, "files": exported.files, "notes": exported.notes }),
        );
    }
    let files: String = exported.files.iter().map(|file| format!("  {}\n", file.display())).collect();
    output::lines(&format!(
        "made a case of `{}` on event `{}`:\n{files}run it with `crowdhook plugin run {}.wasm --case {}`",
        plugin.name,
        event.id,
        plugin.component,
        asked.case.display()
    ))
}

/// The event's project, whose secrets need not be known here.
fn project(host: &Host, event: &Event) -> anyhow::Result<config::Project> {
    let file = host.projects.join(format!("{}.toml", event.project));
    let context = Context { env: Env::without_secrets(), ..Context::of(host) };
    Ok(load::project(&file, &context)?.0)
}

/// The plugin that is asked for, or else the one that has run on the event.
async fn plugin<'p>(
    store: &dyn Store,
    event: &Event,
    project: &'p config::Project,
    asked: Option<PluginName>,
) -> anyhow::Result<&'p config::Plugin> {
    let name = match asked {
        Some(name) => name,
        None => {
            let ran: BTreeSet<PluginName> = store.runs(event.id).await?.into_iter().map(|(plugin, _)| plugin).collect();
            let names = ran.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            match (ran.len(), ran.into_iter().next()) {
                (1, Some(name)) => name,
                (0, _) => return Err(Advice::new("no plugin has run on the event", "name one of the project: `--plugin NAME`").into()),
                _ => {
                    return Err(Advice::new(
                        format!("several plugins have run on the event: {names}"),
                        "name one of them: `--plugin NAME`",
                    )
                    .into());
                }
            }
        }
    };
    let there = project.plugins.iter().find(|plugin| plugin.name == name);
    let names = project.plugins.iter().map(|plugin| format!("`{}`", plugin.name)).collect::<Vec<_>>().join(", ");
    there.ok_or_else(|| Advice::new(format!("project `{}` has no plugin `{name}`", project.name), format!("its file has {names}")).into())
}
