//! Badges: thanks those who answered well.
//!
//! `glue` fetches the answers and passes on what is to be awarded; all the rest is plain Rust that knows nothing of the
//! sandbox: [`settings`] → [`outcome`] (who was right on a task, by the analysis or by [`gold`]) → [`ledger`] (what is
//! remembered of a task) and [`worker`] (what is remembered of a person, with the [`history`] that streaks are made of).
//! [`run`] is the whole way: it takes the difference between what a task came to before and what it comes to now.

mod glue;
pub mod gold;
pub mod history;
pub mod ledger;
pub mod outcome;
pub mod run;
pub mod settings;
pub mod worker;
