//! What commands print: tables for people, JSON for machines.

use std::io::{IsTerminal as _, Write};
use std::time::Duration;

use indicatif::ProgressBar;
use serde::Serialize;

use crate::telemetry;

/// No cell of a table is wider, in characters; a longer one is cut, with `…`.
const CELL_CHARS_MAX: usize = 60;

/// Prints lines. A reader that has gone away (`| head`) is no failure.
pub(super) fn lines(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out
        .write_all(text.as_bytes())
        .and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") })
        .and_then(|()| out.flush())
    {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Prints `value` as JSON.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    lines(&serde_json::to_string_pretty(value)?)
}

/// Says something beside the output, on standard error.
pub(super) fn note(text: &str) {
    writeln!(std::io::stderr(), "note: {text}").ok();
}

/// Says on a terminal how far something is that may take a while; nobody else is told, and nothing of it stays.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Shows nothing with `--json`, nor where standard error is no terminal.
    pub(super) fn new(json: bool) -> Self {
        let bar = if json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        // What takes no longer is over before anybody could read it.
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    pub(super) fn say(&self, text: &str) {
        self.0.set_message(plain(text));
    }

    /// Takes it away: what comes next says the rest.
    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

/// Rows under a head, in columns.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|cell| cell.to_uppercase()).collect()] }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells.iter().map(|cell| cut(&plain(cell))).collect());
    }

    /// As text; the head is bold where a terminal reads.
    pub(super) fn print(&self) -> anyhow::Result<()> {
        lines(&self.text(telemetry::colours_wanted(std::io::stdout().is_terminal())))
    }

    fn text(&self, coloured: bool) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for (index, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            let line = line.trim_end();
            text += &if coloured && index == 0 { format!("\u{1b}[1m{line}\u{1b}[0m\n") } else { format!("{line}\n") };
        }
        text
    }
}

/// A paragraph for each text, with its lines as they are: what a table has no room for.
pub(super) fn paragraphs<'t>(texts: impl Iterator<Item = &'t str>) -> anyhow::Result<()> {
    texts.into_iter().try_for_each(|text| lines(&format!("\n{}", text.lines().map(plain).collect::<Vec<_>>().join("\n"))))
}

/// `text` on one line and without anything that a terminal might obey: names and reasons may come from anywhere.
pub(super) fn plain(text: &str) -> String {
    let obeyed = |letter: char| {
        letter.is_control()
            || ('\u{200e}'..='\u{200f}').contains(&letter)
            || ('\u{202a}'..='\u{202e}').contains(&letter)
            || ('\u{2066}'..='\u{2069}').contains(&letter)
    };
    text.chars().map(|letter| if obeyed(letter) { ' ' } else { letter }).collect()
}

fn cut(text: &str) -> String {
    if text.chars().count() <= CELL_CHARS_MAX {
        return text.to_owned();
    }
    text.chars().take(CELL_CHARS_MAX - 1).chain(['…']).collect()
}

/// A time span in the largest two units: `3 d 4 h`.
pub(super) fn span(seconds: u64) -> String {
    let parts = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let shown: Vec<String> =
        parts.iter().skip_while(|(number, _)| *number == 0).take(2).map(|(number, unit)| format!("{number} {unit}")).collect();
    if shown.is_empty() { "0 s".to_owned() } else { shown.join(" ") }
}

#[cfg(test)]
mod tests;
