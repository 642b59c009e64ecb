//! `crowdhook man`: the help as pages for `man`, one for each command.

use std::fs;
use std::path::PathBuf;

use clap::CommandFactory as _;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::report::Advice;
use super::{Args, output};

/// Of the manual: programs.
const SECTION: &str = "1";

#[derive(Debug, clap::Args)]
pub(super) struct ManArgs {
    /// Where to write them, a file for each command; made if it is not there. Without it the page of `crowdhook` itself is printed
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints the page of the program, or writes those of all commands.
pub(super) fn run(args: &ManArgs) -> anyhow::Result<()> {
    let mut program = Args::command().disable_help_subcommand(true);
    // Gives each command its whole name.
    program.build();
    let Some(dir) = &args.dir else {
        return output::lines(&page(&program)?);
    };
    let unwritable = |error: std::io::Error| {
        Advice::new(format!("the pages cannot be written into `{}`", dir.display()), "name a folder that you may write to")
            .because(error.into())
    };
    fs::create_dir_all(dir).map_err(unwritable)?;
    let mut commands = vec![&program];
    let mut written = 0_usize;
    while let Some(command) = commands.pop() {
        fs::write(dir.join(format!("{}.{SECTION}", title(command))), page(command)?).map_err(unwritable)?;
        written += 1;
        commands.extend(command.get_subcommands().filter(|below| !below.is_hide_set()));
    }
    let shown = dir.display();
    output::lines(&format!("{written} pages are in {shown}: `man {}`", dir.join(format!("crowdhook.{SECTION}")).display()))
}

/// `crowdhook-plugin-list`.
fn title(command: &clap::Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// The page of one command, in the language of `man`.
fn page(command: &clap::Command) -> anyhow::Result<String> {
    let man = Man::new(command.clone()).title(title(command)).source(concat!("crowdhook ", env!("CARGO_PKG_VERSION"))).manual("Crowdhook");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.get_subcommands().any(|below| !below.is_hide_set()) {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(text) = command.get_after_long_help().or_else(|| command.get_after_help()) {
        after_help(&text.to_string()).to_writer(&mut page)?;
    }
    Ok(String::from_utf8(page)?)
}

/// What stands behind the options, with its lines as they are: `Man` would join them. A paragraph's first line may be its heading.
fn after_help(text: &str) -> Roff {
    let mut roff = Roff::new();
    for (index, paragraph) in text.split("\n\n").enumerate() {
        let (heading, lines) = match paragraph.split_once(":\n") {
            Some((heading, lines)) if !heading.contains(['\n', '.']) => (Some(heading), lines),
            _ => (None, paragraph),
        };
        match (heading, index) {
            (Some(heading), _) => roff.control("SH", [heading.to_uppercase().as_str()]),
            (None, 0) => roff.control("SH", ["NOTES"]),
            (None, _) => roff.control("PP", []),
        };
        roff.control("nf", []);
        for line in lines.lines() {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
    }
    roff
}
