//! Plugins: components in a sandbox. Takes an event, gives back what the plugin asks for and what it read. Knows nothing
//! of the inbox and the outbox, nor who calls.
//!
//! [`engine`] is the machine that all sandboxes share, [`load`] turns a file into a [`load::Component`], [`call`] runs one
//! call of one in a sandbox of its own. [`pack`] makes components of core modules, for authors. `imports` holds what a guest may call, one file an interface. [`registry`] says
//! which components and projects are in use, and [`watch`] keeps that in step with the folders.

pub mod cache;
pub mod call;
pub mod compile;
pub mod engine;
pub mod guest;
pub mod load;
pub mod pack;
pub mod reads;
pub mod registry;
pub mod watch;

mod bind;
mod bindings;
mod imports;
mod limits;
mod output;
