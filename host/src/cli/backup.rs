//! `crowdhook backup`.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::report::Advice;
use super::{Common, output};
use crate::config::{StoreAt, load};
use crate::store::StoreError;
use crate::store::sqlite::SqliteStore;

/// So often the copy is looked at.
const LOOK: Duration = Duration::from_millis(100);

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
    if let StoreAt::Database(_) = host.store {
        let help = "copy it with PostgreSQL's own tools: `pg_dump --schema=crowdhook --format=custom --file=FILE` and the address";
        return Err(Advice::new("the store is in a PostgreSQL database, and not in the data folder", help).into());
    }
    let help = "the store is in the folder that `data` names in the settings";
    let store = SqliteStore::open_read_only(&host.data).map_err(|error| Advice::new(error.to_string(), help))?;
    let help = "name a file in a folder that you may write to, on a disk with room for a copy of the store";
    let progress = output::Progress::new(common.json);
    let watching = thread::current();
    let done = thread::scope(|scope| {
        let copying = scope.spawn(|| store.back_up(&args.file).inspect(|()| watching.unpark()));
        while !copying.is_finished() {
            progress.say(&so_far(&args.file, store.file_bytes()));
            thread::park_timeout(LOOK);
        }
        copying.join()
    });
    progress.end();
    let done = done.unwrap_or_else(|_| Err(StoreError::Failed("copying it ended with a panic".to_owned())));
    done.map_err(|error| Advice::new(error.to_string(), help))?;
    let bytes = std::fs::metadata(&args.file)?.len();
    if common.json {
        return output::json(&serde_json::json!({ "file": args.file, "bytes": bytes }));
    }
    output::lines(&format!("`{}` holds the store as it was, {} KiB", args.file.display(), bytes.div_ceil(1024)))
}

/// How much is copied: a copy is as small as what the store holds, so its end may come before all of the file's size.
fn so_far(file: &Path, bytes: u64) -> String {
    let copied = std::fs::metadata(SqliteStore::part_of(file)).map_or(0, |part| part.len());
    format!("{} of at most {} MiB copied", copied >> 20, bytes.div_ceil(1 << 20))
}
