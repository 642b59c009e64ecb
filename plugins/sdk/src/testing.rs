//! Tests of a plugin in plain Rust, without a sandbox: `handle` itself, on an event, answers and state that a test says.
//!
//! ```
//! use crowdhook_plugin::testing::{Effect, Trial};
//! use crowdhook_plugin::{Event, NoSettings, Plugin, Result, crowd, results};
//! use serde_json::json;
//!
//! struct First;
//!
//! impl Plugin for First {
//!     type Settings = NoSettings;
//!     const HANDLES: &[&str] = &["task.completed"];
//!     const NEEDS: &[&str] = &["results"];
//!
//!     fn handle(event: &Event, _settings: &NoSettings) -> Result<()> {
//!         match crowd::event_answers()?.first() {
//!             Some(answer) => results::save(event.task()?, &answer.value),
//!             None => Ok(()),
//!         }
//!     }
//! }
//!
//! let outcome = Trial::new("task.completed").answers([json!("robin"), json!("wren")]).run::<First>();
//! assert_eq!(outcome.result, Ok(()));
//! assert_eq!(outcome.effects, [Effect::SaveResult { task_id: "1".to_owned(), info: json!("robin").into() }]);
//! ```
//!
//! The functions of this crate answer on the thread of [`Trial::run`] alone; elsewhere they panic, since there is no host.
//! This double grants everything and knows few of the host's limits: `crowdhook plugin test` runs the component itself.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::badges::Badge;
use crate::crowd::{Answer, ProjectInfo, Task, WorkerInfo};
use crate::email::Message;
use crate::http::{Request, Response};
use crate::log::Level;
use crate::tasks::NewTask;
use crate::{Event, Failure, Json, Origin, Plugin, Problem, Result, Settings, plugin};

pub(crate) mod host;

/// An event with all that a plugin may read of the world: say what matters, the rest is made up.
#[derive(Clone, Debug)]
pub struct Trial {
    event: Event,
    settings: Json,
    world: World,
}

/// What a plugin may read. Answers and task are those of the event's task, unless they name another.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    task_id: Option<String>,
    tasks: Vec<Task>,
    answers: Vec<Answer>,
    results: BTreeMap<String, Json>,
    project: ProjectInfo,
    workers: Vec<WorkerInfo>,
    state: BTreeMap<String, String>,
    responses: BTreeMap<(String, String), Response>,
    failing: BTreeMap<&'static str, Failure>,
}

/// What came of a trial.
#[derive(Clone, Debug)]
#[must_use]
pub struct Outcome {
    /// What `handle` returned.
    pub result: Result<()>,
    /// What it asked for, in order; nothing after a failure, as in the host.
    pub effects: Vec<Effect>,
    /// What it told other plugins, in order; nothing after a failure.
    pub events: Vec<Emitted>,
    /// The whole state afterwards: as it was before, after a failure.
    pub state: BTreeMap<String, String>,
    /// What it logged, after a failure too.
    pub log: Vec<(Level, String)>,
}

/// What a plugin asks for.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the parameters of the functions that ask for it")]
pub enum Effect {
    /// `results::save`.
    SaveResult { task_id: String, info: Json },
    /// `tasks::create`.
    CreateTask { task: NewTask, once: Option<String> },
    /// `tasks::raise_redundancy`.
    RaiseRedundancy { task_id: String, redundancy: u32 },
    /// `email::send`.
    SendEmail { message: Message, once: Option<String> },
    /// `files::write`.
    WriteFile { folder: String, path: String, content: Vec<u8> },
    /// `files::append`.
    AppendFile { folder: String, path: String, text: String, header: Option<String>, once: Option<String> },
    /// `badges::award`.
    Award { worker: String, badge: Badge },
    /// `badges::revoke`.
    Revoke { worker: String, badge_id: String, reason: String },
    /// `http::send`.
    SendRequest { connection: String, request: Request, once: Option<String> },
}

/// An event for other plugins.
#[derive(Clone, Debug, PartialEq)]
pub struct Emitted {
    /// Its kind.
    pub kind: String,
    /// The task that it is about; none for that of the event being handled.
    pub task_id: Option<String>,
    /// What it says.
    pub payload: Json,
    /// The key under which it happens once.
    pub once: Option<String>,
}

impl Trial {
    /// A live event of this kind, about the task `1` where the kind is one of `task.*`; no answers, settings or state.
    #[must_use]
    pub fn new(kind: &str) -> Self {
        let event = Event {
            id: "01975c6e-0000-7000-8000-000000000001".to_owned(),
            kind: kind.to_owned(),
            project: "birds".to_owned(),
            platform: "pybossa".to_owned(),
            task_id: kind.starts_with("task.").then(|| "1".to_owned()),
            occurred_at: "2026-11-21T19:29:25.000Z".to_owned(),
            attempt: 1,
            origin: Origin::Live,
            rerun: false,
            emitted_by: None,
            payload: Json::default(),
            extra: Json::default(),
        };
        let project = ProjectInfo { title: "Birds".to_owned(), platform_id: "birds".to_owned(), ..ProjectInfo::default() };
        Self { event, settings: Json::default(), world: World { project, ..World::default() } }
    }

    /// Changes anything about the event.
    #[must_use]
    pub fn event(mut self, change: impl FnOnce(&mut Event)) -> Self {
        change(&mut self.event);
        self
    }

    /// What the event's sender said: for `task.analysed`, the analysis.
    #[must_use]
    pub fn payload(mut self, payload: impl Serialize) -> Self {
        self.event.payload = written(payload);
        self
    }

    /// What the project sets.
    #[must_use]
    pub fn settings(mut self, settings: impl Serialize) -> Self {
        self.settings = written(settings);
        self
    }

    /// Answers, oldest first: JSON, or an [`Answer`] where more than its value matters. They are to the event's task, unless they name another.
    #[must_use]
    pub fn answers(mut self, answers: impl IntoIterator<Item = impl Into<Answer>>) -> Self {
        self.world.answers.extend(answers.into_iter().map(Into::into));
        self
    }

    /// A task: that of the event, unless it names another. Without it, the event's task is completed, and wants as many answers as there are.
    #[must_use]
    pub fn task(mut self, task: Task) -> Self {
        self.world.tasks.push(task);
        self
    }

    /// The result that a task has already.
    #[must_use]
    pub fn task_result(mut self, task_id: &str, result: impl Serialize) -> Self {
        self.world.results.insert(task_id.to_owned(), written(result));
        self
    }

    /// The project, as people know it.
    #[must_use]
    pub fn project(mut self, project: ProjectInfo) -> Self {
        self.world.project = project;
        self
    }

    /// A worker whose name is shown.
    #[must_use]
    pub fn worker(mut self, id: &str, name: &str) -> Self {
        self.world.workers.push(WorkerInfo { id: id.to_owned(), name: Some(name.to_owned()) });
        self
    }

    /// An entry of the plugin's state. The state of one [`Outcome`] is taken over by calling this for each of its entries.
    #[must_use]
    pub fn state(mut self, key: &str, value: &str) -> Self {
        self.world.state.insert(key.to_owned(), value.to_owned());
        self
    }

    /// What a service answers to a GET.
    #[must_use]
    pub fn response(mut self, connection: &str, path: &str, status: u16, body: impl AsRef<[u8]>) -> Self {
        let response = Response { status, headers: Vec::new(), body: body.as_ref().to_vec() };
        self.world.responses.insert((connection.to_owned(), path.to_owned()), response);
        self
    }

    /// Lets a function of the host fail, by its name in Rust: `.failing("results::save", Failure::over_limit("…"))`.
    ///
    /// # Panics
    ///
    /// When no function has that name.
    #[must_use]
    pub fn failing(mut self, function: &str, failure: Failure) -> Self {
        let known = host::FUNCTIONS.into_iter().find(|known| *known == function);
        let known =
            known.unwrap_or_else(|| panic!("no function of the host is called `{function}`; there are {}", host::FUNCTIONS.join(", ")));
        self.world.failing.insert(known, failure);
        self
    }

    /// Runs the plugin's `handle`.
    ///
    /// # Panics
    ///
    /// Where the plugin panics, and where the host would not call it: it does not handle events of this kind, or the settings have problems.
    pub fn run<P: Plugin>(mut self) -> Outcome {
        let kind = &self.event.kind;
        let wanted = |wish: &&str| wish.strip_suffix('*').map_or(wish == kind, |start| kind.starts_with(start));
        assert!(P::HANDLES.iter().any(wanted), "the plugin does not handle `{kind}`: it asks for {}", P::HANDLES.join(", "));
        let settings = match P::Settings::read(self.settings.as_str()) {
            Ok(settings) => settings,
            Err(problems) => panic!("the settings have problems: {problems:?}"),
        };
        let problems = P::check(&settings);
        assert!(problems.is_empty(), "the settings have problems: {problems:?}");
        self.complete();
        let before = self.world.state.clone();
        let (result, after) = host::with(self.world, || P::handle(&self.event, &settings));
        match result {
            Ok(()) => Outcome { result, effects: after.effects, events: after.events, state: after.world.state, log: after.log },
            Err(_) => Outcome { result, effects: Vec::new(), events: Vec::new(), state: before, log: after.log },
        }
    }

    /// Makes up what was not said.
    fn complete(&mut self) {
        let world = &mut self.world;
        world.task_id.clone_from(&self.event.task_id);
        let of_event = self.event.task_id.clone().unwrap_or_default();
        for (answer, number) in world.answers.iter_mut().zip(1..) {
            fill(&mut answer.id, || format!("{number}"));
            fill(&mut answer.task_id, || of_event.clone());
        }
        world.tasks.iter_mut().for_each(|task| fill(&mut task.id, || of_event.clone()));
        if self.event.task_id.is_some() && !world.tasks.iter().any(|task| task.id == of_event) {
            let redundancy = world.answers.iter().filter(|answer| answer.task_id == of_event).count();
            world.tasks.push(Task {
                id: of_event,
                redundancy: redundancy.try_into().unwrap_or(u32::MAX),
                completed: true,
                ..Task::default()
            });
        }
    }
}

/// What is wrong with settings, as the host would be told when it loads a project. The host's check by the schema comes before this.
pub fn problems<P: Plugin>(settings: impl Serialize) -> Vec<Problem> {
    plugin::problems::<P>(written(settings).as_str())
}

/// The settings' JSON Schema, as the host is told.
///
/// # Panics
///
/// When it is no JSON.
#[must_use]
pub fn schema<P: Plugin>() -> Value {
    serde_json::from_str(&P::Settings::schema()).expect("a schema that is JSON")
}

fn written(value: impl Serialize) -> Json {
    Json::of(&value).expect("a value that can be written as JSON")
}

fn fill(text: &mut String, with: impl FnOnce() -> String) {
    if text.is_empty() {
        *text = with();
    }
}

#[cfg(test)]
mod tests;
