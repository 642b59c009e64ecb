//! `crowdhook hook`: what a platform calls.

use clap::Subcommand;

use super::client::{ask, tell};
use super::{Common, output};
use crate::admin::hook::{HookView, Standing, WantedHook};
use crate::config::load;
use crate::id::ProjectName;

#[derive(Debug, Subcommand)]
pub(super) enum HookCommand {
    /// Set the address on the platform, through its API
    #[command(
        after_help = "Examples:\n  crowdhook hook set birds\n  crowdhook hook set birds --url https://crowd.example.org/hooks/birds/0123456789abcdef"
    )]
    Set {
        /// The project, by the name of its file
        project: ProjectName,
        /// The address [default: the project's hook below `public_url`, with its token]
        #[arg(long, value_name = "URL")]
        url: Option<String>,
    },
    /// What is set on the platform, whether it is this host's, and whether it has been called
    #[command(after_help = "Example, the address to paste by hand:\n  crowdhook hook show birds --reveal")]
    Show {
        /// The project, by the name of its file
        project: ProjectName,
        /// Show addresses with their secrets
        #[arg(long)]
        reveal: bool,
    },
}

pub(super) async fn run(command: HookCommand, common: &Common) -> anyhow::Result<()> {
    let host = load::host(common.config.as_deref())?;
    let view: HookView = match command {
        HookCommand::Set { project, url } => tell(&host, &format!("/v1/projects/{project}/hook"), &WantedHook { url }).await?,
        HookCommand::Show { project, reveal } => {
            ask(&host, &format!("/v1/projects/{project}/hook?reveal={reveal}")).await?.of_running_host()?
        }
    };
    if common.json { output::json(&view) } else { output::lines(&text(&view)) }
}

fn text(view: &HookView) -> String {
    let set = view.set.as_deref().map(output::plain).unwrap_or_default();
    let set = match view.standing {
        Standing::Ours => format!("{set} (this host's)"),
        Standing::OtherToken => format!("{set} (this host's, with a token or password that does not count: `crowdhook hook set` mends it)"),
        Standing::Other => format!("{set} (not this host's)"),
        Standing::Nothing => "nothing".to_owned(),
        Standing::Unknown => "not known".to_owned(),
    };
    let called = view.called_at.as_deref().unwrap_or("never, as far as this host knows");
    let lines =
        [("project", view.project.as_str()), ("platform", &view.platform), ("hook", &view.hook), ("set there", &set), ("called", called)];
    let lines: String = lines.iter().map(|(name, value)| format!("{name:10} {}\n", output::plain(value))).collect();
    let notes: String = view.notes.iter().map(|note| format!("note: {}\n", output::plain(note))).collect();
    lines + &notes
}
