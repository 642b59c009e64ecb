//! What exists inside the sandbox only: the bindings, the allocator in use, the panic hook, the export.

use std::panic;

use crate::arena::Arena;

/// What `wit/` says, as Rust: a module per interface, the world's own types and the trait `Guest`.
#[expect(missing_docs, reason = "made by wit-bindgen; what it lacks is on the items in wit/")]
#[expect(clippy::allow_attributes_without_reason, reason = "made by wit-bindgen")]
pub mod bindings {
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

/// Sees to it that a panic's words reach the log before the sandbox ends. [`plugin!`](crate::plugin) calls it first
/// in each export.
pub fn start() {
    panic::set_hook(Box::new(|panic| {
        let message = panic.to_string();
        bindings::crowdhook::plugin::log::write(bindings::crowdhook::plugin::log::Level::Error, &message, &[]);
    }));
}

/// Exports a type that implements `bindings::Guest` as the plugin of this component. Once per crate.
#[macro_export]
macro_rules! plugin {
    ($plugin:ty) => {
        #[expect(unsafe_code, reason = "made by wit-bindgen: the functions that the host calls")]
        const _: () = {
            use $crate::bindings::{Description, Event, Failure, Guest, Problem};

            struct Exported;

            impl Guest for Exported {
                fn describe() -> Description {
                    $crate::start();
                    <$plugin as Guest>::describe()
                }

                fn check_settings(settings: String) -> Vec<Problem> {
                    $crate::start();
                    <$plugin as Guest>::check_settings(settings)
                }

                fn handle(event: Event, settings: String) -> Result<(), Failure> {
                    $crate::start();
                    <$plugin as Guest>::handle(event, settings)
                }
            }

    $crate::bindings::export!(Exported with_types_in $crate::bindings);
        };
    };
}
