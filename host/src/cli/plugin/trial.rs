//! `crowdhook plugin try`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::builder::RangedU64ValueParser;
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::report::Advice;
use super::super::{Common, offline, output};
use super::{bytes_of, engine, refused};
use crate::case::{self, Compared, Part, Trial, Verdict, Version, difference_of};
use crate::config::load::{self, Context, Env};
use crate::config::{self, GRANTS, Host};
use crate::id::{ComponentName, PluginName, ProjectName};
use crate::plugin::engine::Engine;
use crate::plugin::load::{self as component, Component};

pub(super) const EXAMPLES: &str = "\
Examples:
  crowdhook plugin try new/majority-vote.wasm --project birds
  crowdhook plugin try --settings stricter.json --project birds --plugin vote --last 2000
  crowdhook plugin try my-vote.wasm --project birds --plugin vote --json

Exit codes, as of `diff`:
  0  both do the same on all events that could be compared
  1  they differ on some, or the trial failed";

/// Events that are looked at, where nobody says how many.
const LAST: &str = "500";
/// More would not be read by anybody.
const LAST_MAX: u64 = 100_000;
/// Differences that are shown in full, where nobody says how many.
const SHOWN: &str = "3";

/// What to compare on what.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct TryArgs {
    /// The component's file; without it the component in use, with other settings
    #[arg(value_name = "FILE", required_unless_present = "settings")]
    file: Option<PathBuf>,
    /// The project whose events are taken
    #[arg(long, value_name = "NAME")]
    project: ProjectName,
    /// The plugin of the project that it is to stand for; may be left out where one alone runs such a component
    #[arg(long, value_name = "NAME")]
    plugin: Option<PluginName>,
    /// Settings to try, a JSON object; without it those of the project's file
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// So many of the newest events that either version hears
    #[arg(long, value_name = "NUMBER", default_value = LAST, value_parser = RangedU64ValueParser::<usize>::new().range(1..=LAST_MAX))]
    last: usize,
    /// So many differences are shown in full; `--json` has all of them
    #[arg(long, value_name = "NUMBER", default_value = SHOWN)]
    show: usize,
}

/// What came of it, for machines.
#[derive(Serialize)]
struct Summary<'s> {
    project: &'s ProjectName,
    plugin: &'s PluginName,
    in_use: About,
    tried: About,
    events: usize,
    same: usize,
    differ: usize,
    not_comparable: usize,
    /// Events on which the version in use ends otherwise here than a run is recorded to have ended.
    ended_otherwise_then: usize,
    compared: &'s [Compared],
}

/// Which version that is.
#[derive(Serialize)]
struct About {
    component: ComponentName,
    version: String,
    digest: String,
}

impl About {
    fn of(version: &Version) -> Self {
        let Component { name, digest, description, .. } = &version.component;
        Self { component: name.clone(), version: description.version.clone(), digest: digest.to_string() }
    }
}

pub(super) async fn run(args: TryArgs, common: &Common) -> anyhow::Result<()> {
    let host = load::host(common.config.as_deref())?;
    let store = offline::quiet(&host)?;
    let file = host.projects.join(format!("{}.toml", args.project));
    let context = Context { env: Env::without_secrets(), ..Context::of(&host) };
    let project = load::project(&file, &context)?.0;
    let settings = args.settings.as_deref().map(settings).transpose()?;
    let engine = engine()?;
    let progress = output::Progress::new(common.json);
    progress.say("compiling what is to be compared");
    // The file first: what is wrong with it is what its author waits for.
    let given = match &args.file {
        Some(file) => Some(loaded(&engine, file).await?),
        None => None,
    };
    let plugin = plugin(&project, args.plugin.as_ref(), given.as_ref().map(|component| &component.name))?;
    let in_use = Version { component: in_use(&engine, &host, &plugin.component).await?, plugin: plugin.clone() };
    let tried = match given {
        Some(component) => component,
        None => self::in_use(&engine, &host, &plugin.component).await?,
    };
    let component = tried.name.clone();
    let tried = Version {
        component: tried,
        plugin: config::Plugin { component, settings: settings.unwrap_or_else(|| plugin.settings.clone()), ..plugin.clone() },
    };
    fits(&tried, args.settings.as_deref()).await?;
    let tell = |done: usize, all: usize| progress.say(&format!("{done} of {all} events"));
    let trial = Trial { project: &project, in_use: &in_use, tried: &tried, last: args.last, tell: &tell };
    let compared = Box::pin(case::trial(store.as_ref(), &trial)).await?;
    progress.end();
    if compared.is_empty() {
        let help = "name another project or plugin: the store holds no event that this one would hear";
        return Err(Advice::new(format!("there is nothing to try `{}` of `{}` on", plugin.name, project.name), help).into());
    }
    let summary = summary(&trial, &compared);
    if common.json {
        output::json(&summary)?
    } else {
        show(&summary, args.show)?
    }
    verdict(&summary)
}

fn settings(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("`{}` cannot be read", file.display()))?;
    let help = "write the plugin's settings as a JSON object: `{\"quorum\": 3}`";
    let object: Map<String, Value> = serde_json::from_str(&text)
        .map_err(|error| Advice::new(format!("`{}` does not hold settings", file.display()), help).because(error.into()))?;
    Ok(Value::Object(object).to_string())
}

async fn loaded(engine: &Engine, file: &Path) -> anyhow::Result<Component> {
    component::load(engine, bytes_of(file)?).await.map_err(|error| refused(file, error.into()))
}

/// The plugin of the project that the component is to stand for.
fn plugin<'p>(
    project: &'p config::Project,
    asked: Option<&PluginName>,
    component: Option<&ComponentName>,
) -> anyhow::Result<&'p config::Plugin> {
    let listed = |plugins: &[&config::Plugin]| plugins.iter().map(|plugin| format!("`{}`", plugin.name)).collect::<Vec<_>>().join(", ");
    let all: Vec<&config::Plugin> = project.plugins.iter().collect();
    let fitting: Vec<&config::Plugin> = match asked {
        Some(name) => all.iter().copied().filter(|plugin| plugin.name == *name).collect(),
        None => all.iter().copied().filter(|plugin| component.is_none_or(|component| plugin.component == *component)).collect(),
    };
    let message = match (fitting.as_slice(), asked, component) {
        ([plugin], ..) => return Ok(plugin),
        ([], Some(name), _) => format!("project `{}` has no plugin `{name}`", project.name),
        ([], None, Some(component)) => format!("no plugin of project `{}` runs a component `{component}`", project.name),
        _ => format!("several plugins of project `{}` could be meant: {}", project.name, listed(&fitting)),
    };
    let help = match all.as_slice() {
        [] => "its file names no plugins: give it one first, below `[plugins.NAME]`".to_owned(),
        all => format!("name the one that it is to stand for: `--plugin NAME`, one of {}", listed(all)),
    };
    Err(Advice::new(message, help).into())
}

/// The component of the drop folder that has this name.
async fn in_use(engine: &Engine, host: &Host, name: &ComponentName) -> anyhow::Result<Component> {
    let folder = &host.plugins;
    let entries = std::fs::read_dir(folder).with_context(|| format!("the drop folder `{}` cannot be read", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "wasm"));
    // As a rule it is called what it is: then no other has to be compiled.
    files.sort_by_key(|file| (file.file_stem().is_none_or(|stem| stem != name.as_str()), file.clone()));
    for file in files {
        match loaded(engine, &file).await {
            Ok(component) if component.name == *name => return Ok(component),
            Ok(_) => {}
            Err(error) => output::note(&format!("`{}` was left out: {error:#}", file.display())),
        }
    }
    let help = "drop in the version that is to be compared with";
    Err(Advice::new(format!("there is no component `{name}` in `{}`", folder.display()), help).into())
}

/// Refuses what a host would refuse: a grant that is missing, and settings that make no sense.
async fn fits(tried: &Version, settings: Option<&Path>) -> anyhow::Result<()> {
    let (needs, plugin) = (&tried.component.description.needs, &tried.plugin);
    let quoted = |words: &[&String]| words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
    let unknown: Vec<&String> = needs.iter().filter(|need| !GRANTS.contains(&need.as_str())).collect();
    if !unknown.is_empty() {
        let help = format!("a host grants {}", GRANTS.map(|grant| format!("`{grant}`")).join(", "));
        return Err(Advice::new(format!("`{}` needs {}, which no host knows", tried.component.name, quoted(&unknown)), help).into());
    }
    let missing: Vec<&String> = needs.iter().filter(|need| !plugin.allow.contains(need)).collect();
    if !missing.is_empty() {
        let message = format!("`{}` needs {}, which plugin `{}` is not granted", tried.component.name, quoted(&missing), plugin.name);
        let help = format!(
            "add {} to `allow` below `[plugins.{}]` in the project's file; nothing leaves while it is tried",
            quoted(&missing),
            plugin.name
        );
        return Err(Advice::new(message, help).into());
    }
    let problems = tried.component.check_settings(&plugin.settings).await;
    if problems.is_empty() {
        return Ok(());
    }
    let of = settings.map_or_else(|| format!("the settings of `[plugins.{}]`", plugin.name), |file| format!("`{}`", file.display()));
    let said: Vec<String> = problems.iter().map(|problem| format!("at `{}`: {}", problem.at, problem.message)).collect();
    let help = format!("`crowdhook plugin inspect` lists the settings of `{}`; `--settings FILE` tries others", tried.component.name);
    Err(Advice::new(format!("{of} do not suit it: {}", said.join("; ")), help).into())
}

fn summary<'s>(trial: &Trial<'s>, compared: &'s [Compared]) -> Summary<'s> {
    let count = |is: fn(&Verdict) -> bool| compared.iter().filter(|one| is(&one.verdict)).count();
    let ended_otherwise = |one: &&Compared| {
        let here = match &one.verdict {
            Verdict::Same { outcome } => outcome.as_str(),
            Verdict::Differs { in_use, .. } => in_use.outcome.as_str(),
            Verdict::NotComparable { .. } => return false,
        };
        one.recorded.as_deref().is_some_and(|recorded| recorded != here)
    };
    Summary {
        project: &trial.project.name,
        plugin: &trial.in_use.plugin.name,
        in_use: About::of(trial.in_use),
        tried: About::of(trial.tried),
        events: compared.len(),
        same: count(|verdict| matches!(verdict, Verdict::Same { .. })),
        differ: count(|verdict| matches!(verdict, Verdict::Differs { .. })),
        not_comparable: count(|verdict| matches!(verdict, Verdict::NotComparable { .. })),
        ended_otherwise_then: compared.iter().filter(ended_otherwise).count(),
        compared,
    }
}

fn show(summary: &Summary<'_>, shown: usize) -> anyhow::Result<()> {
    let about =
        |about: &About| output::plain(&format!("{} {} ({})", about.component, about.version, about.digest.get(..12).unwrap_or_default()));
    let mut text = format!(
        "`{}` of `{}` on its last {}\n  in use  {}\n  tried   {}\n\n{:6} same\n",
        summary.plugin,
        summary.project,
        counted(summary.events),
        about(&summary.in_use),
        about(&summary.tried),
        summary.same
    );
    let mut groups = BTreeMap::<String, usize>::new();
    let mut reasons = BTreeMap::<&str, usize>::new();
    for one in summary.compared {
        match &one.verdict {
            Verdict::Same { .. } => {}
            Verdict::Differs { parts, in_use, tried } => *groups.entry(group(parts, in_use, tried)).or_default() += 1,
            Verdict::NotComparable { why } => *reasons.entry(why).or_default() += 1,
        }
    }
    text += &format!("{:6} differ\n", summary.differ);
    groups.iter().for_each(|(group, count)| text += &format!("{count:12} in {}\n", output::plain(group)));
    if summary.not_comparable > 0 {
        text += &format!("{:6} not comparable\n", summary.not_comparable);
        reasons.iter().for_each(|(why, count)| text += &format!("{count:12} {}\n", output::plain(why)));
    }
    let differing = summary.compared.iter().filter(|one| matches!(one.verdict, Verdict::Differs { .. }));
    for one in differing.take(shown) {
        let Verdict::Differs { in_use, tried, .. } = &one.verdict else { continue };
        let task = one.task.as_ref().map(|task| format!(", task {task}")).unwrap_or_default();
        text += &output::plain(&format!("\n{} {}{task}", one.event, one.kind));
        let lines = difference_of(("in use", in_use), ("tried", tried)).unwrap_or_default();
        text += "\n";
        lines.lines().for_each(|line| text += &format!("    {}\n", output::plain(line)));
    }
    if summary.differ > shown {
        text += &format!("\n{} more differ: `--show` shows more of them, `--json` all\n", summary.differ - shown);
    }
    output::lines(&text)?;
    if summary.ended_otherwise_then > 0 {
        output::note(&format!(
            "on {} the version in use ends otherwise here than a run is recorded to have ended: by an older version or other settings, or for want of \
             an answer",
            counted(summary.ended_otherwise_then)
        ));
    }
    Ok(())
}

fn counted(events: usize) -> String {
    if events == 1 { "1 event".to_owned() } else { format!("{events} events") }
}

/// In what two outcomes differ, for people.
fn group(parts: &[Part], in_use: &case::Outcome, tried: &case::Outcome) -> String {
    let words: Vec<String> = parts
        .iter()
        .map(|part| match part {
            Part::Ending if in_use.outcome == tried.outcome => format!("why it is {}", tried.outcome.as_str()),
            Part::Ending => format!("how it ends ({} before, {} now)", in_use.outcome.as_str(), tried.outcome.as_str()),
            Part::Effects => "effects".to_owned(),
            Part::Events => "events".to_owned(),
            Part::State => "state".to_owned(),
        })
        .collect();
    words.join(", ")
}

/// The exit code: a difference is told as `diff` tells it.
fn verdict(summary: &Summary<'_>) -> anyhow::Result<()> {
    if summary.differ > 0 {
        let help = "if that is what the change is for, drop it in; `crowdhook event export` makes a case of an event, to look closer";
        return Err(Advice::new(format!("{} of {} differ", summary.differ, counted(summary.events)), help).into());
    }
    if summary.not_comparable == summary.events {
        let help = "what a run reads is kept with it: try again once the version in use has handled some events, or `crowdhook plugin run` it on cases";
        return Err(Advice::new("none of the events could be compared", help).into());
    }
    Ok(())
}
