//! Tells the other hosts of a database what this one has loaded, every few seconds and whenever that changes.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tracing::{error, info, warn};

use crate::id::{Digest, ProjectName};
use crate::plugin::registry::{Catalogue, Project, Registry};
use crate::store::StoreError;
use crate::store::peers::{Known, Loaded};
use crate::store::postgres::PostgresStore;

/// A host that was not heard of for three times as long counts as gone.
const PAUSE: Duration = Duration::from_secs(5);

/// Tells until `stop`, or until the store is closed; not at all where the store is this host's alone.
pub(super) async fn serve(store: Option<Arc<PostgresStore>>, registry: Arc<Registry>, stop: impl Future<Output = ()>) {
    let telling = async {
        let Some(store) = store else { return };
        let mut changed = registry.changed();
        let mut said = Some(Known::Still);
        loop {
            let loaded = loaded(&registry.now());
            let told = store.tell(&loaded).await;
            if let Err(StoreError::Closed) = told {
                return;
            }
            note(&told, &mut said);
            // Either is a reason to tell again.
            drop(tokio::time::timeout(PAUSE, changed.changed()).await);
        }
    };
    tokio::select! {
        () = telling => {}
        () = stop => {}
    }
}

/// Logs what came of it where that is news. `said`: what came of it before; none when it was not told.
fn note(told: &Result<Known, StoreError>, said: &mut Option<Known>) {
    let news = told.as_ref().ok().copied();
    if news == *said && news != Some(Known::Again) {
        return;
    }
    *said = news;
    match told {
        Err(error) => warn!(%error, "Other hosts are not told what this one has loaded, will try again: {error}"),
        Ok(Known::Still) => {}
        Ok(Known::Again) => info!("The other hosts had forgotten this one, and know it again"),
        Ok(Known::Replaced) => error!(
            "Another host took this one's place: it has the same name and started later. This one takes nothing in and handles nothing; \
             stop it, or give it a `name` of its own in crowdhook.toml and start it again"
        ),
    }
}

/// What is loaded, and can so be done.
fn loaded(catalogue: &Catalogue) -> Vec<Loaded> {
    let files: HashMap<&str, Digest> =
        catalogue.status.projects.iter().filter_map(|load| Some((load.name.as_deref()?, load.digest?))).collect();
    let of_project = |(name, project): (&ProjectName, &Arc<Project>)| {
        let file = files.get(name.as_str()).copied().map(|digest| Loaded { project: name.clone(), plugin: None, version: None, digest });
        let plugins = project.plugins.iter().filter_map(|plugin| {
            let component = plugin.component.as_ref()?;
            Some(Loaded {
                project: name.clone(),
                plugin: Some(plugin.config.name.clone()),
                version: Some(component.description.version.clone()),
                digest: component.digest,
            })
        });
        file.into_iter().chain(plugins).collect::<Vec<_>>()
    };
    catalogue.projects.iter().flat_map(of_project).collect()
}
