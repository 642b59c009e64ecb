//! The host as a process: how it starts and ends, and what it says when something is wrong.

/// A clock that somebody sets.
mod clock;
/// How it starts, ends, and shares a machine with another one.
mod life;
/// Log lines as machines read them.
mod logs;
/// Each likely mistake and the words for it.
mod mistakes;
