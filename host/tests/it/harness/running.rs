//! The host within the test's own process: real sockets, a real store, real components, and the store at hand.

use std::sync::Arc;

use crowdhook::admin::token;
use crowdhook::app::App;
use crowdhook::config::load;
use crowdhook::id::Scope;
use crowdhook::plugin::registry::Registry;
use crowdhook::store::{DeadLetter, KeptResult, Store, Totals, WantedDead};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::folder::Folder;
use super::patience::{PATIENCE, eventually, until};
use super::peek::{self, Kept};
use super::wire::{self, Reply};

/// A host that serves a folder until it is stopped.
pub struct Running {
    pub folder: Folder,
    pub store: Arc<dyn Store>,
    pub registry: Arc<Registry>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    pub async fn start(folder: Folder) -> Self {
        Self::start_after(folder, |_| {}).await
    }

    /// The same, with a `change` to the folder after everything in it is loaded and before the host serves.
    pub async fn start_after(folder: Folder, change: impl FnOnce(&Folder)) -> Self {
        let host = load::host(Some(&folder.config())).unwrap();
        let app = App::open(host).await.unwrap();
        change(&folder);
        let (store, registry) = (app.store(), app.registry());
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(app.serve(async {
            stopped.await.ok();
        }));
        // From then on it can be asked, by the command line too.
        until("the host has begun to serve", async || token::path(&folder.data()).is_file()).await;
        Self { folder, store, registry, stop, serving }
    }

    /// Stops in order, and gives the folder back.
    pub async fn stop(self) -> Folder {
        self.stop.send(()).ok();
        tokio::time::timeout(PATIENCE, self.serving).await.expect("the host does not end").unwrap().unwrap();
        self.folder
    }

    /// Sends one request to the public listener.
    pub async fn ask(&self, request: impl AsRef<[u8]>) -> Reply {
        wire::send(self.folder.listen, request).await.unwrap()
    }

    /// Sends one request and wants it to be taken.
    pub async fn post(&self, request: impl AsRef<[u8]>) {
        let reply = self.ask(request).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }

    pub async fn totals(&self) -> Totals {
        self.store.totals().await.unwrap()
    }

    /// Waits until nothing waits any more: every invocation and every delivery is finished.
    pub async fn drained(&self) -> Totals {
        let what = "no invocation and no delivery waits any more";
        eventually(what, async || Some(self.totals().await).filter(|totals| totals.waiting == 0 && totals.deliveries_waiting == 0)).await
    }

    /// All events, oldest first.
    pub async fn events(&self) -> Vec<Kept> {
        peek::events(self.store.as_ref()).await
    }

    /// The one event there is.
    pub async fn the_event(&self) -> Kept {
        let mut events = self.events().await;
        assert_eq!(events.len(), 1, "{events:#?}");
        events.remove(0)
    }

    /// Waits until the oldest event is as wanted, and gives it.
    pub async fn event_that(&self, what: &str, is_wanted: impl Fn(&Kept) -> bool) -> Kept {
        eventually(what, async || self.events().await.into_iter().next().filter(&is_wanted)).await
    }

    /// A value of a plugin's state.
    pub async fn state(&self, project: &str, plugin: &str, key: &str) -> Option<String> {
        let scope = Scope { project: project.parse().unwrap(), plugin: plugin.parse().unwrap() };
        self.store.get_state(&scope, key).await.unwrap().map(|entry| entry.value)
    }

    /// The host's own record of a task's result.
    pub async fn result(&self, project: &str, task: i64) -> Option<(KeptResult, Value)> {
        let kept = self.store.task_result(&project.parse().unwrap(), &task.to_string()).await.unwrap()?;
        let info = serde_json::from_str(&kept.info).unwrap();
        Some((kept, info))
    }

    pub async fn dead_letters(&self) -> Vec<DeadLetter> {
        self.store.dead_letters(&WantedDead::default(), 1000).await.unwrap()
    }

    /// What the admin API answers.
    pub async fn admin(&self, path: &str) -> Value {
        let (status, body) = self.send_admin("GET", path, "").await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// What the admin API answers to a POST of this JSON, with its status.
    pub async fn act(&self, path: &str, json: &Value) -> (u16, Value) {
        let (status, body) = self.send_admin("POST", path, &json.to_string()).await;
        (status, serde_json::from_str(&body).unwrap())
    }

    /// What stands on a page for people.
    pub async fn page(&self, path: &str) -> String {
        let (status, body) = self.send_admin("GET", path, "").await;
        assert_eq!(status, 200, "{body}");
        body
    }

    async fn send_admin(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        // It is made when the host begins to serve.
        let file = self.folder.data().join("admin-token");
        let token =
            eventually("there is an admin token", async || std::fs::read_to_string(&file).ok().filter(|token| !token.is_empty())).await;
        let (admin, token, length) = (self.folder.admin, token.trim(), body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {admin}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        let reply = wire::send(admin, request).await.unwrap();
        (reply.status, reply.body)
    }
}
