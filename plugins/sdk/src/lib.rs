//! What a Crowdhook plugin in Rust begins with.
//!
//! A plugin is a type that implements [`Plugin`], exported by [`plugin!`]. What the host offers to it are plain functions, a module per
//! interface: [`crowd`] (what people were asked and answered), [`state`], [`http`], and the effects [`results`], [`tasks`], [`email`],
//! [`files`], [`badges`] and [`events`]; lines for the operator go to [`log`]. **Read now, act on commit:** what a plugin reads it gets at
//! once, what it asks for happens when `handle` returns `Ok`, all of it or nothing. So `?` is all the care that errors need.
//!
//! ```
//! use crowdhook_plugin::{Event, Plugin, Result, crowd, log, results};
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//! use serde_json::json;
//!
//! /// What a project may set: the settings' schema is made of this.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(default, deny_unknown_fields)]
//! struct Settings {
//!     /// How many people have to agree.
//!     #[schemars(range(min = 1))]
//!     quorum: usize,
//! }
//!
//! impl Default for Settings {
//!     fn default() -> Self {
//!         Self { quorum: 2 }
//!     }
//! }
//!
//! struct Unanimous;
//!
//! impl Plugin for Unanimous {
//!     type Settings = Settings;
//!     const HANDLES: &[&str] = &["task.completed"];
//!     const NEEDS: &[&str] = &["results"];
//!
//!     fn handle(event: &Event, settings: &Settings) -> Result<()> {
//!         let answers = crowd::event_answers()?;
//!         let values: Vec<_> = answers.iter().filter(|answer| !answer.set_aside).map(|answer| answer.value.value()).collect();
//!         match values.as_slice() {
//!             [first, rest @ ..] if values.len() >= settings.quorum && rest.iter().all(|value| value == first) => {
//!                 results::save(event.task()?, &json!({ "answer": first, "votes": values.len() }))
//!             }
//!             _ => {
//!                 log::info(format!("No agreement among {} answers", values.len()));
//!                 Ok(())
//!             }
//!         }
//!     }
//! }
//!
//! crowdhook_plugin::plugin!(Unanimous);
//! # use crowdhook_plugin::testing::{Effect, Trial};
//! # let trial = || Trial::new("task.completed").answers([json!("robin"), json!("robin")]);
//! # let info = json!({ "answer": "robin", "votes": 2 }).into();
//! # assert_eq!(trial().run::<Unanimous>().effects, [Effect::SaveResult { task_id: "1".to_owned(), info }]);
//! # assert_eq!(trial().settings(json!({ "quorum": 3 })).run::<Unanimous>().effects, []);
//! ```
//!
//! Natively the same functions are answered by [`testing`], so that `cargo test` runs `handle` itself. In the sandbox a panic's words go to
//! the host's log, and an allocator is in use that suits a memory which lives for one event. `crowdhook_plugin::bindings`, there, is what `wit/` says as it is.

pub mod arena;
pub mod badges;
pub mod crowd;
pub mod email;
mod event;
pub mod events;
mod failure;
pub mod files;
pub mod http;
mod json;
pub mod log;
mod plugin;
pub mod results;
mod settings;
pub mod state;
pub mod tasks;

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod sandbox;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

// Who answers: the host, or a test.
#[cfg(target_arch = "wasm32")]
use sandbox::host;
#[cfg(not(target_arch = "wasm32"))]
use testing::host;

#[cfg(target_arch = "wasm32")]
pub use sandbox::bindings;

pub use event::{Event, Origin};
pub use failure::{Failure, OrReject, Result};
pub use json::Json;
pub use plugin::{Plugin, check_manifest, check_needs};
pub use settings::{NoSettings, Problem, Settings};

#[cfg(all(doctest, feature = "schema"))]
#[doc = include_str!("../README.md")]
struct Readme;
