//! How failures are told: what, why, and what to do about it, on standard error.

use std::io::{IsTerminal as _, Write as _};

use crate::config::Problems;
use crate::telemetry;

/// A failure with what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Advice {
    message: String,
    help: String,
    source: Option<anyhow::Error>,
}

impl Advice {
    /// What is wrong, and what to do.
    #[must_use]
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), source: None }
    }

    /// What led to it.
    #[must_use]
    pub fn because(self, source: anyhow::Error) -> Self {
        Self { source: Some(source), ..self }
    }
}

/// Tells people why a command failed.
pub fn show(error: &anyhow::Error) {
    let text = text(error, telemetry::colours_wanted(std::io::stderr().is_terminal()));
    // Nobody is left to tell when standard error is gone.
    writeln!(std::io::stderr(), "{text}").ok();
}

/// `error: ` and what is wrong, the causes, and `help: ` with what to do.
#[must_use]
pub fn text(error: &anyhow::Error, coloured: bool) -> String {
    let paint = |code: &str, word: &str| if coloured { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() };
    let (red, cyan) = (paint("1;31", "error:"), paint("1;36", "help:"));
    if let Some(problems) = error.downcast_ref::<Problems>() {
        return problems_text(problems, &red, &cyan);
    }
    let mut lines = vec![format!("{red} {error}")];
    lines.extend(error.chain().skip(1).map(|cause| format!("  because: {cause}")));
    let helps = error.chain().filter_map(|cause| cause.downcast_ref::<Advice>());
    lines.extend(helps.map(|advice| format!("{cyan} {}", advice.help)));
    lines.join("\n")
}

/// A paragraph for each problem, and how many there are.
fn problems_text(problems: &Problems, red: &str, cyan: &str) -> String {
    let shown = problems.to_string().replace("\nhelp: ", &format!("\n{cyan} "));
    let count = problems.iter().count();
    let what = if count == 1 { "a problem".to_owned() } else { format!("{count} problems") };
    format!("{shown}\n\n{red} {what} with the settings")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_with_its_causes_and_what_to_do() {
        let cause = anyhow::anyhow!("no such file");
        let error = anyhow::Error::new(Advice::new("cannot read `a`", "write `a`").because(cause)).context("the host could not start");
        let wanted = "error: the host could not start\n  because: cannot read `a`\n  because: no such file\nhelp: write `a`";
        assert_eq!(text(&error, false), wanted);
        assert!(text(&error, true).starts_with("\u{1b}[1;31merror:\u{1b}[0m "));
    }
}
