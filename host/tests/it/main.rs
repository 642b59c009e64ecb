//! Everything that is tested over real sockets, on a real store, with real components.

#![expect(unreachable_pub, reason = "tests are read, not linked against")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that finds the unexpected is to end there")]

/// The admin API: who may ask, and what is answered.
mod admin;
/// Completed tasks from before the host could hear of them, by pages.
mod backfill;
/// Components on cases, as their authors run and test them.
mod cases;
/// The command line, as a person uses it.
mod cli;
/// Files that people write: what is taken, and what they are told when it cannot be.
mod config;
/// Web services that a project names: authentication, failures, and what plugins read and send through them.
mod connection;
/// `kill -9` in the middle of a stream: nothing lost, nothing done twice.
mod crash;
/// A disk that fails, call by call: 503s, and nothing lost.
mod disk;
/// E-mail against a real mail server, and into a folder.
mod email;
/// What the example plugins say in their cases.
mod examples;
/// Files in granted folders.
mod files;
/// Hostile bytes on every parser.
mod fuzz;
/// What the tests share: guests, worlds, hosts.
mod harness;
/// The address that a platform calls: set there, and looked at.
mod hook;
/// The host as a process, and what it says about likely mistakes.
mod host;
/// Plugins that do harm, beside one that does as it should.
mod hostile_plugins;
/// Senders that do harm, beside one that means well.
mod hostile_senders;
/// Hosts that share a database, while everything goes wrong.
mod hosts;
/// From a socket into the inbox: which answer, when.
mod intake;
/// What Prometheus reads of the host, and what stands on it.
mod metrics;
/// The description of the admin API against the API.
mod openapi;
/// What `examples/operate` has for operators.
mod operate;
/// Core modules that are made into components.
mod pack;
/// The pages of the admin listener.
mod pages;
/// The clients of the platforms against the practice ones.
mod platform;
/// The bundled plugins as their READMEs show them.
mod plugins;
/// The practice platforms against what was recorded from real ones.
mod practice;
/// What a hook did not bring is found all the same.
mod reconcile;
/// What was released of the interface stays, and what was built for it runs on.
mod released;
/// Files replaced while the host runs.
mod reload;
/// A component in its sandbox: what it may do, and what stops it.
mod sandbox;
/// Marked secrets, and everything that a host says.
mod secrets;
/// Hosts that share a database.
mod shared;
/// What shells complete, and what `man` shows.
mod shell;
/// The structure of the code.
mod tidy;
/// TLS in the host itself.
mod tls;
/// The way of an event as a trace.
mod traces;
/// A change of a plugin on stored events, before it is dropped in.
mod trial;
/// From `crowdhook init` to the first voted result, by what is printed.
mod walk;
/// The whole path: a post comes in, a plugin votes, the result is written back.
mod whole;
