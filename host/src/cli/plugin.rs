//! `crowdhook plugin`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::Value;

use super::client::{Asked, ask, tell};
use super::report::Advice;
use super::{Common, output};
use crate::admin::view::{self, PluginView, Released};
use crate::config::{Host, load};
use crate::id::{Digest, Scope};
use crate::plugin;
use crate::plugin::engine::Engine;
use crate::plugin::load::{COMPONENT_BYTES_MAX, Component, LoadError};

mod changes;
mod check;
mod new;
mod pack;
mod run;
mod test;
mod trial;

#[derive(Debug, Subcommand)]
pub(super) enum PluginCommand {
    /// The components that a running host has loaded, and the files that it could not load
    ///
    /// Where no host runs: the files in the drop folder.
    List,
    /// What one component is: version, what it hears and needs, the schema of its settings
    #[command(
        after_help = "Examples:\n  crowdhook plugin inspect majority-vote        one that a running host has loaded\n  crowdhook plugin inspect ./my-plugin.wasm    a file, whether a host runs or not"
    )]
    Inspect {
        /// The name of a loaded component, or a file that ends in `.wasm`
        #[arg(value_name = "NAME_OR_FILE")]
        what: String,
    },
    /// Make a folder with a plugin to begin with, in a language of your choice
    ///
    /// Everything that is needed lies in it, and nothing is fetched. It builds, passes its cases and can be dropped in as it is.
    #[command(after_help = new::EXAMPLES)]
    New(new::NewArgs),
    /// Run a component on a case, with no host around it, and show what it would do
    ///
    /// It runs in the real sandbox, under the limits of a host. It sees what the files of the case say and nothing else: no store, no
    /// platform, no network. Its clock stands still, and its random numbers are the same each time. Exits with 1 when `handle` did not
    /// return ok.
    #[command(after_help = run::EXAMPLES, after_long_help = run::FILES)]
    Run(run::RunArgs),
    /// Run a component on a folder of cases, and compare what comes of each with its `expected.json`
    ///
    /// Every folder below DIR that holds an `event.json` is a case, named by its path. Exits with 1 when one of them differs.
    #[command(after_help = test::EXAMPLES)]
    Test(test::TestArgs),
    /// Try a new version of a component, or other settings, on events that a project has had, without any effect
    ///
    /// Runs the version in use (of the drop folder, with the settings of the project's file) and the one that is tried on the same stored
    /// events, the oldest first, and shows where they differ: in how they end, in what they ask for, in what they tell other plugins, in what
    /// they remember. Each begins with an empty state and keeps its own from event to event. Both see the task and its answers as they were,
    /// and what the runs of that time read besides; grants and limits are those of the project's file. Nothing leaves, nothing is stored, and
    /// no platform or service is asked, whether a host runs or not.
    ///
    /// Limits: an event is not comparable where either version asks for what no run has read then (another task, a worker's name, a page of
    /// a service), where a service's answer was longer than 64 KiB, or where `[keep]` has let the answers or the payload go. What
    /// other plugins emitted is taken as it was, also where they hear the plugin that is tried. Once keys are not looked at: what would be
    /// dropped because it was done before counts too.
    #[command(after_help = trial::EXAMPLES)]
    Try(trial::TryArgs),
    /// Say whether a host would load a file, and all that keeps it from doing so
    ///
    /// What it imports and whether this host offers it, what it asks for and needs, its size, how long it takes to compile, and the memory
    /// that it has before any event. Exits with 1 when a host would not load it.
    #[command(after_help = "Example:\n  crowdhook plugin check my-plugin.wasm")]
    Check {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Make a component of a core module, which is what C compilers and others leave behind
    ///
    /// The module has to hold the types of its bindings (`wit-bindgen` writes them into it). What it imports of the older WASI is
    /// translated. Nothing is written unless a host would load it.
    #[command(after_help = pack::EXAMPLES)]
    Pack(pack::PackArgs),
    /// Let a plugin of a project go on that is in quarantine
    ///
    /// A plugin that fails again and again by its own fault is held: its events wait, and others go on. A new version of its component, or
    /// other settings, release it too.
    #[command(after_help = "Example:\n  crowdhook plugin release birds/vote\n\n`crowdhook status` shows who is held, and why.")]
    Release {
        /// The project and the plugin's name in its file
        #[arg(value_name = "PROJECT/PLUGIN")]
        plugin: Scope,
    },
}

pub(super) async fn run(command: PluginCommand, common: &Common) -> anyhow::Result<()> {
    match command {
        PluginCommand::List => list(common).await,
        PluginCommand::Inspect { what } => inspect(&what, common).await,
        PluginCommand::New(args) => new::run(&args, common),
        PluginCommand::Check { file } => check::run(&file, common).await,
        PluginCommand::Pack(args) => pack::run(&args, common).await,
        PluginCommand::Run(args) => run::run(args, common).await,
        PluginCommand::Test(args) => test::run(args, common).await,
        PluginCommand::Try(args) => trial::run(args, common).await,
        PluginCommand::Release { plugin: Scope { project, plugin } } => {
            let host = load::host(common.config.as_deref())?;
            let path = format!("/v1/projects/{project}/plugins/{plugin}/release");
            let released: Released = tell(&host, &path, &serde_json::json!({})).await?;
            if common.json { output::json(&released) } else { output::lines(&format!("`{}` goes on", released.released)) }
        }
    }
}

async fn list(common: &Common) -> anyhow::Result<()> {
    let host = load::host(common.config.as_deref())?;
    let views = match ask::<Vec<PluginView>>(&host, "/v1/plugins").await? {
        Asked::Answered(views) => views,
        Asked::Missing(advice) => return Err(advice.into()),
        Asked::NoHost(why) => {
            output::note(&format!("{why}; these are the files in `{}`", host.plugins.display()));
            files(&host)?
        }
    };
    if common.json {
        return output::json(&views);
    }
    let mut table = output::Table::new(&["component", "version", "digest", "used by", "file", "state"]);
    for view in &views {
        let text = |field: &Option<String>| field.clone().unwrap_or_else(|| "-".to_owned());
        let digest = view.digest.as_deref().map_or_else(|| "-".to_owned(), |digest| digest.chars().take(12).collect());
        let state = match (&view.last_error, &view.since) {
            (Some(_), Some(_)) => "old version, the new one is refused",
            (Some(_), None) => "refused",
            (None, Some(_)) => "in use",
            (None, None) => "-",
        };
        table.row(vec![text(&view.name), text(&view.version), digest, view.used_by.join(", "), text(&view.file), state.to_owned()]);
    }
    if views.is_empty() {
        return output::lines(&format!("there is no component in `{}`", host.plugins.display()));
    }
    table.print()?;
    output::paragraphs(views.iter().filter_map(|view| Some(view.last_error.as_ref()?.text.as_str())))
}

/// The files of the drop folder, as far as they can be told apart without running them.
fn files(host: &Host) -> anyhow::Result<Vec<PluginView>> {
    let entries = match std::fs::read_dir(&host.plugins) {
        Ok(entries) => entries,
        Err(error) => {
            let help = "make the folder, or name another one: `plugins = \"…\"` in the settings";
            return Err(Advice::new(format!("the drop folder `{}` cannot be read", host.plugins.display()), help)
                .because(error.into())
                .into());
        }
    };
    let mut views = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            let digest = Digest::of(&std::fs::read(&path)?).to_string();
            views.push(PluginView { file: Some(path.display().to_string()), digest: Some(digest), ..PluginView::default() });
        }
    }
    views.sort_by(|one, other| one.file.cmp(&other.file));
    Ok(views)
}

async fn inspect(what: &str, common: &Common) -> anyhow::Result<()> {
    let view = if Path::new(what).extension().is_some_and(|extension| extension == "wasm") {
        describe_file(Path::new(what), common).await?
    } else {
        let host = load::host(common.config.as_deref())?;
        match ask::<PluginView>(&host, &format!("/v1/plugins/{}", path_segment(what))).await? {
            Asked::Answered(view) => view,
            Asked::Missing(advice) => return Err(advice.into()),
            Asked::NoHost(why) => {
                return Err(Advice::new(why, "start the host, or name a file: `crowdhook plugin inspect ./plugin.wasm`").into());
            }
        }
    };
    if common.json { output::json(&view) } else { output::lines(&shown(&view)) }
}

fn path_segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// What a component's file says it is: compiled, and asked in a sandbox, as the host would.
async fn describe_file(file: &Path, common: &Common) -> anyhow::Result<PluginView> {
    let component = load_file(file, common).await?;
    Ok(PluginView { file: Some(file.display().to_string()), ..view::described(&component) })
}

/// Says that a file is being compiled, which takes seconds for a large one.
fn compiling(file: &Path, common: &Common) -> output::Progress {
    let progress = output::Progress::new(common.json);
    progress.say(&format!("compiling {}", file.display()));
    progress
}

/// The component of a file, as a host would load it.
async fn load_file(file: &Path, common: &Common) -> anyhow::Result<Component> {
    let _progress = compiling(file, common);
    let engine = engine()?;
    plugin::load::load(&engine, bytes_of(file)?).await.map_err(|error| refused(file, error.into()))
}

fn engine() -> anyhow::Result<Engine> {
    Ok(Engine::for_one()?)
}

fn refused(file: &Path, error: anyhow::Error) -> anyhow::Error {
    Advice::new(format!("`{}` is no plugin", file.display()), "a host would refuse it too").because(error).into()
}

fn bytes_of(file: &Path) -> anyhow::Result<Arc<[u8]>> {
    let size = std::fs::metadata(file).with_context(|| format!("`{}` cannot be read", file.display()))?.len();
    if size > COMPONENT_BYTES_MAX {
        return Err(refused(file, LoadError::TooLarge(size).into()));
    }
    Ok(std::fs::read(file).with_context(|| format!("`{}` cannot be read", file.display()))?.into())
}

fn shown(view: &PluginView) -> String {
    let text = |field: &Option<String>| output::plain(field.as_deref().unwrap_or("-"));
    let listed = |words: &[String]| if words.is_empty() { "nothing".to_owned() } else { output::plain(&words.join(", ")) };
    let mut lines = format!("{} {}\n{}\n\n", text(&view.name), text(&view.version), text(&view.summary));
    lines += &format!("hears    {}\nneeds    {}\nused by  {}\n", listed(&view.handles), listed(&view.needs), listed(&view.used_by));
    lines += &format!("file     {}\ndigest   {}\nsince    {}\n", text(&view.file), text(&view.digest), text(&view.since));
    if let Some(error) = &view.last_error {
        lines += &format!("error    {} ({})\n", output::plain(&error.text), error.at);
    }
    if let Some(schema) = &view.settings_schema {
        lines += &format!("\nsettings\n{}", settings(schema));
    }
    lines
}

/// The properties of a JSON Schema, a line each.
fn settings(schema: &Value) -> String {
    let properties = schema.get("properties").and_then(Value::as_object);
    let required: Vec<&str> = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let line = |(name, property): (&String, &Value)| {
        let field = |key: &str| schema_field(schema, property, key);
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let kind = match (field("enum").and_then(Value::as_array), field("type")) {
            (Some(words), _) => words.iter().map(text).collect::<Vec<_>>().join(" | "),
            (None, Some(kind)) => text(kind),
            (None, None) => "several kinds".to_owned(),
        };
        let standing = match field("default") {
            _ if required.contains(&name.as_str()) => ", required".to_owned(),
            Some(default) => format!(", default {default}"),
            None => String::new(),
        };
        output::plain(&format!("  {name} ({kind}{standing}): {}", field("description").map(text).unwrap_or_default())) + "\n"
    };
    properties.map(|properties| properties.iter().map(line).collect()).unwrap_or_else(|| "  it takes none\n".to_owned())
}

/// A field of a property, or of the definition that it refers to.
fn schema_field<'s>(schema: &'s Value, property: &'s Value, key: &str) -> Option<&'s Value> {
    let referred = || {
        let pointer = property.get("$ref").and_then(Value::as_str)?.strip_prefix('#')?;
        schema.pointer(pointer)?.get(key)
    };
    property.get(key).or_else(referred)
}

#[cfg(test)]
mod tests;
