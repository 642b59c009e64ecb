//! What `cargo xtask soak` tells the tests that it runs.

use std::str::FromStr;

/// A number that it was told under this name, or the usual one.
#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
pub fn number<N: FromStr>(name: &str, usual: N) -> N {
    let name = format!("CROWDHOOK_SOAK_{name}");
    let parse = |text: String| text.parse().unwrap_or_else(|_| panic!("`{name}` is no number: {text}"));
    std::env::var(&name).map_or(usual, parse)
}
