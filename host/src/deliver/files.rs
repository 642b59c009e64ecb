//! Files in the folders that a project names: written whole or not at all, and text added in one piece.

mod folder;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::Underway;
use super::verdict::Trouble;
use crate::effect::Bytes;
use crate::id::DeliveryId;
use folder::Obstacle;

/// A file waits here for its turn in its folder no longer than this: a drive that hangs is not to hold up what goes elsewhere.
const TURN_WAIT_MAX: Duration = Duration::from_secs(2);
/// A folder that takes longer (a network drive that is gone, say) counts as one that cannot be written.
const WRITE_MAX: Duration = Duration::from_secs(60);
/// How long what found no turn is left alone.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Beyond so many folders, those that nobody is writing into are forgotten.
const FOLDERS_MAX: usize = 256;

/// Whose turn it is in each folder. One file at a time: a header is then written once, and a drive that hangs keeps one thread and
/// no more.
#[derive(Debug, Default)]
pub(super) struct Folders(Mutex<HashMap<PathBuf, Arc<Semaphore>>>);

impl Folders {
    fn turn(&self, folder: &Path) -> Arc<Semaphore> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= FOLDERS_MAX {
            known.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        Arc::clone(known.entry(folder.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(1))))
    }

    /// Does something in `folder` on a thread that may block, when it is its turn.
    async fn in_turn<T: Send + 'static>(
        &self,
        folder: &Path,
        work: impl FnOnce() -> Result<T, Obstacle> + Send + 'static,
    ) -> Result<T, Trouble> {
        let turn = tokio::time::timeout(TURN_WAIT_MAX, self.turn(folder).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            let why = format!("others have been writing into `{}` for {} s", folder.display(), TURN_WAIT_MAX.as_secs());
            return Err(Trouble::Later { after: Some(BUSY_WAIT), why });
        };
        let work = tokio::task::spawn_blocking(move || {
            // The turn ends when the work does, though nobody may wait for it any more.
            let _turn = turn;
            work()
        });
        match tokio::time::timeout(WRITE_MAX, work).await {
            Ok(Ok(done)) => done.map_err(|obstacle| trouble(folder, obstacle)),
            Ok(Err(error)) => Err(Trouble::Later { after: None, why: format!("writing into `{}` broke off: {error}", folder.display()) }),
            Err(_) => {
                let why = format!("`{}` took longer than {} s", folder.display(), WRITE_MAX.as_secs());
                Err(Trouble::Later { after: None, why })
            }
        }
    }

    /// Writes a file whole into a folder that is no plugin's, under a name that is the host's own.
    pub(super) async fn put(&self, folder: &Path, name: String, id: DeliveryId, content: Vec<u8>) -> Result<(), Trouble> {
        let root = folder.to_owned();
        self.in_turn(folder, move || folder::write(&root, &name, id, &content)).await
    }
}

/// Writes a file whole: readers see the old one or the new one.
pub(super) async fn write(way: &Underway<'_>, folder: &str, path: &str, content: &Bytes) -> Result<String, Trouble> {
    let root = root_of(way, folder)?;
    let (in_root, below, id, content) = (root.clone(), path.to_owned(), way.delivery.id, content.0.clone());
    let bytes = content.len();
    way.folders.in_turn(&root, move || folder::write(&in_root, &below, id, &content)).await?;
    Ok(format!("wrote {bytes} bytes to `{path}` in folder `{folder}`"))
}

/// Adds text to the end of a file, unless an earlier attempt may have done so and the file ends with it.
pub(super) async fn append(way: &Underway<'_>, folder: &str, path: &str, text: &str, header: Option<&str>) -> Result<String, Trouble> {
    let root = root_of(way, folder)?;
    let (in_root, below) = (root.clone(), path.to_owned());
    let addition = folder::Addition { text: text.to_owned(), header: header.map(str::to_owned), may_be_there: way.may_have_happened };
    let added = way.folders.in_turn(&root, move || folder::append(&in_root, &below, &addition)).await?;
    Ok(match added {
        folder::Added::Text => format!("added {} bytes to `{path}` in folder `{folder}`", text.len()),
        folder::Added::HeaderAndText => format!("began `{path}` in folder `{folder}` with its header, and added {} bytes", text.len()),
        folder::Added::Nothing => format!("nothing to do: `{path}` in folder `{folder}` ends with the text of an earlier attempt already"),
    })
}

fn root_of(way: &Underway<'_>, folder: &str) -> Result<PathBuf, Trouble> {
    let config = &way.project.config;
    let found = config.folder(folder).map(|found| found.path.clone());
    found.ok_or_else(|| Trouble::Unmended {
        why: format!(
            "the file of project `{}` has no folder `{folder}` any more: add `{folder} = \"<path>\"` below `[folders]`",
            config.name
        ),
    })
}

/// What is to become of a delivery that met an obstacle.
fn trouble(folder: &Path, obstacle: Obstacle) -> Trouble {
    let folder = folder.display();
    let error = match obstacle {
        Obstacle::Outside => return Trouble::Refused { why: format!("the path would leave `{folder}`") },
        Obstacle::Link(name) => {
            let why = format!("`{name}` in `{folder}` is a symbolic link, and what plugins write goes through none");
            return Trouble::Refused { why };
        }
        Obstacle::NoFolder(name) => return Trouble::Refused { why: format!("`{name}` in `{folder}` is no folder, and should be one") },
        Obstacle::NoFile(name) => return Trouble::Refused { why: format!("`{name}` in `{folder}` is no file, and should be one") },
        Obstacle::Failed(error) => error,
    };
    let unmended = |what: &str| Trouble::Unmended { why: format!("cannot write into `{folder}`: {what}") };
    match error.kind() {
        io::ErrorKind::StorageFull => unmended("the disk is full; make room, and it goes on by itself"),
        io::ErrorKind::QuotaExceeded => unmended("its owner has used up the room they may use; make some, and it goes on by itself"),
        io::ErrorKind::PermissionDenied => unmended("the host may not; give the user it runs as the right to write there"),
        io::ErrorKind::ReadOnlyFilesystem => unmended("it may only be read; mount it so that it can be written"),
        io::ErrorKind::NotFound => unmended("it is not there, nor the folder above it; make it, or bring the drive back"),
        io::ErrorKind::InvalidFilename => Trouble::Refused { why: format!("cannot write into `{folder}`: a name is too long for it") },
        _ => Trouble::Later { after: None, why: format!("cannot write into `{folder}`: {error}") },
    }
}

#[cfg(test)]
mod tests;
