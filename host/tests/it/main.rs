//! Everything that is tested over real sockets, on a real store, with real components.

#![expect(unreachable_pub, reason = "tests are read, not linked against")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that finds something else fails there")]

/// What operators see of a running host, over real sockets and by the command line.
mod admin;
/// Files that people write: what is taken, and what they are told when it cannot be.
mod config;
/// What the tests share: guests, worlds, hosts.
mod harness;
/// The practice platforms against what was recorded from real ones.
mod practice;
/// A component in its sandbox: what it may do, and what stops it.
mod sandbox;
/// The structure of the code.
mod tidy;
