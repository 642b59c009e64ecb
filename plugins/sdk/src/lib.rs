//! What a Crowdhook plugin in Rust begins with.
//!
//! The bindings of `wit/`, the macro `plugin!` that exports a plugin, an allocator that suits a sandbox which lives for
//! one event, and a panic hook that puts the panic's words into the host's log, from where they would otherwise be lost.
//! It knows nothing of any one plugin.
//!
//! The bindings exist in the sandbox only. Keep a plugin's own logic in plain Rust that takes and returns plain
//! values, so that `cargo test` runs it natively, and put the glue behind `#[cfg(target_arch = "wasm32")]`:
//!
//! ```text
//! use crowdhook_plugin::bindings::{Description, Event, Failure, Guest, Problem};
//!
//! struct Hello;
//!
//! impl Guest for Hello {
//!     fn describe() -> Description { … }
//!     fn check_settings(settings: String) -> Vec<Problem> { Vec::new() }
//!     fn handle(event: Event, settings: String) -> Result<(), Failure> { Ok(()) }
//! }
//!
//! crowdhook_plugin::plugin!(Hello);
//! ```

pub mod arena;
mod problem;

#[cfg(target_arch = "wasm32")]
pub mod host;
#[cfg(target_arch = "wasm32")]
mod sandbox;

pub use problem::Problem;

#[cfg(target_arch = "wasm32")]
pub use sandbox::{bindings, start};
