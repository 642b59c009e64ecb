//! `crowdhook plugin test`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use super::super::report::Advice;
use super::super::{Common, output};
use super::load_file;
use crate::case::{Case, Expected, Files, Outcome, cases, difference};

pub(super) const EXAMPLES: &str = "\
Examples:
  crowdhook plugin test cases --component target/my-plugin.wasm
  crowdhook plugin test cases --accept      write what came out, then look at it with `git diff`

`crowdhook plugin run --help` shows what each file of a case holds.";

/// The component of a folder of cases that names none.
const USUAL_COMPONENT: &str = "plugin.wasm";

const NOTHING_EXPECTED: &str =
    "there is no `expected.json`: look at what came out with `crowdhook plugin run`, and write it with `--accept`";

/// What to test with what.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct TestArgs {
    /// The folder with the cases
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The component's file; without it `plugin.wasm` in DIR
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// Write what came out as what is expected
    #[arg(long)]
    accept: bool,
}

/// What a case comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Passed,
    Differs,
    Accepted,
    /// There was nothing to compare with, or it could not be run.
    Failed,
}

/// One case.
#[derive(Debug, Serialize)]
struct Tested {
    case: String,
    verdict: Verdict,
    /// What came out; none where it could not be run.
    #[serde(skip_serializing_if = "Option::is_none")]
    came_out: Option<Outcome>,
    /// The lines that differ, or why it failed.
    #[serde(skip_serializing_if = "String::is_empty")]
    why: String,
}

pub(super) async fn run(args: TestArgs, common: &Common) -> anyhow::Result<()> {
    let folders = cases(&args.folder).with_context(|| format!("`{}` cannot be read", args.folder.display()))?;
    if folders.is_empty() {
        let help = "a case is a folder with an `event.json`; make one by hand, or of a stored event with `crowdhook event export`";
        return Err(Advice::new(format!("there is no case in `{}`", args.folder.display()), help).into());
    }
    let component = load_file(&component_file(&args)?, common).await?;
    let mut all = Vec::new();
    for folder in folders {
        let tested = match tried(&folder, &component).await {
            Ok((outcome, expected)) => compared(&folder, outcome, expected, args.accept)?,
            Err(error) => {
                Tested { case: String::new(), verdict: Verdict::Failed, came_out: None, why: super::super::report::text(&error, false) }
            }
        };
        all.push(Tested { case: name_of(&args.folder, &folder), ..tested });
    }
    if common.json {
        output::json(&all)?;
    } else {
        all.iter().try_for_each(show)?;
    }
    summed_up(&all, common)
}

fn component_file(args: &TestArgs) -> anyhow::Result<PathBuf> {
    let usual = args.folder.join(USUAL_COMPONENT);
    match &args.component {
        Some(file) => Ok(file.clone()),
        None if usual.exists() => Ok(usual),
        None => {
            let help = "name it: `--component FILE`";
            Err(Advice::new(format!("no component to test: there is no `{}`", usual.display()), help).into())
        }
    }
}

/// The path of a case below the folder of all.
fn name_of(all: &Path, folder: &Path) -> String {
    let below = folder.strip_prefix(all).unwrap_or(folder).display().to_string();
    if below.is_empty() { ".".to_owned() } else { below }
}

async fn tried(folder: &Path, component: &crate::plugin::load::Component) -> anyhow::Result<(Outcome, Option<Expected>)> {
    let case = Case::read(&Files { folder: Some(folder.to_owned()), ..Files::default() })?;
    let expected = Expected::read(folder)?;
    Ok((case.run(component).await?.outcome, expected))
}

fn compared(folder: &Path, outcome: Outcome, expected: Option<Expected>, accept: bool) -> anyhow::Result<Tested> {
    let differs = expected.map(|Expected(expected)| difference(&expected, &outcome));
    let (verdict, why) = match differs {
        Some(None) => (Verdict::Passed, String::new()),
        differs if accept => {
            Expected::write(folder, &outcome)?;
            (Verdict::Accepted, differs.flatten().unwrap_or_default())
        }
        Some(Some(lines)) => (Verdict::Differs, lines),
        None => (Verdict::Failed, NOTHING_EXPECTED.to_owned()),
    };
    Ok(Tested { case: String::new(), verdict, came_out: Some(outcome), why })
}

fn show(tested: &Tested) -> anyhow::Result<()> {
    let word = match tested.verdict {
        Verdict::Passed => "ok      ",
        Verdict::Differs => "DIFFERS ",
        Verdict::Accepted => "accepted",
        Verdict::Failed => "FAILED  ",
    };
    output::lines(&format!("{word} {}", output::plain(&tested.case)))?;
    if tested.why.is_empty() {
        return Ok(());
    }
    output::lines(&tested.why.lines().map(|line| format!("    {}\n", output::plain(line))).collect::<String>())
}

/// The last line, and the exit code.
fn summed_up(all: &[Tested], common: &Common) -> anyhow::Result<()> {
    let count = |verdict: Verdict| all.iter().filter(|tested| tested.verdict == verdict).count();
    let counted = [(Verdict::Passed, "passed"), (Verdict::Accepted, "accepted"), (Verdict::Differs, "differ"), (Verdict::Failed, "failed")];
    let words: Vec<String> = counted
        .into_iter()
        .filter(|(verdict, _)| count(*verdict) > 0)
        .map(|(verdict, word)| format!("{} {word}", count(verdict)))
        .collect();
    let cases = if all.len() == 1 { "1 case".to_owned() } else { format!("{} cases", all.len()) };
    let line = format!("{cases}: {}", words.join(", "));
    if count(Verdict::Differs) + count(Verdict::Failed) > 0 {
        return Err(Advice::new(line, "if what came out is right, `--accept` writes it").into());
    }
    if common.json { Ok(()) } else { output::lines(&line) }
}
