//! What exists inside the sandbox only: the bindings, the allocator in use, the panic hook, the exports.

use std::panic;

use crate::arena::Arena;
use crate::{Plugin, Settings, plugin, settings};

pub(crate) mod host;

/// What `wit/` says, as Rust: a module per interface, the world's own types and the trait `Guest`.
#[expect(missing_docs, reason = "made by wit-bindgen; what it lacks is on the items in wit/")]
#[expect(clippy::allow_attributes_without_reason, reason = "made by wit-bindgen")]
pub mod bindings {
    // Two folders up, here and in a plugin made by `crowdhook plugin new`, which has this crate in `vendor/crowdhook-plugin`.
    wit_bindgen::generate!({
        path: "../../wit",
        world: "plugin",
        pub_export_macro: true,
        default_bindings_module: "crowdhook_plugin::bindings",
    });
}

/// Enough for the usual event, so that the sandbox's memory need not grow while it runs.
const ARENA_BYTES: usize = 512 * 1024;

#[global_allocator]
static ARENA: Arena<ARENA_BYTES> = Arena::new();

/// Sees to it that a panic's words reach the log before the sandbox ends. [`export!`](crate::export) calls it first
/// in each export.
pub fn start() {
    panic::set_hook(Box::new(|panic| {
        let message = panic.to_string();
        bindings::crowdhook::plugin::log::write(bindings::crowdhook::plugin::log::Level::Error, &message, &[]);
    }));
}

/// The export `describe` of a plugin.
#[must_use]
pub fn describe<P: Plugin>(name: &str, version: &str, summary: &str) -> bindings::Description {
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    bindings::Description {
        name: name.to_owned(),
        version: version.to_owned(),
        summary: summary.to_owned(),
        handles: owned(P::HANDLES),
        needs: owned(P::NEEDS),
        settings_schema: P::Settings::schema(),
        extra: "{}".to_owned(),
    }
}

/// The export `check-settings` of a plugin.
#[must_use]
pub fn check_settings<P: Plugin>(settings: &str) -> Vec<bindings::Problem> {
    plugin::problems::<P>(settings).into_iter().map(|problem| bindings::Problem { at: problem.at, message: problem.message }).collect()
}

/// The export `handle` of a plugin.
///
/// # Errors
///
/// Those of the plugin.
pub fn handle<P: Plugin>(event: bindings::Event, settings: &str) -> Result<(), bindings::Failure> {
    let handled = P::Settings::read(settings).map_err(settings::unfit).and_then(|settings| P::handle(&event.into(), &settings));
    handled.map_err(bindings::Failure::from)
}

/// Exports a type that implements [`bindings::Guest`], for what [`plugin!`](crate::plugin) is too narrow. Once per crate.
#[macro_export]
macro_rules! export {
    ($guest:ty) => {
        #[expect(unsafe_code, reason = "made by wit-bindgen: the functions that the host calls")]
        const _: () = {
            use $crate::bindings::{Description, Event, Failure, Guest, Problem};

            struct Started;

            impl Guest for Started {
                fn describe() -> Description {
                    $crate::sandbox::start();
                    <$guest as Guest>::describe()
                }

                fn check_settings(settings: String) -> Vec<Problem> {
                    $crate::sandbox::start();
                    <$guest as Guest>::check_settings(settings)
                }

                fn handle(event: Event, settings: String) -> Result<(), Failure> {
                    $crate::sandbox::start();
                    <$guest as Guest>::handle(event, settings)
                }
            }

    $crate::bindings::export!(Started with_types_in $crate::bindings);
        };
    };
}
