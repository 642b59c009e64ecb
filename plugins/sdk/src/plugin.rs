//! What a plugin is, and its export.

use crate::{Event, Problem, Result, Settings};

/// A plugin. [`plugin!`](crate::plugin) exports it; its name, version and summary are those of the crate.
pub trait Plugin {
    /// What its settings are read into; [`NoSettings`](crate::NoSettings) for none.
    type Settings: Settings;

    /// The kinds of event that it wants: `task.completed`, `task.answered`, `task.analysed` … `task.*` stands for all that begin so.
    const HANDLES: &[&str];

    /// What it cannot work without: of `results`, `tasks`, `email`, `files`, `badges`, `events`, `http.fetch`, `http.send`. A project that
    /// does not grant all of it does not load. Leave out what the plugin can do without.
    const NEEDS: &[&str] = &[];

    /// Says what is wrong with settings that the schema cannot say, when a project is loaded.
    #[must_use]
    fn check(_settings: &Self::Settings) -> Vec<Problem> {
        Vec::new()
    }

    /// Handles one event, of a kind that it asked for.
    ///
    /// Reads happen now; what it asks for happens when it returns `Ok`, all of it, and nothing of it after an error or a panic. Globals do
    /// not outlive a call: [`state`](crate::state) does.
    ///
    /// # Errors
    ///
    /// [`Failure::Retry`](crate::Failure::Retry) to be called again later; any other failure puts the event to the dead letters, with its words.
    fn handle(event: &Event, settings: &Self::Settings) -> Result<()>;
}

/// All that is wrong with settings, as [`Settings::read`] and [`Plugin::check`] say.
pub(crate) fn problems<P: Plugin>(settings: &str) -> Vec<Problem> {
    match P::Settings::read(settings) {
        Ok(settings) => P::check(&settings),
        Err(problems) => problems,
    }
}

/// Exports a type that implements [`Plugin`] as the plugin of this crate's component. Once per crate.
///
/// What `describe` says is the crate's `name`, `version` and `description` in `Cargo.toml`. A name or a need that no host would take does not compile.
#[macro_export]
macro_rules! plugin {
    ($plugin:ty) => {
        const _: () = $crate::check_manifest(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_DESCRIPTION"));
        const _: () = $crate::check_needs(<$plugin as $crate::Plugin>::NEEDS);

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exported;

            impl $crate::bindings::Guest for Exported {
                fn describe() -> $crate::bindings::Description {
                    let [name, version, summary] = [env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_DESCRIPTION")];
                    $crate::sandbox::describe::<$plugin>(name, version, summary)
                }

                fn check_settings(settings: String) -> Vec<$crate::bindings::Problem> {
                    $crate::sandbox::check_settings::<$plugin>(&settings)
                }

                fn handle(event: $crate::bindings::Event, settings: String) -> Result<(), $crate::bindings::Failure> {
                    $crate::sandbox::handle::<$plugin>(event, &settings)
                }
            }

            $crate::export!(Exported);
        };
    };
}

/// Refuses, while it compiles, a plugin that no host would load.
#[doc(hidden)]
pub const fn check_manifest(name: &str, description: &str) {
    let bytes = name.as_bytes();
    assert!(bytes.len() <= 64, "the crate's `name` is the plugin's: write at most 64 letters in `Cargo.toml`");
    let mut at = 0;
    while at < bytes.len() {
        #[expect(clippy::indexing_slicing, reason = "below the length, and there is no `get` in constants")]
        let fits = matches!(bytes[at], b'a'..=b'z' | b'0'..=b'9' | b'-');
        assert!(fits, "the crate's `name` is the plugin's: write lower-case letters, digits and hyphens in `Cargo.toml`");
        at += 1;
    }
    assert!(!description.is_empty(), "the crate's `description` is what people read of the plugin: write a sentence in `Cargo.toml`");
}

/// All that a plugin may need of a host.
const NEEDS: [&str; 8] = ["results", "tasks", "email", "files", "badges", "events", "http.fetch", "http.send"];

/// Refuses, while it compiles, a need that no host knows.
#[doc(hidden)]
pub const fn check_needs(mut needs: &[&str]) {
    while let [need, rest @ ..] = needs {
        let mut known: &[&str] = &NEEDS;
        let mut found = false;
        while let [one, others @ ..] = known {
            found = found || same(one.as_bytes(), need.as_bytes());
            known = others;
        }
        assert!(found, "`NEEDS` are of: results, tasks, email, files, badges, events, http.fetch, http.send");
        needs = rest;
    }
}

const fn same(mut one: &[u8], mut two: &[u8]) -> bool {
    while let ([first, one_rest @ ..], [second, two_rest @ ..]) = (one, two) {
        if *first != *second {
            return false;
        }
        (one, two) = (one_rest, two_rest);
    }
    one.is_empty() && two.is_empty()
}

#[cfg(test)]
mod tests;
