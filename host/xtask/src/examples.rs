//! `cargo xtask examples`: builds each plugin under `examples/plugins/` by the commands of its README, and tries it in the host; and likewise
//! what `crowdhook plugin new` makes in each language.
//!
//! One whose toolchain is missing is skipped, and the reason is said. With `CROWDHOOK_CI` set nothing may be skipped.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};

use crate::command::cargo;
use crate::{root, target};

mod build;
mod host;
mod list;
mod made;

use host::{Host, Measured};
use list::Example;

/// Where the examples are.
const FOLDER: &str = "examples/plugins";

/// Builds each example plugin by the commands of its README, lets the host check it and run its cases, and prints how large and how
/// quick it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these, by the names of their folders.
    #[arg(value_name = "NAME")]
    only: Vec<String>,
    /// The host to try them in, instead of the release build. The file is called `crowdhook`, since that is what builds call.
    #[arg(long, value_name = "FILE")]
    host: Option<PathBuf>,
}

/// What became of one.
enum Ended {
    Measured(Measured),
    Skipped(String),
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if let Some(unknown) = args.only.iter().find(|name| !list::ALL.iter().any(|example| example.name == *name)) {
        bail!("no example is called `{unknown}`");
    }
    let program = match &args.host {
        Some(file) => std::path::absolute(file)?,
        None => release()?,
    };
    ensure!(program.file_stem().is_some_and(|name| name == "crowdhook"), "`{}` is not called `crowdhook`", program.display());
    let host = Host::new(program)?;
    let is_wanted = |example: &&Example| args.only.is_empty() || args.only.iter().any(|name| name == example.name);
    let mut ended = Vec::new();
    for example in list::ALL.iter().filter(is_wanted) {
        let one = tried(example, &host).with_context(|| format!("example `{}`", example.name))?;
        if let Ended::Skipped(why) = &one {
            eprintln!("{}: SKIPPED: {why}", example.name);
        }
        ended.push((example.name, one));
    }
    print(&ended)?;
    let skipped = ended.iter().any(|(_, one)| matches!(one, Ended::Skipped(_)));
    // The variable that makes tests fail, too, rather than skip what they lack.
    ensure!(!skipped || std::env::var_os("CROWDHOOK_CI").is_none(), "an example was skipped, and with `CROWDHOOK_CI` set none may be");
    Ok(ExitCode::SUCCESS)
}

/// The host as people run it: a debug build would take minutes to compile one of the large components.
fn release() -> Result<PathBuf> {
    let mut cargo = cargo(&["build", "--release", "--locked", "--quiet"]);
    ensure!(cargo.status().context("`cargo` does not start")?.success(), "the host does not build");
    Ok(target()?.join("release").join(format!("crowdhook{}", std::env::consts::EXE_SUFFIX)))
}

fn tried(example: &Example, host: &Host) -> Result<Ended> {
    if let Some(missing) = build::missing(example) {
        return Ok(Ended::Skipped(missing));
    }
    let folder = root().join(FOLDER).join(example.name);
    let built_in = build::run(example, &folder, host)?;
    eprintln!("{}: built in {} s", example.name, built_in.as_secs());
    let measured = host.measure(&folder.join(example.component), &folder.join(example.cases), built_in)?;
    if example.is_template() {
        let made_in = made::tried(example.name, host)?;
        eprintln!("{}: what `plugin new` makes is built and tested in {} s", example.name, made_in.as_secs());
    }
    Ok(Ended::Measured(measured))
}

/// A line each.
#[expect(clippy::print_stdout, reason = "the table is what the chore is for")]
fn print(ended: &[(&str, Ended)]) -> Result<()> {
    println!(
        "\n{:14} {:>10} {:>9} {:>13} {:>15} {:>12} {:>6}",
        "example", "size", "build", "cold compile", "from the cache", "an event", "cases"
    );
    for (name, one) in ended {
        match one {
            Ended::Skipped(why) => println!("{name:14} skipped: {why}"),
            Ended::Measured(Measured { bytes, built_in, cold_ms, cached_ms, event_ms, cases }) => {
                let cold = cold_ms.map_or_else(|| "?".to_owned(), |ms| format!("{ms} ms"));
                println!(
                    "{name:14} {:>7} kB {:>7} s {cold:>13} {cached_ms:>12} ms {event_ms:>9.1} ms {cases:>6}",
                    bytes.div_ceil(1000),
                    built_in.as_secs()
                );
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
