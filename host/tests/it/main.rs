//! Everything that is tested over real sockets, on a real store, with real components.

mod admin;
mod config;
