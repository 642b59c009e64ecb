//! `crowdhook hook`: what a platform calls.

use std::io::Read as _;

use clap::Subcommand;

use super::client::{ask, tell};
use super::report::Advice;
use super::{Common, output};
use crate::admin::hook::{HookView, Standing, WantedHook};
use crate::config::load;
use crate::id::ProjectName;

/// An address on standard input is no longer.
const ADDRESS_BYTES_MAX: u64 = 8 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum HookCommand {
    /// Set the address on the platform, through its API
    ///
    /// As a rule nothing but the project is said: the address is then made of `public_url` and the project's own token.
    #[command(after_help = "Examples:\n  crowdhook hook set birds\n  crowdhook hook set birds --url - < birds-address.txt")]
    Set {
        /// The project, by the name of its file
        project: ProjectName,
        /// Another address, or `-` to read it from standard input, as one with a secret should be: what stands here, `ps` shows to every
        /// user of the machine, and the shell's history keeps it [default: the project's hook below `public_url`, with its token]
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
        HookCommand::Set { project, url } => {
            let url = match url.as_deref() {
                Some("-") => Some(read_address(std::io::stdin().lock())?),
                _ => url,
            };
            tell(&host, &format!("/v1/projects/{project}/hook"), &WantedHook { url }).await?
        }
        HookCommand::Show { project, reveal } => {
            ask(&host, &format!("/v1/projects/{project}/hook?reveal={reveal}")).await?.of_running_host()?
        }
    };
    if common.json { output::json(&view) } else { output::lines(&text(&view)) }
}

/// The address that stands on standard input.
fn read_address(input: impl std::io::Read) -> anyhow::Result<String> {
    let help = "write the address whole on one line: `https://crowd.example.org/hooks/birds/…`";
    let mut text = String::new();
    let read = input.take(ADDRESS_BYTES_MAX + 1).read_to_string(&mut text);
    let bytes = read.map_err(|error| Advice::new("standard input cannot be read", help).because(error.into()))?;
    if bytes as u64 > ADDRESS_BYTES_MAX {
        return Err(Advice::new("what stands on standard input is longer than any address", help).into());
    }
    match text.trim() {
        "" => Err(Advice::new("there is no address on standard input", help).into()),
        address => Ok(address.to_owned()),
    }
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
