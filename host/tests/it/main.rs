//! Everything that is tested over real sockets, on a real store, with real components.

#![expect(missing_docs, unreachable_pub, reason = "tests are read, not linked against")]

/// The admin API: who may ask, and what is answered.
mod admin;
/// Files that people write: what is taken, and what they are told when it cannot be.
mod config;
/// What the tests share: guests, worlds, hosts.
mod harness;
/// From a socket into the inbox: which answer, when.
mod intake;
/// The clients of the platforms against the practice ones.
mod platform;
/// The practice platforms against what was recorded from real ones.
mod practice;
/// Files that come, change and go while the host runs.
mod reload;
/// A component in its sandbox: what it may do, and what stops it.
mod sandbox;
/// The structure of the code.
mod tidy;
