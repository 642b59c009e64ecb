//! `crowdhook plugin pack`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use super::super::report::Advice;
use super::super::{Common, output};
use super::{bytes_of, engine};
use crate::plugin::load;
use crate::plugin::pack::pack;

pub(super) const EXAMPLES: &str = "\
Examples:
  crowdhook plugin pack vote.module.wasm -o vote.wasm
  crowdhook plugin pack target/wasm32-unknown-unknown/release/vote.wasm     writes `vote.component.wasm` beside it";

/// What to pack.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct PackArgs {
    /// The core module
    #[arg(value_name = "MODULE")]
    module: PathBuf,
    /// Where the component goes; without it, beside the module, with a name that ends in `.component.wasm`
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What was made.
#[derive(Debug, Serialize)]
struct Packed {
    component: String,
    version: String,
    file: PathBuf,
    bytes: usize,
}

pub(super) async fn run(args: &PackArgs, common: &Common) -> anyhow::Result<()> {
    let out = args.out.clone().unwrap_or_else(|| args.module.with_extension("component.wasm"));
    if is_same(&args.module, &out) {
        let help = "name another file: `-o FILE`";
        return Err(Advice::new(format!("the component would be written over its own module, `{}`", out.display()), help).into());
    }
    let cannot = || format!("`{}` cannot be packed", args.module.display());
    let bytes = pack(&bytes_of(&args.module)?).with_context(cannot)?;
    let component = load::load(&engine()?, bytes.as_slice().into()).await.with_context(|| {
        format!("the component made of `{}` is no plugin that a host would load, and is not written", args.module.display())
    })?;
    std::fs::write(&out, &bytes).with_context(|| format!("`{}` cannot be written", out.display()))?;
    let packed = Packed { component: component.name.to_string(), version: component.description.version, file: out, bytes: bytes.len() };
    if common.json {
        return output::json(&packed);
    }
    let Packed { component, version, file, bytes } = &packed;
    let line = format!("{component} {version}: `{}`, {} KiB; a host would load it", file.display(), bytes.div_ceil(1024));
    output::lines(&output::plain(&line))
}

fn is_same(one: &Path, other: &Path) -> bool {
    let whole = |path: &Path| path.canonicalize().ok();
    whole(one).is_some_and(|path| whole(other) == Some(path))
}
