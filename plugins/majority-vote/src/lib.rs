//! Majority vote: makes a task's answer out of the answers that people gave.
//!
//! `glue` fetches the answers and hands over what comes of them; all the rest is plain Rust that knows nothing of the
//! sandbox: [`settings`] → [`ballot`] (which answers count, what each says) → [`tally`] → [`verdict`], for each
//! question by [`vote`], put together by [`analysis`], which the old shape of results ([`summary`]) is a part of. [`run`] is the whole way.

pub mod analysis;
pub mod ballot;
mod glue;
pub mod normal;
pub mod run;
pub mod settings;
pub mod size;
pub mod summary;
pub mod tally;
pub mod verdict;
pub mod vote;
