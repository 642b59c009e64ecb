//! Everything that is tested over real sockets, on a real store, with real components.

#![expect(missing_docs, unreachable_pub, reason = "tests are read, not linked against")]

/// Files that people write: what is taken, and what they are told when it cannot be.
mod config;
/// What the tests share: guests, worlds, hosts.
mod harness;
/// The client of PYBOSSA: what it reads, writes and keeps within.
#[cfg(test)]
mod platform;
/// The practice platforms against what was recorded from real ones.
mod practice;
/// A component in its sandbox: what it may do, and what stops it.
mod sandbox;
/// The structure of the code.
mod tidy;
