//! `crowdhook tail`: what a running host does, as it happens.

use std::time::Duration;

use tracing::Level;

use super::client::{Asked, Client};
use super::{Common, output};
use crate::config::load;
use crate::id::{PluginName, ProjectName};
use crate::telemetry::tail::{Line, Lines};

/// After a host has gone away, until it is asked again.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) const EXAMPLES: &str = "\
Examples:
  crowdhook tail --project birds
  crowdhook tail --level warn --json | jq .message";

/// What to follow.
#[derive(Debug, clap::Args)]
pub(super) struct TailArgs {
    /// Only lines about this project
    #[arg(long, value_name = "NAME")]
    project: Option<ProjectName>,
    /// Only lines about plugins that have this name in their project's file
    #[arg(long, value_name = "NAME")]
    plugin: Option<PluginName>,
    /// Only lines that matter so much: `error`, `warn`, `info`, or `debug`, which is all of them
    #[arg(long, value_name = "LEVEL", default_value = "debug")]
    level: Level,
}

pub(super) async fn run(args: TailArgs, common: &Common) -> anyhow::Result<()> {
    let host = load::host(common.config.as_deref())?;
    let client = match Client::of(&host)? {
        Ok(client) => client,
        Err(why) => return Asked::NoHost(why).of_running_host(),
    };
    let mut lines: Lines = client.get("/v1/tail?wait_s=0").await?.of_running_host()?;
    let mut is_gone = false;
    loop {
        if lines.missed > 0 {
            output::note(&format!("{} lines came too fast and are left out", lines.missed));
        }
        for line in lines.lines.iter().filter(|line| fits(&args, line)) {
            if common.json { output::lines(&serde_json::to_string(line)?)? } else { output::lines(&text(line))? }
        }
        lines = match client.get::<Lines>(&format!("/v1/tail?after={}", lines.next)).await {
            Ok(Asked::Answered(next)) => {
                is_gone = false;
                next
            }
            Ok(Asked::Missing(advice)) => return Err(advice.into()),
            Ok(Asked::NoHost(_)) | Err(_) => {
                if !std::mem::replace(&mut is_gone, true) {
                    output::note("the host does not answer; waiting for it");
                }
                tokio::time::sleep(PAUSE).await;
                // A host that was started anew numbers its lines anew.
                Lines::default()
            }
        };
    }
}

fn fits(args: &TailArgs, line: &Line) -> bool {
    let field = |name: &str| line.fields.get(name).and_then(serde_json::Value::as_str);
    let level: Level = line.level.parse().unwrap_or(Level::ERROR);
    // Where a plugin is meant with its project, they stand as `project/plugin`.
    let plugin = field("plugin").map(|plugin| plugin.split_once('/').unwrap_or(("", plugin)));
    let project = field("project").or(plugin.map(|(project, _)| project)).unwrap_or_default();
    level <= args.level
        && args.project.as_ref().is_none_or(|wanted| project == wanted.as_str())
        && args.plugin.as_ref().is_none_or(|wanted| plugin.is_some_and(|(_, name)| name == wanted.as_str()))
}

fn text(line: &Line) -> String {
    let fields = line.fields.iter().map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!(" {name}={}", output::plain(&value))
    });
    format!("{} {:5} {}{}", line.at, line.level, output::plain(&line.message), fields.collect::<String>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(level: &str, fields: &serde_json::Value) -> Line {
        let fields = fields.as_object().unwrap().clone();
        Line {
            number: 1,
            at: "2026-11-22T10:00:00.000Z".to_owned(),
            level: level.to_owned(),
            message: "Plugin `vote`\nran".to_owned(),
            fields,
        }
    }

    #[test]
    fn lines_are_chosen_by_what_they_are_about() {
        let args = |project: Option<&str>, plugin: Option<&str>, level| TailArgs {
            project: project.map(|name| name.parse().unwrap()),
            plugin: plugin.map(|name| name.parse().unwrap()),
            level,
        };
        let of_birds = line("debug", &json!({ "project": "birds", "plugin": "vote" }));
        let of_bees = line("warn", &json!({ "plugin": "bees/vote", "attempt": 2 }));
        let cases = [
            (args(None, None, Level::DEBUG), (true, true)),
            (args(None, None, Level::INFO), (false, true)),
            (args(Some("birds"), None, Level::DEBUG), (true, false)),
            (args(Some("bees"), None, Level::DEBUG), (false, true)),
            (args(None, Some("vote"), Level::DEBUG), (true, true)),
            (args(None, Some("mail"), Level::DEBUG), (false, false)),
        ];
        for (args, (birds, bees)) in cases {
            assert_eq!((fits(&args, &of_birds), fits(&args, &of_bees)), (birds, bees), "{args:?}");
        }
        assert_eq!(text(&of_bees), "2026-11-22T10:00:00.000Z warn  Plugin `vote` ran plugin=bees/vote attempt=2");
    }
}
