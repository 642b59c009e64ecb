//! The whole path over real sockets: a practice platform posts, the host stores, plugins run, and what they want is done.

/// What was given up and is taken up again; plugins that are held.
mod again;
/// Appen: all four signals, revisions, what does not count.
mod appen;
/// A vote, and everything that the bundled plugins make of it.
mod chain;
/// A platform over TLS, and whom the host trusts.
mod encrypted;
/// A sender without a dialect of its own.
mod generic;
/// A backup, a worker who is forgotten, what is old.
mod keeping;
/// A store that goes over to the other engine.
mod moving;
/// Plugins among themselves: derived events, state, failures.
mod plugins;
/// PYBOSSA: from a completed task to the result on the platform.
mod pybossa;
/// The posts that were recorded from a real PYBOSSA, byte for byte.
mod recorded;
/// A component that is replaced again and again under a stream of events.
mod storm;
/// A platform that is early, down, rationed, or refuses.
mod trouble;

use crowdhook::practice::pybossa::Endpoint;
use crowdhook::practice::{Pybossa, Seed};
use serde_json::{Value, json};

use crate::harness::folder::{Folder, VOTE};
use crate::harness::patience::eventually;
use crate::harness::running::Running;

/// A practice PYBOSSA with the project `birds`, and a host whose hook it calls.
struct Stage {
    server: Pybossa,
    host: Running,
}

impl Stage {
    /// With `majority-vote` on `/animal`.
    async fn voting() -> Self {
        Self::new(&["majority-vote"], VOTE).await
    }

    /// With these components in the drop folder and these plugins in the project.
    async fn new(components: &[&str], plugins: &str) -> Self {
        Self::with_limits("", components, plugins).await
    }

    /// The same with further limits.
    async fn with_limits(limits: &str, components: &[&str], plugins: &str) -> Self {
        let server = Pybossa::start(Seed::empty()).await.unwrap();
        server.add_project("birds");
        let folder = Folder::with(limits);
        for component in components {
            folder.component(component);
        }
        folder.pybossa("birds", &server, plugins);
        let host = Running::start(folder).await;
        server.save_webhook("birds", &host.folder.hook_url("birds")).await.unwrap();
        Self { server, host }
    }

    /// A task that these answers to `/animal` complete; the platform calls the hook.
    fn completed(&self, animals: &[&str]) -> i64 {
        let answers: Vec<Value> = animals.iter().map(|animal| json!({"animal": animal})).collect();
        completed(&self.server, "birds", &answers)
    }

    /// Waits for the result of a task on the platform.
    async fn result(&self, task: i64) -> Value {
        result_on(&self.server, task).await
    }

    /// Calls so far: task read, result written.
    fn calls(&self) -> (u64, u64) {
        let calls = self.server.calls();
        (calls.of("GET", Endpoint::Task), calls.of("PUT", Endpoint::Result))
    }
}

/// A task of `project` that these answers complete.
pub fn completed(server: &Pybossa, project: &str, answers: &[Value]) -> i64 {
    let task = server.add_task(project, json!({"question": "Which bird?"}), u32::try_from(answers.len()).unwrap()).unwrap();
    answer(server, task, answers);
    task
}

/// Gives these answers to a task, each of a worker of its own.
fn answer(server: &Pybossa, task: i64, answers: &[Value]) {
    for (number, answer) in answers.iter().enumerate() {
        server.answer(task, &format!("worker{number}"), answer.clone()).unwrap();
    }
}

/// What stands in the result of a task, if anything does.
fn result_now(server: &Pybossa, task: i64) -> Option<Value> {
    server.result_of(task)?.get("info").filter(|info| !info.is_null()).cloned()
}

/// Waits for the result of a task on the platform.
pub async fn result_on(server: &Pybossa, task: i64) -> Value {
    eventually(&format!("the result of task {task} stands on the platform"), async || result_now(server, task)).await
}
