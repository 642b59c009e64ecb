//! Everything that is tested over real sockets, on a real store, with real components.

#![expect(missing_docs, unreachable_pub, reason = "tests are read, not linked against")]

/// What the tests share: guests, worlds, hosts.
mod harness;
/// A component in its sandbox: what it may do, and what stops it.
mod sandbox;
