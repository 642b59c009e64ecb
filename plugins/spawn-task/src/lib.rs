//! Spawn-task: creates a task in another project when an analysis meets a condition, and asks for more answers to a task that is undecided.
//!
//! `glue` fetches what is known and hands over what is to be done; all the rest is plain Rust that knows nothing of the sandbox:
//! [`settings`] → [`spawn`] (the new task, its depth, the daily cap), whose `info` is made of [`leaf`] by leaf, and [`more`] (how many answers).

mod glue;
pub mod leaf;
pub mod more;
pub mod settings;
pub mod spawn;
