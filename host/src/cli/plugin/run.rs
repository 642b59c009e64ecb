//! `crowdhook plugin run`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::report::{self, Advice};
use super::super::{Common, output};
use super::changes::Changes;
use super::load_file;
use crate::case::{Case, Ending, Files, Share, Tried, Used};

pub(super) const EXAMPLES: &str = "\
Examples:
  crowdhook plugin run my-plugin.wasm --case cases/tie
  crowdhook plugin run my-plugin.wasm --case cases/tie --watch
  crowdhook plugin run my-plugin.wasm --event event.json --answers answers.json --json

`--help` shows what each file of a case holds.";

pub(super) const FILES: &str = "\
Examples:
  crowdhook plugin run my-plugin.wasm --case cases/tie
  crowdhook plugin run my-plugin.wasm --case cases/tie --watch
  crowdhook plugin run my-plugin.wasm --event event.json --answers answers.json --json

The files of a case. Only `event.json` has to be there, and of it only `kind`; names that are not known are refused.
  event.json     {\"kind\": \"task.completed\", \"task\": \"1\", \"payload\": {}}; also `project`, `platform`, `plugin` (its name in the
                 project), `id`, `occurred_at`, `now` (what the clock shows), `seed` (of random numbers), `attempt`,
                 `origin`, `rerun`, `emitted_by`, `depth`
  task.json      {\"info\": {\"url\": \"https://…\"}, \"redundancy\": 3}; also `id`, `completed`, `gold`, `gold_answer`, `extra`
  answers.json   [{\"worker\": \"ann\", \"value\": \"robin\"}, …]; also `id`, `submitted_at`, `trust`, `set_aside`, `extra`
  settings.json  the plugin's settings, as JSON
  state.json     {\"key\": \"value\", …}: what the plugin remembers; values are texts
  grants.json    {\"allow\": [\"results\"], \"connections\": [], \"folders\": [], \"projects\": [], \"recipients\": [], \"limits\": {\"cpu_ms\": 2000}};
                 without this file every effect is granted, and what the settings name
  platform.json  what else the platform has: {\"project\": {\"id\": \"7\", \"title\": \"Birds\"}, \"workers\": {\"ann\": \"Ann\"},
                 \"tasks\": {\"2\": …}, \"answers\": {\"2\": […]}, \"results\": {\"1\": …}}
  http/*.json    an answer of another service to `http.fetch` in each:
                 {\"connection\": \"wiki\", \"path\": \"/page?id=1\", \"status\": 200, \"headers\": {}, \"json\": {}};
                 `text` or `base64` instead of `json`, or `\"fails\": \"why\"` for none. Of several for one path, in the order of
                 the files' names, each is given once, and the last again and again
  expected.json  what should come of it, for `crowdhook plugin test`";

/// No value is shown longer, in characters; `--json` shows all of it.
const SHOWN_CHARS_MAX: usize = 2_000;

/// What to run on what.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct RunArgs {
    /// The component's file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The folder with the files of the case
    #[arg(long, value_name = "DIR")]
    case: Option<PathBuf>,
    /// The event, instead of the case's `event.json`
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
    /// The task, instead of the case's `task.json`
    #[arg(long, value_name = "FILE")]
    task: Option<PathBuf>,
    /// The answers, instead of the case's `answers.json`
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// The settings, instead of the case's `settings.json`
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// What the plugin remembers, instead of the case's `state.json`
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// What the plugin may do, instead of the case's `grants.json`
    #[arg(long, value_name = "FILE")]
    grants: Option<PathBuf>,
    /// Run it again whenever the component or the case changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

impl RunArgs {
    fn files(&self) -> Files {
        Files {
            folder: self.case.clone(),
            event: self.event.clone(),
            task: self.task.clone(),
            answers: self.answers.clone(),
            settings: self.settings.clone(),
            state: self.state.clone(),
            grants: self.grants.clone(),
        }
    }
}

pub(super) async fn run(args: RunArgs, common: &Common) -> anyhow::Result<()> {
    if !args.watch {
        return once(&args, common).await;
    }
    let single = [&args.event, &args.task, &args.answers, &args.settings, &args.state, &args.grants].into_iter().flatten();
    let files: Vec<&Path> = single.chain([&args.file]).map(PathBuf::as_path).collect();
    let changes = Changes::of(&files, args.case.as_deref())?;
    loop {
        if let Err(error) = once(&args, common).await {
            report::show(&error);
        }
        output::note("waiting for a change; Ctrl-C ends it");
        changes.next().await;
    }
}

/// Reads component and case anew, runs the one on the other, and shows what came of it.
async fn once(args: &RunArgs, common: &Common) -> anyhow::Result<()> {
    // The case first: it takes no time, and a component may take ten seconds to compile.
    let case = Case::read(&args.files())?;
    let component = load_file(&args.file, common).await?;
    let tried = case.run(&component).await?;
    if common.json {
        output::json(&tried)?;
    } else {
        output::lines(&shown(&tried))?;
    }
    match tried.outcome.outcome {
        Ending::Ok => Ok(()),
        ending => Err(not_ok(&tried, ending).into()),
    }
}

/// What a host would make of an ending.
fn not_ok(tried: &Tried, ending: Ending) -> Advice {
    let reason = tried.outcome.reason.lines().next().unwrap_or_default();
    let help = match ending {
        Ending::Retry => "nothing of the call would be kept; a host tries again later, ten times in all".to_owned(),
        Ending::Parked => "nothing of the call would be kept; a host tries again later, and counts no attempt".to_owned(),
        Ending::Trapped => past_limit(&tried.used, reason)
            .unwrap_or_else(|| "nothing of the call would be kept; a host tries three times, then the event is a dead letter".to_owned()),
        Ending::Ok | Ending::Rejected => "nothing of the call would be kept; the event is a dead letter, with these words".to_owned(),
    };
    Advice::new(format!("`{}` {}: {}", tried.component, ending.as_str(), output::plain(reason)), help)
}

/// Which limit to raise, where the reason is one.
fn past_limit(used: &Used, reason: &str) -> Option<String> {
    let limits = [
        ("it used up its", "a loop without an end? where it has to compute for longer", "cpu_ms", used.cpu_ms.limit.to_string()),
        ("it took longer than", "where it has to wait for longer", "wall_ms", used.wall_ms.limit.to_string()),
        ("it wanted more than", "where it needs more", "memory_mib", (used.memory_bytes.limit >> 20).to_string()),
    ];
    let (_, when, key, limit) = limits.into_iter().find(|(begins, ..)| reason.starts_with(begins))?;
    Some(format!(
        "{when}, raise `{key}` ({limit} now): in `limits` of `grants.json` for a case, below `[plugins.NAME.limits]` of a project's file \
         for a host"
    ))
}

/// A paragraph for each kind of thing that came of it.
fn shown(tried: &Tried) -> String {
    let outcome = &tried.outcome;
    let mut text = format!("{}: {}\n", tried.component, outcome.outcome.as_str());
    if !outcome.reason.is_empty() {
        text += &format!("{}\n", indented(&outcome.reason));
    }
    let mut part = |name: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            text += &format!("\n{name}\n{}\n", lines.iter().map(|line| indented(line)).collect::<Vec<_>>().join("\n"));
        }
    };
    part("effects", outcome.effects.iter().map(|effect| named(effect, "effect")).collect());
    part("events", outcome.events.iter().map(|event| named(event, "kind")).collect());
    let entry = |(key, value): (&String, &Option<String>)| match value {
        Some(value) => format!("{key} = {value}"),
        None => format!("{key} is removed"),
    };
    part("state", outcome.state.iter().map(entry).collect());
    let field = |(name, value): &(String, String)| format!(" {name}={value}");
    part(
        "log",
        tried
            .log
            .iter()
            .map(|line| format!("{} {}{}", line.level, line.message, line.fields.iter().map(field).collect::<String>()))
            .collect(),
    );
    part("trap", tried.trap.iter().cloned().chain(tried.trap.as_deref().and_then(nameless)).collect());
    part("used", used(tried));
    text
}

/// What to do about a trap whose places have no names.
fn nameless(trap: &str) -> Option<String> {
    let help = "help: the component names no functions; build it without `strip` to see which ones these are";
    trap.contains("<wasm function ").then(|| help.to_owned())
}

/// What is called by its member `name`, and the rest of it.
fn named(value: &Value, name: &str) -> String {
    let mut rest = value.clone();
    let called = rest.as_object_mut().and_then(|rest| rest.shift_remove(name));
    let called = called.as_ref().and_then(Value::as_str).unwrap_or_default();
    format!("{called} {}", serde_json::to_string_pretty(&rest).unwrap_or_default())
}

fn used(tried: &Tried) -> Vec<String> {
    let used = &tried.used;
    let kib = |Share { used, limit }: Share<usize>| format!("{} KiB of {} KiB", used.div_ceil(1024), limit / 1024);
    vec![
        format!("CPU      {} ms of {} ms", used.cpu_ms.used, used.cpu_ms.limit),
        format!("time     {} ms of {} ms", used.wall_ms.used, used.wall_ms.limit),
        format!("memory   {}", kib(used.memory_bytes)),
        format!("effects  {} of {}, {}", used.effects.used, used.effects.limit, kib(used.effects_bytes)),
        format!("log      {} lines of {}, {}", used.log_lines.used, used.log_lines.limit, kib(used.log_bytes)),
    ]
}

/// Line by line, with nothing in it that a terminal might obey.
fn indented(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    let more = if cut.len() < text.len() { " … (`--json` shows all of it)" } else { "" };
    cut.lines().map(|line| format!("  {}", output::plain(line))).collect::<Vec<_>>().join("\n") + more
}
