//! `crowdhook project`.

use std::io::{IsTerminal as _, Write as _};

use clap::Subcommand;

use super::client::{Asked, Client, ask, tell};
use super::report::Advice;
use super::{Common, output};
use crate::admin::hook::{HookView, Standing};
use crate::admin::view::{ProjectForgotten, ProjectView, Rebound};
use crate::config::{Host, load};
use crate::event::PlatformKind;
use crate::id::ProjectName;
use crate::store::figures::ProjectFigures;

#[derive(Debug, Subcommand)]
pub(super) enum ProjectCommand {
    /// The projects of a running host, and the files that it could not load
    List,
    /// One project: its platform, its plugins, and what its answers come to so far
    #[command(after_help = "Example:\n  crowdhook project show birds --json")]
    Show {
        /// The project, by the name of its file
        name: ProjectName,
    },
    /// Say whether a project works: its file, its components, its API key, and whether the platform calls its hook
    ///
    /// Asks the platform, through its API. Exits with 1 when something is to be done.
    #[command(after_help = "Example:\n  crowdhook project check birds")]
    Check {
        /// The project, by the name of its file
        name: ProjectName,
    },
    /// Let a project's name stand for what its file says now
    ///
    /// A name stands for one project of one platform from its first event on, since state and once keys belong to it. When the platform has
    /// moved to another address, this says that it is the same project. What plugins keep stays.
    #[command(after_help = "Example:\n  crowdhook project rebind birds")]
    Rebind {
        /// The project, by the name of its file
        name: ProjectName,
    },
    /// Let go all that is kept of a project whose file is gone
    ///
    /// Events with their payloads and runs, what waits and what was given up, task results, plugins' state, badges, and the keys by which
    /// repeats are known. What left the host before is not called back. It cannot be undone: `crowdhook backup` makes a copy first.
    #[command(after_help = "Example:\n  rm projects/birds.toml && crowdhook project forget birds")]
    Forget {
        /// The project, by the name that its file had
        name: ProjectName,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

pub(super) async fn run(command: ProjectCommand, common: &Common) -> anyhow::Result<()> {
    let host = load::host(common.config.as_deref())?;
    match command {
        ProjectCommand::List => list(&host, common).await,
        ProjectCommand::Show { name } => show(&host, &name, common).await,
        ProjectCommand::Check { name } => check(&host, &name, common).await,
        ProjectCommand::Rebind { name } => {
            let rebound: Rebound = tell(&host, &format!("/v1/projects/{name}/rebind"), &serde_json::json!({})).await?;
            let text = format!("`{name}` stands for project {} at {} from now on", rebound.to.platform_id, rebound.to.address);
            if common.json { output::json(&rebound) } else { output::lines(&text) }
        }
        ProjectCommand::Forget { name, yes } => forget(&host, &name, yes, common).await,
    }
}

async fn list(host: &Host, common: &Common) -> anyhow::Result<()> {
    let views: Vec<ProjectView> = ask(host, "/v1/projects").await?.of_running_host()?;
    if common.json {
        return output::json(&views);
    }
    if views.is_empty() {
        return output::lines("there is no project: `crowdhook init` makes an example of its file");
    }
    super::status::show_projects(&views)
}

async fn show(host: &Host, name: &ProjectName, common: &Common) -> anyhow::Result<()> {
    let view: ProjectView = ask(host, &format!("/v1/projects/{name}")).await?.of_running_host()?;
    let figures: ProjectFigures = ask(host, &format!("/v1/projects/{name}/figures")).await?.of_running_host()?;
    if common.json {
        return output::json(&serde_json::json!({ "project": view, "figures": figures }));
    }
    let text = |field: &Option<String>| field.clone().unwrap_or_else(|| "-".to_owned());
    let tasks: u64 = figures.agreement.iter().map(|count| count.tasks).sum();
    let decided: u64 = figures.agreement.iter().filter(|count| count.decided).map(|count| count.tasks).sum();
    let facts = [
        ("platform", format!("{} at {}, project {}", text(&view.platform), text(&view.address), text(&view.platform_project))),
        ("file", view.file.clone()),
        ("in use since", text(&view.since)),
        ("hook", text(&view.hook)),
        ("plugins", view.plugins.join(", ")),
        ("analysed", format!("{tasks} tasks, {decided} of them decided")),
        ("workers", figures.workers.to_string()),
    ];
    let facts: String = facts.iter().map(|(name, value)| format!("{name:12} {}\n", output::plain(value))).collect();
    output::lines(&format!("project {name}\n{facts}"))?;
    output::paragraphs(view.degraded.iter().map(String::as_str).chain(view.last_error.iter().map(|error| error.text.as_str())))
}

/// What is to be done before a project works; nothing when it does.
async fn check(host: &Host, name: &ProjectName, common: &Common) -> anyhow::Result<()> {
    let view: ProjectView = ask(host, &format!("/v1/projects/{name}")).await?.of_running_host()?;
    let mut to_do: Vec<String> = view.last_error.iter().map(|error| format!("its file is refused: {}", error.text)).collect();
    to_do.extend(view.degraded.iter().cloned());
    let mut notes = Vec::new();
    let hook = match Client::of(host)? {
        Ok(client) => client.get::<HookView>(&format!("/v1/projects/{name}/hook")).await,
        Err(why) => Ok(Asked::NoHost(why)),
    };
    match hook {
        Ok(asked) => {
            let hook = asked.of_running_host()?;
            to_do.extend(about_hook(name, &hook));
            notes.extend(hook.notes);
        }
        Err(error) => to_do.push(format!("the platform gives no answer: {error:#}")),
    }
    if common.json {
        output::json(&serde_json::json!({ "project": name, "to_do": to_do, "notes": notes }))?;
    } else {
        output::lines(&notes.iter().map(|note| format!("note: {}\n", output::plain(note))).collect::<String>())?;
        if to_do.is_empty() {
            return output::lines(&format!(
                "`{name}` works: its file is in use, its components are there, and the platform calls its hook"
            ));
        }
        output::lines(
            &to_do
                .iter()
                .map(|what| format!("- {}\n", what.lines().map(output::plain).collect::<Vec<_>>().join("\n  ")))
                .collect::<String>(),
        )?;
    }
    if to_do.is_empty() {
        Ok(())
    } else {
        Err(Advice::new(format!("`{name}` does not work to the full yet"), "see what is to be done above").into())
    }
}

fn about_hook(name: &ProjectName, hook: &HookView) -> Option<String> {
    let set = format!("`crowdhook hook set {name}` sets it");
    match (hook.standing, &hook.called_at) {
        (Standing::Ours, Some(_)) | (Standing::Unknown, Some(_)) => None,
        (Standing::Ours, None) => Some("the platform has not called its hook yet: complete a task, and see".to_owned()),
        (Standing::OtherToken, _) => Some(format!("the platform calls its hook with a token that does not count: {set}")),
        (Standing::Other, _) => Some(format!("the platform calls another address: {set}")),
        (Standing::Nothing, _) => Some(format!("the platform calls no address: {set}")),
        (Standing::Unknown, None) if hook.platform == PlatformKind::Generic.as_str() => Some(format!(
            "its hook was never called: have the sender post to {}, with the token that `crowdhook hook show {name} --reveal` shows",
            hook.hook
        )),
        (Standing::Unknown, None) => Some(format!(
            "its hook was never called: paste {} into the platform, with the token that `crowdhook hook show {name} --reveal` shows",
            hook.hook
        )),
    }
}

async fn forget(host: &Host, name: &ProjectName, yes: bool, common: &Common) -> anyhow::Result<()> {
    if !yes && !is_meant(name)? {
        return Err(Advice::new("nothing was let go", "say `yes`, or give `--yes`").into());
    }
    let progress = output::Progress::new(common.json);
    let mut rows = 0_u64;
    loop {
        let step: ProjectForgotten = tell(host, &format!("/v1/projects/{name}/forget"), &serde_json::json!({})).await?;
        if step.gone == 0 {
            break;
        }
        rows += u64::from(step.gone);
        progress.say(&format!("{rows} rows gone"));
    }
    progress.end();
    match rows {
        _ if common.json => output::json(&serde_json::json!({ "gone": rows })),
        0 => output::lines(&format!("nothing is kept of a project `{name}`")),
        rows => output::lines(&format!("all that was kept of `{name}` is gone: {rows} rows")),
    }
}

/// Asks whoever sits at the terminal.
fn is_meant(name: &ProjectName) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    write!(std::io::stderr(), "Let go all that is kept of project `{name}`? It cannot be undone. [yes/no] ")?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
