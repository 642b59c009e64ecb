//! The files of a case as people write them. JSON where plugins are given JSON as text, and defaults for all that seldom matters.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{CaseError, FILE_BYTES_MAX, usual_project};
use crate::clock::Timestamp;
use crate::config::{self, GuestLimits, MayWriteTo};
use crate::event::{Event, EventKind, Origin, PlatformKind};
use crate::id::{EventId, PluginName, ProjectName};
use crate::platform::{Answer, ProjectInfo, Task};
use crate::plugin::reads::Fixed;

/// What a file of a case holds.
pub(super) fn read<T: DeserializeOwned>(file: &Path) -> Result<T, CaseError> {
    let unread = |why: String| CaseError::File { file: file.to_owned(), why };
    let mut text = String::new();
    let opened = std::fs::File::open(file).map_err(|error| unread(error.to_string()))?;
    opened.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| unread(error.to_string()))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(unread(format!("it has more than {} MiB", FILE_BYTES_MAX >> 20)));
    }
    serde_json::from_str(&text).map_err(|error| CaseError::Form { file: file.to_owned(), why: error.to_string() })
}

/// Writes a file of a case, for people to read.
pub(super) fn write(file: &Path, value: &impl Serialize) -> Result<(), CaseError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| CaseError::Form { file: file.to_owned(), why: error.to_string() })?;
    std::fs::write(file, text + "\n").map_err(|error| CaseError::Unwritten { file: file.to_owned(), why: error.to_string() })
}

/// JSON as it was written.
pub(super) type Json = Box<RawValue>;

/// JSON text as JSON; a text that is none becomes a JSON string.
pub(super) fn json(text: &str) -> Json {
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| quoted(text))
}

fn quoted(text: &str) -> Json {
    serde_json::value::to_raw_value(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn object() -> Json {
    json("{}")
}

fn is_object(json: &Json) -> bool {
    json.get() == "{}"
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// `event.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventForm {
    pub(super) kind: EventKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) task: Option<String>,
    #[serde(default = "usual_project")]
    pub(super) project: ProjectName,
    #[serde(default = "pybossa")]
    pub(super) platform: PlatformKind,
    /// The plugin's name in its project; the component's where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) plugin: Option<PluginName>,
    #[serde(default = "usual_id")]
    pub(super) id: EventId,
    #[serde(default = "usual_moment")]
    pub(super) occurred_at: Timestamp,
    /// What the plugin's clock shows; when the event occurred, where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) now: Option<Timestamp>,
    /// What random numbers come from.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) seed: u64,
    #[serde(default = "first")]
    pub(super) attempt: u32,
    #[serde(default = "live")]
    pub(super) origin: Origin,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) rerun: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) emitted_by: Option<PluginName>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) depth: u8,
    #[serde(default = "object")]
    pub(super) payload: Json,
}

fn pybossa() -> PlatformKind {
    PlatformKind::Pybossa
}

fn usual_id() -> EventId {
    const BYTES: [u8; 16] = [0x01, 0x9b, 0x76, 0xda, 0xa8, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1];
    EventId::from_bytes(BYTES)
}

fn usual_moment() -> Timestamp {
    Timestamp::constant(1_767_225_600, 0)
}

fn first() -> u32 {
    1
}

fn live() -> Origin {
    Origin::Live
}

impl EventForm {
    pub(super) fn event(&self) -> Event {
        Event {
            id: self.id,
            project: self.project.clone(),
            platform: self.platform,
            kind: self.kind.clone(),
            task: self.task.clone(),
            occurred_at: self.occurred_at,
            received_at: self.now.unwrap_or(self.occurred_at),
            origin: self.origin,
            emitted_by: self.emitted_by.clone(),
            root: self.id,
            depth: self.depth,
            payload: self.payload.get().to_owned(),
        }
    }

    pub(super) fn fixed(&self) -> Fixed {
        Fixed { now: self.now.unwrap_or(self.occurred_at), seed: self.seed }
    }
}

/// `task.json`, and a task of `platform.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskForm {
    /// That of the event, or of the place where it stands, when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    /// As many as there are answers, when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) redundancy: Option<u32>,
    #[serde(default = "yes")]
    pub(super) completed: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) gold: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) gold_answer: Option<Json>,
    #[serde(default = "object")]
    pub(super) info: Json,
    #[serde(default = "object", skip_serializing_if = "is_object")]
    pub(super) extra: Json,
}

fn yes() -> bool {
    true
}

impl TaskForm {
    /// A task of which nothing is said.
    pub(super) fn usual() -> Self {
        Self { id: None, redundancy: None, completed: true, gold: false, gold_answer: None, info: object(), extra: object() }
    }

    pub(super) fn task(self, id: &str, answers: usize) -> Task {
        Task {
            id: id.to_owned(),
            redundancy: self.redundancy.unwrap_or_else(|| u32::try_from(answers).unwrap_or(u32::MAX)),
            completed: self.completed,
            gold: self.gold,
            gold_answer: self.gold_answer.map(|answer| answer.get().to_owned()),
            info: self.info.get().to_owned(),
            extra: self.extra.get().to_owned(),
        }
    }
}

/// One of `answers.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerForm {
    /// Its place in the list, from 1, when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) worker: Option<String>,
    pub(super) value: Json,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) submitted_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) trust: Option<f64>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) set_aside: bool,
    #[serde(default = "object", skip_serializing_if = "is_object")]
    pub(super) extra: Json,
}

impl AnswerForm {
    fn answer(self, task: &str, place: usize) -> Answer {
        Answer {
            id: self.id.unwrap_or_else(|| place.to_string()),
            task: task.to_owned(),
            worker: self.worker,
            value: self.value.get().to_owned(),
            submitted_at: self.submitted_at,
            trust: self.trust,
            set_aside: self.set_aside,
            extra: self.extra.get().to_owned(),
        }
    }
}

/// The answers to `task`.
pub(super) fn answers(forms: Vec<AnswerForm>, task: &str) -> Vec<Answer> {
    forms.into_iter().zip(1..).map(|(form, place)| form.answer(task, place)).collect()
}

/// `platform.json`: what else the platform has. By ids.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlatformForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) project: Option<ProjectForm>,
    /// Names that workers chose to show.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) workers: BTreeMap<String, Option<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tasks: BTreeMap<String, TaskForm>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) answers: BTreeMap<String, Vec<AnswerForm>>,
    /// Task results, those of the event's own task too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) results: BTreeMap<String, Json>,
}

/// The project of `platform.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectForm {
    pub(super) id: String,
    pub(super) title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    #[serde(default = "object", skip_serializing_if = "is_object")]
    pub(super) extra: Json,
}

impl ProjectForm {
    /// Of which nothing but its name is known.
    pub(super) fn usual(name: &ProjectName) -> Self {
        Self { id: name.to_string(), title: name.to_string(), url: None, extra: object() }
    }

    pub(super) fn project(&self) -> ProjectInfo {
        ProjectInfo {
            id: self.id.clone(),
            short_name: None,
            title: self.title.clone(),
            url: self.url.clone(),
            extra: self.extra.get().to_owned(),
            key_may_write: None,
        }
    }
}

/// `grants.json`: the words of a plugin's lines in a project's file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantsForm {
    #[serde(default)]
    pub(super) allow: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) connections: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) folders: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) projects: Vec<ProjectName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) recipients: Option<Vec<RecipientForm>>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) limits: LimitsForm,
}

impl GrantsForm {
    pub(super) fn recipients(&self) -> Option<Vec<MayWriteTo>> {
        Some(self.recipients.as_ref()?.iter().map(|form| form.0.clone()).collect())
    }
}

/// `workers`, an address, or all addresses of a domain.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct RecipientForm(pub(super) MayWriteTo);

impl TryFrom<String> for RecipientForm {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let nobody = || format!("`{text}` is nobody: write an address (`ann@example.org`), a domain's (`*@example.org`), or `workers`");
        config::may_write_to(&text).map(Self).ok_or_else(nobody)
    }
}

impl From<RecipientForm> for String {
    fn from(form: RecipientForm) -> Self {
        match form.0 {
            MayWriteTo::Workers => "workers".to_owned(),
            MayWriteTo::Address(address) => address,
            MayWriteTo::Domain(domain) => format!("*@{domain}"),
        }
    }
}

/// The limits of a call, by the keys of a project's file; those of a host where they are not said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cpu_ms: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) wall_ms: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) memory_mib: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) effects_max: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) effects_kib_max: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) log_lines_max: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) log_kib_max: Option<u16>,
}

impl LimitsForm {
    /// No sandbox has more memory than the engine has room for.
    pub(super) fn limits(&self) -> GuestLimits {
        let usual = GuestLimits::default();
        let millis = |said: Option<u32>, usual: Duration| said.map_or(usual, |millis| Duration::from_millis(millis.into()));
        let small = |said: Option<u16>, shift: u32, usual: usize| said.map_or(usual, |units| usize::from(units) << shift);
        GuestLimits {
            cpu: millis(self.cpu_ms, usual.cpu),
            wall: millis(self.wall_ms, usual.wall),
            memory_bytes: small(self.memory_mib, 20, usual.memory_bytes).min(GuestLimits::MEMORY_BYTES_MAX),
            effects: small(self.effects_max, 0, usual.effects),
            effects_bytes: small(self.effects_kib_max, 10, usual.effects_bytes),
            log_lines: self.log_lines_max.map_or(usual.log_lines, |lines| usize::try_from(lines).unwrap_or(usize::MAX)),
            log_bytes: small(self.log_kib_max, 10, usual.log_bytes),
        }
    }
}
