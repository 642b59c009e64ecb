//! `crowdhook plugin check`.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use super::super::{Common, output};
use super::{bytes_of, compiling, engine, refused};
use crate::admin::view::{self, PluginView};
use crate::config::{GRANTS, GuestLimits};
use crate::plugin::load::{self, Component, Import, Parts};

/// Ours, of the packages that a component may import.
const PACKAGE: &str = "crowdhook:plugin";

/// What a file is, and whether a host would load it.
#[derive(Debug, Serialize)]
struct Checked {
    loads: bool,
    bytes: usize,
    compiled_ms: u64,
    /// Whether the time is that of taking it from the cache.
    was_cached: bool,
    /// The versions of our interface that it was built for.
    interfaces: BTreeSet<String>,
    /// The effects that it has a way to ask for.
    asks_for: BTreeSet<String>,
    imports: Vec<Import>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_bytes: Option<usize>,
    /// What it says of itself; none when it could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<PluginView>,
}

pub(super) async fn run(file: &Path, common: &Common) -> anyhow::Result<()> {
    let progress = compiling(file, common);
    let (parts, loaded) = load::take_apart(&engine()?, bytes_of(file)?).await.map_err(|error| refused(file, error.into()))?;
    progress.end();
    let checked = checked(parts, loaded.as_ref().ok());
    if common.json {
        output::json(&checked)?;
    } else {
        show(&checked)?;
    }
    match loaded {
        Err(error) => Err(refused(file, error.into())),
        Ok(_) if common.json => Ok(()),
        Ok(_) => output::lines("\na host would load it"),
    }
}

fn checked(parts: Parts, component: Option<&Component>) -> Checked {
    let ours = |import: &Import| Some(import.name.strip_prefix(PACKAGE)?.split_once('@')?.1.to_owned());
    Checked {
        loads: component.is_some(),
        bytes: parts.bytes,
        compiled_ms: u64::try_from(parts.compiled_in.as_millis()).unwrap_or(u64::MAX),
        was_cached: parts.was_cached,
        interfaces: parts.imports.iter().filter_map(ours).collect(),
        asks_for: parts.imports.iter().flat_map(effects).collect(),
        start_bytes: component.map(|component| component.start_bytes),
        says: component.map(view::described),
        imports: parts.imports,
    }
}

/// The words of `allow` that an import wants: an interface is one, or each of its functions.
fn effects(import: &Import) -> Vec<String> {
    let interface = import.name.strip_prefix(PACKAGE).and_then(|rest| rest.strip_prefix('/')?.split('@').next()).unwrap_or_default();
    let words = import.functions.iter().map(|function| format!("{interface}.{function}")).chain([interface.to_owned()]);
    words.filter(|word| GRANTS.contains(&word.as_str())).collect()
}

fn show(checked: &Checked) -> anyhow::Result<()> {
    let listed = |words: Vec<&str>| if words.is_empty() { "nothing".to_owned() } else { output::plain(&words.join(", ")) };
    let words = |words: &[String]| listed(words.iter().map(String::as_str).collect());
    let versions: Vec<String> = checked.interfaces.iter().map(|version| format!("{PACKAGE}@{version}")).collect();
    let mut lines = String::new();
    if let Some(says) = &checked.says {
        let text = |field: &Option<String>| output::plain(field.as_deref().unwrap_or("-"));
        lines += &format!("{} {}\n{}\n\n", text(&says.name), text(&says.version), text(&says.summary));
        lines += &format!("hears      {}\nneeds      {}\n", words(&says.handles), words(&says.needs));
    }
    lines += &format!("asks for   {}\n", listed(checked.asks_for.iter().map(String::as_str).collect()));
    lines += &format!("interface  {}\n", words(&versions));
    let verb = if checked.was_cached { "compiled before, loaded" } else { "compiled" };
    lines += &format!("size       {} KiB, {verb} in {} ms\n", checked.bytes.div_ceil(1024), checked.compiled_ms);
    if let Some(bytes) = checked.start_bytes {
        let limit = GuestLimits::default().memory_bytes / 1024;
        lines += &format!("memory     {} KiB at its start, of {limit} KiB\n", bytes.div_ceil(1024));
    }
    output::lines(&lines)?;
    if checked.imports.is_empty() {
        return Ok(());
    }
    output::lines("")?;
    let mut table = output::Table::new(&["import", "this host", "functions"]);
    for import in &checked.imports {
        let standing = match import.missing.as_slice() {
            _ if import.is_offered => "offered".to_owned(),
            [] => "NOT OFFERED".to_owned(),
            missing => format!("NOT OFFERED: {}", missing.join(", ")),
        };
        table.row(vec![import.name.clone(), standing, import.functions.join(", ")]);
    }
    table.print()
}
