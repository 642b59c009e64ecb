//! Tweet: posts on X or Mastodon what the answers to a task come to, once a task.
//!
//! `glue` reads the event and hands over the request that comes of it; all the rest is plain Rust that knows nothing of the sandbox:
//! [`settings`] → [`post`] (whether to post, and what), with [`length`](mod@length) for how long each service finds a text, which rests on [`links`].

mod glue;
pub mod length;
pub mod links;
pub mod post;
pub mod settings;
