//! What the practice PYBOSSA knows: its tables, and indexes so that no call scans them all.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::ops::Bound;

use serde_json::json;
use sha1::{Digest as _, Sha1};

use super::super::moment;
use super::completion::Pending;
use super::query::ListQuery;
use super::table::{CATEGORY, Row, Table};
use super::webhook::WebhookRow;
use crate::clock::Clock;

/// Who gave an answer: a user, or an address as PYBOSSA scrambles it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    User(i64),
    Address(String),
}

impl Who {
    pub(super) fn anonymous(address: IpAddr) -> Self {
        Self::Address(scrambled(address))
    }
}

/// Who makes a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Viewer {
    pub(super) user: Option<i64>,
    pub(super) admin: bool,
    pub(super) pro: bool,
    pub(super) address: IpAddr,
}

impl Viewer {
    pub(super) fn who(&self) -> Who {
        self.user.map_or_else(|| Who::anonymous(self.address), Who::User)
    }

    pub(super) fn is_anonymous(&self) -> bool {
        self.user.is_none()
    }
}

#[derive(Debug, Default)]
pub(super) struct OfProject {
    pub(super) tasks: BTreeSet<i64>,
    pub(super) runs: BTreeSet<i64>,
    pub(super) results: BTreeSet<i64>,
    pub(super) webhooks: BTreeSet<i64>,
    /// Tasks that are not completed, in the order in which volunteers get them.
    pub(super) open: BTreeSet<(i64, i64)>,
}

#[derive(Debug, Default)]
pub(super) struct OfTask {
    pub(super) runs: BTreeSet<i64>,
    pub(super) results: BTreeSet<i64>,
    pub(super) answered_by: HashSet<Who>,
}

/// All tables.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) clock: Clock,
    pub(super) users: BTreeMap<i64, Row>,
    pub(super) projects: BTreeMap<i64, Row>,
    pub(super) tasks: BTreeMap<i64, Row>,
    pub(super) runs: BTreeMap<i64, Row>,
    pub(super) results: BTreeMap<i64, Row>,
    pub(super) categories: BTreeMap<i64, Row>,
    pub(super) stats: BTreeMap<i64, Row>,
    pub(super) webhooks: BTreeMap<i64, WebhookRow>,
    pub(super) users_by_key: HashMap<String, i64>,
    pub(super) users_by_name: HashMap<String, i64>,
    pub(super) projects_by_short_name: HashMap<String, i64>,
    pub(super) of_project: HashMap<i64, OfProject>,
    pub(super) of_task: HashMap<i64, OfTask>,
    /// When a volunteer was handed a task: the run's `created`, and seconds since 1970.
    pub(super) stamps: HashMap<(Who, i64), (String, i64)>,
    /// Completions whose webhook was sent before they were committed.
    pub(super) pending: HashMap<i64, Pending>,
    /// How many reads of a task come before its completion is committed.
    pub(super) early_reads: u32,
    /// An older server: `related=true` is taken and embeds nothing.
    pub(super) without_related: bool,
    last_ids: HashMap<&'static str, i64>,
}

impl State {
    /// Nothing but the category that every project belongs to.
    pub(super) fn new(clock: Clock) -> Self {
        let mut state = Self { clock, ..Self::default() };
        let created = state.iso();
        let category = json!({
            "id": state.next_id("category"), "name": "Thinking", "short_name": "thinking",
            "description": "Volunteers think about it", "created": created, "info": {},
        });
        state.categories.insert(1, Row::new(&CATEGORY, category));
        state
    }

    /// The time as rows bear it.
    pub(super) fn iso(&self) -> String {
        moment::iso(self.clock.now())
    }

    /// The next id of a sequence. As in PostgreSQL, an id once given is never given again.
    pub(super) fn next_id(&mut self, sequence: &'static str) -> i64 {
        let last = self.last_ids.entry(sequence).or_default();
        *last += 1;
        *last
    }

    pub(super) fn rows(&self, table: &Table) -> &BTreeMap<i64, Row> {
        match table.endpoint {
            "project" => &self.projects,
            "task" => &self.tasks,
            "taskrun" => &self.runs,
            "result" => &self.results,
            "user" => &self.users,
            "projectstats" => &self.stats,
            _ => &self.categories,
        }
    }

    pub(super) fn row(&self, table: &Table, id: i64) -> Option<&Row> {
        self.rows(table).get(&id)
    }

    pub(super) fn project_named(&self, short_name: &str) -> Option<&Row> {
        self.projects.get(self.projects_by_short_name.get(short_name)?)
    }

    pub(super) fn user_named(&self, name: &str) -> Option<&Row> {
        self.users.get(self.users_by_name.get(name)?)
    }

    pub(super) fn viewer(&self, api_key: Option<&str>, address: IpAddr) -> Viewer {
        let user = api_key.and_then(|key| self.users.get(self.users_by_key.get(key)?));
        let is = |column| user.is_some_and(|user| user.is(column));
        Viewer { user: user.map(Row::id), admin: is("admin"), pro: is("pro"), address }
    }

    /// Whether the viewer is admin, owner or co-owner of the project.
    pub(super) fn may_change(&self, viewer: &Viewer, project: i64) -> bool {
        let owns = |user: i64| {
            let project = self.projects.get(&project)?;
            Some(project.get("owners_ids").as_array()?.iter().any(|owner| owner.as_i64() == Some(user)))
        };
        viewer.admin || viewer.user.and_then(owns).unwrap_or(false)
    }

    /// The page of rows that a list asks for, of those that `keep` lets pass.
    pub(super) fn list(&self, table: &'static Table, query: &ListQuery, keep: impl Fn(&Row) -> bool) -> Vec<&Row> {
        let matching = self.candidates(table, query).filter(|row| query.admits(row) && keep(row));
        let (offset, limit) = (query.offset, query.limit);
        if query.order_by.name != "id" {
            let mut rows: Vec<_> = matching.collect();
            rows.sort_by(|a, b| query.compare(a, b));
            rows.into_iter().skip(offset).take(limit).collect()
        } else if query.descending {
            matching.rev().skip(offset).take(limit).collect()
        } else {
            matching.skip(offset).take(limit).collect()
        }
    }

    /// The rows that may match, by the narrowest index there is, in the order of their ids.
    fn candidates<'a>(&'a self, table: &'static Table, query: &ListQuery) -> Box<dyn DoubleEndedIterator<Item = &'a Row> + 'a> {
        let rows = self.rows(table);
        let after = (query.last_id.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        if let Some(id) = query.equals("id") {
            return Box::new(rows.get(&id).into_iter());
        }
        let ids = match (table.endpoint, query.equals("task_id"), query.equals("project_id")) {
            ("taskrun", Some(task), _) => self.of_task.get(&task).map(|of| &of.runs),
            ("result", Some(task), _) => self.of_task.get(&task).map(|of| &of.results),
            ("task", _, Some(project)) => self.of_project.get(&project).map(|of| &of.tasks),
            ("taskrun", _, Some(project)) => self.of_project.get(&project).map(|of| &of.runs),
            ("result", _, Some(project)) => self.of_project.get(&project).map(|of| &of.results),
            _ => return Box::new(rows.range(after).map(|(_, row)| row)),
        };
        Box::new(ids.into_iter().flat_map(move |ids| ids.range(after)).filter_map(|id| rows.get(id)))
    }

    /// The first open task of the project that `who` has not answered.
    pub(super) fn next_task(&self, project: i64, who: &Who) -> Option<&Row> {
        let open = self.of_project.get(&project)?.open.iter();
        let mut open = open.filter(|(_, task)| self.of_task.get(task).is_none_or(|of| !of.answered_by.contains(who)));
        open.find_map(|(_, task)| self.tasks.get(task))
    }

    /// The result of the task that is its last version.
    pub(super) fn last_result(&self, task: i64) -> Option<&Row> {
        self.results.get(self.of_task.get(&task)?.results.last()?)
    }

    pub(super) fn runs_of(&self, task: i64) -> impl Iterator<Item = &Row> {
        self.of_task.get(&task).into_iter().flat_map(|of| &of.runs).filter_map(|run| self.runs.get(run))
    }
}

/// An address as PYBOSSA shows it: always the same, and not the address.
///
/// Loopback's is the one that was recorded; for others the real server's cipher is replaced
/// by a hash.
fn scrambled(address: IpAddr) -> String {
    if address.is_loopback() && address.is_ipv4() && address.to_string() == "127.0.0.1" {
        return "124.252.2.225".to_owned();
    }
    let digest = Sha1::digest(address.to_string().as_bytes());
    let bytes: Vec<_> = digest.iter().take(4).map(u8::to_string).collect();
    bytes.join(".")
}
