//! `crowdhook check`: everything that `serve` would refuse, without a port.

use std::io::Write as _;

use super::report::Advice;
use super::{Common, output};
use crate::app;
use crate::config::load::{self, Context};
use crate::config::{Problems, Severity};

/// Says what is wrong with the host's file, the projects' files, and the components they want.
pub(super) async fn run(common: &Common) -> anyhow::Result<()> {
    let host = load::host(common.config.as_deref())?;
    let projects = load::projects(&host.projects, &Context::of(&host))?.good.len();
    let progress = output::Progress::new(common.json);
    progress.say("compiling the components of the drop folder, which takes a while the first time");
    let all = app::check(&host).await?;
    progress.end();
    if common.json {
        output::json(&as_json(&all))?;
    } else if !all.is_empty() {
        writeln!(std::io::stderr(), "{all}\n").ok();
    }
    let errors = all.iter().filter(|problem| problem.severity == Severity::Error).count();
    if errors > 0 {
        let help = "each paragraph above names the file, the line, and what to write";
        let what = if errors == 1 { "1 error".to_owned() } else { format!("{errors} errors") };
        return Err(Advice::new(format!("{what}: `serve` would leave out what is broken"), help).into());
    }
    if !common.json {
        let counted = |number: usize, what: &str| if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") };
        let warnings = if all.is_empty() { String::new() } else { format!(", {}", counted(all.iter().count(), "warning")) };
        output::lines(&format!("all is well: {}{warnings}", counted(projects, "project")))?;
    }
    Ok(())
}

fn as_json(problems: &Problems) -> serde_json::Value {
    let each = problems.iter().map(|problem| {
        serde_json::json!({
            "file": problem.file,
            "line": problem.line,
            "severity": if problem.severity == Severity::Error { "error" } else { "warning" },
            "message": problem.message,
            "help": problem.help,
        })
    });
    each.collect()
}
