//! E-mail: tells people what the answers to a task come to, or that a project is completed.
//!
//! `glue` reads the event and hands over the mails that come of it; all the rest is plain Rust that knows nothing of the sandbox:
//! [`settings`] → [`mail`] (to whom, and what), with [`attachment`] for the result as a file, and [`memory`] for what is kept of each
//! task until the project is completed.

pub mod attachment;
mod glue;
pub mod mail;
pub mod memory;
pub mod settings;
