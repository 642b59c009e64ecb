//! Tells the other hosts of a database what this one can do, every few seconds and whenever that changes.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use crate::id::ProjectName;
use crate::plugin::registry::{Catalogue, Project, Registry};
use crate::store::StoreError;
use crate::store::postgres::{Able, PostgresStore};

/// A host that was not heard of for three times as long counts as gone.
const PAUSE: Duration = Duration::from_secs(5);

/// Tells until `stop`, or until the store is closed; not at all where the store is this host's alone.
pub(super) async fn serve(store: Option<Arc<PostgresStore>>, registry: Arc<Registry>, stop: impl Future<Output = ()>) {
    let telling = async {
        let Some(store) = store else { return };
        let mut changed = registry.changed();
        let mut is_well = true;
        loop {
            let able = able(&registry.now());
            match store.tell(&able).await {
                Ok(()) => is_well = true,
                Err(StoreError::Closed) => return,
                Err(error) => {
                    if std::mem::take(&mut is_well) {
                        warn!(%error, "Other hosts are not told what this one can do, will try again: {error}");
                    }
                }
            }
            // Either is a reason to tell again.
            drop(tokio::time::timeout(PAUSE, changed.changed()).await);
        }
    };
    tokio::select! {
        () = telling => {}
        () = stop => {}
    }
}

/// What can be done with what is loaded.
fn able(catalogue: &Catalogue) -> Vec<Able> {
    let of_project = |(name, project): (&ProjectName, &Arc<Project>)| {
        let plugins = project.plugins.iter().filter(|plugin| plugin.component.is_some()).map(|plugin| Some(plugin.config.name.clone()));
        std::iter::once(None).chain(plugins).map(|plugin| (name.clone(), plugin)).collect::<Vec<_>>()
    };
    catalogue.projects.iter().flat_map(of_project).collect()
}
