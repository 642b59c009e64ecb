//! Results-file: writes what tasks came to into files.
//!
//! `glue` fetches what is asked for and hands over what is to be written; all the rest is plain Rust that knows nothing of the
//! sandbox: [`settings`] → [`row`] (the values of one analysis, by column) → CSV or JSON, at a [`path`] → a folder of the
//! host's, or [`dropbox`]. [`run`] is the whole way.

pub mod dropbox;
mod glue;
pub mod path;
pub mod row;
pub mod run;
pub mod settings;
