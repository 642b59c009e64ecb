//! `crowdhook backup`.

use std::path::PathBuf;

use super::report::Advice;
use super::{Common, output};
use crate::config::load;
use crate::store::sqlite::SqliteStore;

/// Where to.
#[derive(Debug, clap::Args)]
pub(super) struct BackupArgs {
    /// A file that is not there yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Copies the store as it is in this moment, beside a host that goes on.
pub(super) fn run(args: &BackupArgs, common: &Common) -> anyhow::Result<()> {
    let host = load::host(common.config.as_deref())?;
    if args.file.exists() {
        return Err(Advice::new(format!("`{}` is there already", args.file.display()), "name a file that is not there yet").into());
    }
    let help = "the store is in the folder that `data` names in the settings";
    let store = SqliteStore::open_read_only(&host.data).map_err(|error| Advice::new(error.to_string(), help))?;
    let help = "name a file in a folder that you may write to, on a disk with room for a copy of the store";
    store.back_up(&args.file).map_err(|error| Advice::new(error.to_string(), help))?;
    let bytes = std::fs::metadata(&args.file)?.len();
    if common.json {
        return output::json(&serde_json::json!({ "file": args.file, "bytes": bytes }));
    }
    output::lines(&format!("`{}` holds the store as it was, {} KiB", args.file.display(), bytes.div_ceil(1024)))
}
