//! The hosts that share the store: which of them are at work, what each has loaded, and where that is not the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::Admin;
use super::answer::Refusal;
use crate::clock::rfc3339;
use crate::store::peers::{Loaded, Peer};

/// `GET /v1/hosts`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HostsView {
    /// By their names; empty where the store is one host's alone.
    pub hosts: Vec<HostView>,
    /// Where those that are at work differ, in words. What one of them has not loaded at all is left to the others, and is no difference.
    pub differences: Vec<String>,
}

/// A host among those that share a store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HostView {
    /// What it is called among them.
    pub name: String,
    /// Whether it told of itself lately.
    pub at_work: bool,
    /// Its version.
    pub version: String,
    /// When it started, RFC 3339.
    pub started_at: String,
    /// When it last told of itself, RFC 3339.
    pub seen_at: String,
    /// What it has loaded.
    pub loaded: Vec<LoadedView>,
}

/// What a host has loaded: a project's file, or the component that a plugin runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoadedView {
    /// The project.
    pub project: String,
    /// The plugin; none for the project's file.
    pub plugin: Option<String>,
    /// The component's version; none for a file.
    pub version: Option<String>,
    /// The digest of the component or of the file.
    pub digest: String,
}

pub(super) async fn hosts(State(admin): State<Arc<Admin>>) -> Result<Json<HostsView>, Refusal> {
    let peers = admin.store.browse().peers().await?;
    Ok(Json(HostsView { differences: differences(&peers), hosts: peers.iter().map(host).collect() }))
}

fn host(peer: &Peer) -> HostView {
    let loaded = |one: &Loaded| LoadedView {
        project: one.project.to_string(),
        plugin: one.plugin.as_ref().map(ToString::to_string),
        version: one.version.clone(),
        digest: one.digest.to_string(),
    };
    HostView {
        name: peer.name.clone(),
        at_work: peer.is_at_work,
        version: peer.version.clone(),
        started_at: rfc3339(peer.started_at),
        seen_at: rfc3339(peer.seen_at),
        loaded: peer.loaded.iter().map(loaded).collect(),
    }
}

/// What is loaded, in words.
pub(super) fn what(one: &Loaded) -> String {
    match &one.plugin {
        Some(plugin) => format!("plugin `{}/{plugin}`", one.project),
        None => format!("file of project `{}`", one.project),
    }
}

/// Which version it is, in words.
pub(super) fn which(one: &Loaded) -> String {
    let digest = one.digest.short();
    one.version.as_ref().map_or_else(|| digest.clone(), |version| format!("{version} ({digest})"))
}

/// Where the hosts that are at work differ: in their own version, in a project's file, in the component of a plugin. One sentence each.
pub(super) fn differences(peers: &[Peer]) -> Vec<String> {
    // What differs, then which there are of it, each with the hosts that have it.
    let mut found: BTreeMap<String, BTreeMap<String, Vec<&str>>> = BTreeMap::new();
    for peer in peers.iter().filter(|peer| peer.is_at_work) {
        let own = ("Crowdhook".to_owned(), peer.version.clone());
        for (what, which) in [own].into_iter().chain(peer.loaded.iter().map(|one| (what(one), which(one)))) {
            found.entry(what).or_default().entry(which).or_default().push(&peer.name);
        }
    }
    let differ = found.into_iter().filter(|(_, which)| which.len() > 1);
    differ
        .map(|(what, which)| {
            let which: Vec<String> = which.into_iter().map(|(which, hosts)| format!("{which} on {}", hosts.join(", "))).collect();
            format!("{what}: {}", which.join("; "))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_millis;
    use crate::id::Digest;

    fn peer(name: &str, version: &str, loaded: &[(Option<&str>, &str)]) -> Peer {
        let loaded = loaded.iter().map(|(plugin, version)| Loaded {
            project: "birds".parse().unwrap(),
            plugin: plugin.map(|plugin| plugin.parse().unwrap()),
            version: plugin.map(|_| (*version).to_owned()),
            digest: Digest::of(version.as_bytes()),
        });
        let at = from_millis(1_700_000_000_000);
        let (name, version) = (name.to_owned(), version.to_owned());
        Peer { name, version, started_at: at, seen_at: at, is_at_work: true, loaded: loaded.collect() }
    }

    #[test]
    fn hosts_that_have_the_same_do_not_differ_nor_does_one_that_lacks_something() {
        let all = [(None, "1"), (Some("vote"), "0.1.0")];
        assert!(differences(&[peer("north", "0.1.0", &all), peer("south", "0.1.0", &all[..1])]).is_empty());
        assert!(differences(&[]).is_empty());
    }

    #[test]
    fn each_difference_says_who_has_which() {
        let peers = [
            peer("north", "0.1.0", &[(None, "1"), (Some("vote"), "0.1.0")]),
            peer("south", "0.2.0", &[(None, "1"), (Some("vote"), "0.1.1")]),
            peer("west", "0.1.0", &[(None, "2"), (Some("vote"), "0.1.0")]),
        ];
        let short = |text: &str| Digest::of(text.as_bytes()).short();
        let expected = [
            "Crowdhook: 0.1.0 on north, west; 0.2.0 on south".to_owned(),
            format!("file of project `birds`: {} on north, south; {} on west", short("1"), short("2")),
            format!("plugin `birds/vote`: 0.1.0 ({}) on north, west; 0.1.1 ({}) on south", short("0.1.0"), short("0.1.1")),
        ];
        assert_eq!(differences(&peers), expected);
    }

    #[test]
    fn a_host_that_is_gone_differs_from_nobody() {
        let gone = Peer { is_at_work: false, ..peer("south", "0.2.0", &[]) };
        assert!(differences(&[peer("north", "0.1.0", &[]), gone]).is_empty());
    }
}
