//! Practice platforms: a small PYBOSSA and a small Appen that run on loopback; and a small Mastodon for what plugins post.
//!
//! `crowdhook demo`, the tests and the benchmarks need a crowd's platform that answers and
//! posts as the real one does, without a network, a database or an account. What these two
//! say was learnt from recordings (`tests/recordings/`), and the tests replay those
//! recordings against them.
//!
//! They are the *other side*: they import nothing of the host but its clock, so that the host cannot agree
//! with itself by sharing a mistake. They speak the platforms' own words where they model the
//! platforms' tables.
//!
//! What they refuse to be: a place for real work. Everything is in memory and gone when the
//! process ends, keys are printed in this source, there is no TLS, no password, no page for
//! volunteers. Of PYBOSSA, only the calls that a host or its plugins make are there; of
//! Appen, only what it posts.

mod fault;
mod moment;
mod python;
mod wire;

pub mod appen;
pub mod mastodon;
pub mod pybossa;
pub mod seed;

pub use appen::Appen;
pub use fault::Fault;
pub use mastodon::Mastodon;
pub use pybossa::Pybossa;
pub use seed::Seed;
