//! Crowdhook receives webhooks of crowdsourcing platforms, stores each event before it answers, and hands it to
//! sandboxed WebAssembly plugins.
//!
//! The modules stand in the order of the flow:
//!
//! ```text
//! receive → verify → normalise → inbox → dispatch → plugin → outbox → deliver
//! ```
//!
//! Read `host/ARCHITECTURE.md` for a paragraph on each and for what must always hold.

// The flow.
pub mod receive;

pub mod verify;

pub mod normalise;

pub mod inbox;

pub mod dispatch;

pub mod plugin;

pub mod outbox;

pub mod deliver;

// Below the flow: what it stands on.
pub mod store;

pub mod platform;

pub mod connection;

pub mod config;

// The words everyone uses. These import nothing of ours.
pub mod backoff;
pub mod clock;
pub mod effect;
pub mod event;
pub mod id;
pub mod secret;

// Beside the flow: what no hook brought.
pub mod missed;

pub mod reconcile;

pub mod backfill;

// Beside the flow, for authors of plugins: the sandbox with a world of files.
pub mod case;

// Above the flow: what puts it together and what people see of it.
pub mod admin;
pub mod app;
pub mod cli;
pub mod demo;
pub mod figures;
pub mod practice;
pub mod retention;
pub mod shutdown;
pub mod telemetry;
pub mod traces;
