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
    let (mut lines, mut helps) = (Vec::new(), Vec::new());
    for (index, cause) in error.chain().enumerate() {
        // Some texts carry their help themselves, since they are shown elsewhere too.
        let told = cause.to_string();
        let (what, help) = told.split_once("\nhelp: ").map_or((told.as_str(), None), |(what, help)| (what, Some(help)));
        lines.push(if index == 0 { format!("{red} {what}") } else { format!("  because: {what}") });
        helps.extend(help.map(str::to_owned));
        helps.extend(cause.downcast_ref::<Advice>().map(|advice| advice.help.clone()));
    }
    lines.extend(helps.iter().map(|help| format!("{cyan} {help}")));
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
mod tests;
