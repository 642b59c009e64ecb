//! `cargo xtask instructions`: how many instructions an event takes to be accepted, to be run and to be committed, held against what was
//! recorded. Instructions and not seconds: they are the same on a busy machine.
//!
//! `host/benches/instructions` does the work, on fixed input; here it is built, and run under callgrind with few and with many events. What lies
//! between the two belongs to the events. A count says nothing beside one of another compiler or another processor, so these are recorded with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::command::cargo;
use crate::{root, target};

/// What was recorded.
const RECORDED: &str = "host/benches/instructions/recorded.json";
/// A count may grow by so much, in percent of what was recorded.
const GROWTH_MAX: i64 = 10;
/// With so few events the host is warm; so many more are counted.
const FEW: i64 = 32;
const MORE: i64 = 128;
/// How far events go, one step further each: what a step takes lies between it and the one before.
const STEPS: [&str; 3] = ["accept", "run", "commit"];

/// Counts the instructions that an event takes, and holds them against those that were recorded.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Record what is counted; say in the commit why it differs.
    #[arg(long)]
    record: bool,
}

/// Counts, and what they depend on.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Counts {
    compiler: String,
    valgrind: String,
    processor: String,
    /// Instructions an event, by step.
    instructions: BTreeMap<String, i64>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let Some(valgrind) = said(Command::new("valgrind").arg("--version")) else {
        let missing = "no valgrind is here; on Debian `apt-get install valgrind`";
        ensure!(std::env::var_os("CROWDHOOK_CI").is_none(), "{missing}, and with `CROWDHOOK_CI` set this may not be skipped");
        eprintln!("SKIPPED: {missing}");
        return Ok(ExitCode::SUCCESS);
    };
    let compiler = said(Command::new("rustc").arg("--version")).context("`rustc --version` fails")?;
    let counts = count(&build()?, compiler, valgrind)?;
    let file = root().join(RECORDED);
    if args.record {
        let text = format!("{}\n", serde_json::to_string_pretty(&counts)?);
        fs::write(&file, text).with_context(|| format!("cannot write `{RECORDED}`"))?;
        eprintln!("recorded in `{RECORDED}`: {:?}", counts.instructions);
        return Ok(ExitCode::SUCCESS);
    }
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read `{RECORDED}`"))?;
    let recorded = serde_json::from_str(&text).with_context(|| format!("`{RECORDED}` is not what `--record` writes"))?;
    Ok(if compare(&recorded, &counts) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says how each count stands to the one that was recorded. False when one grew by too much.
fn compare(recorded: &Counts, counts: &Counts) -> bool {
    let same = |counts: &Counts| (counts.compiler.clone(), counts.valgrind.clone(), counts.processor.clone());
    let is_comparable = same(recorded) == same(counts);
    if !is_comparable {
        eprintln!(
            "NOT COMPARED: recorded with {:?}, counted with {:?}; `--record` on this machine makes them comparable",
            same(recorded),
            same(counts)
        );
    }
    let mut is_fine = true;
    for (step, &now) in &counts.instructions {
        let before = recorded.instructions.get(step).copied().unwrap_or(0);
        // In tenths of a percent.
        let growth = 1000 * (now - before) / before.max(1);
        let verdict = match growth {
            _ if !is_comparable => "",
            growth if growth > 10 * GROWTH_MAX => {
                is_fine = false;
                "  TOO MANY: find out why, or record them and say why in the commit"
            }
            growth if growth < -10 * GROWTH_MAX => "  fewer: record them, so that they stay few",
            _ => "",
        };
        let (whole, tenth) = (growth / 10, growth.abs() % 10);
        eprintln!("{step:<8} {now:>9} instructions an event, {whole:+}.{tenth} % of {before} recorded{verdict}");
    }
    is_fine
}

fn count(program: &Path, compiler: String, valgrind: String) -> Result<Counts> {
    let folder = target()?.join("instructions");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let counting = Counting { program, folder: &folder };
    // Compiles the component into the cache, which takes the better part of a minute under a counter.
    let (_, processor) = counting.run("commit", 1)?;
    let (mut instructions, mut before) = (BTreeMap::new(), 0);
    for step in STEPS {
        let ((few, _), (many, _)) = (counting.run(step, FEW)?, counting.run(step, FEW + MORE)?);
        let up_to_here = (many - few) / MORE;
        instructions.insert(step.to_owned(), up_to_here - before);
        before = up_to_here;
    }
    Ok(Counts { compiler, valgrind, processor, instructions })
}

/// What is counted, and where what callgrind writes is kept for whoever wants to see what grew.
struct Counting<'a> {
    program: &'a Path,
    folder: &'a Path,
}

impl Counting<'_> {
    /// The instructions of so many events up to a step, and what the program says of the processor.
    fn run(&self, step: &str, events: i64) -> Result<(i64, String)> {
        let profile = self.folder.join(format!("callgrind.{step}.{events}"));
        let output = Command::new("valgrind")
            .arg("--tool=callgrind")
            .arg(format!("--callgrind-out-file={}", profile.display()))
            .arg(self.program)
            .args([step, &events.to_string(), "--cache"])
            .arg(self.folder.join("cache"))
            .stderr(Stdio::piped())
            .output()
            .context("valgrind does not start")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`{}` failed under valgrind:\n{said}", self.program.display());
        let collected = said.lines().find_map(|line| line.split_once("Collected :"));
        let collected = collected.and_then(|(_, count)| count.trim().parse().ok());
        let count = collected.with_context(|| format!("callgrind says no count:\n{said}"))?;
        Ok((count, String::from_utf8_lossy(&output.stdout).trim().to_owned()))
    }
}

/// Builds the program in release, and says where it is.
fn build() -> Result<PathBuf> {
    let arguments =
        ["bench", "--quiet", "--locked", "--package", "crowdhook", "--bench", "instructions", "--no-run", "--message-format", "json"];
    let output = cargo(&arguments).stderr(Stdio::inherit()).output().context("cargo cannot be started")?;
    if !output.status.success() {
        bail!("the work to be counted does not build: see above");
    }
    let messages = String::from_utf8(output.stdout).context("cargo wrote no text")?;
    let programs = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let ours = programs.filter(|message| message.pointer("/target/name").is_some_and(|name| name == "instructions"));
    let mut paths = ours.filter_map(|message| message.get("executable")?.as_str().map(PathBuf::from));
    paths.next_back().context("cargo does not say where it put what it built")
}

/// What a program says of itself; none where it is not there.
fn said(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests;
