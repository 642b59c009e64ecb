//! What the guests share: components that misbehave, one way each, for the host's tests.
//!
//! A guest is a file in `examples/`, named for what it does. `cargo xtask plugins` builds them into `prebuilt/`, from where
//! the tests take them. Outside a sandbox there is nothing here.
#![cfg(target_arch = "wasm32")]

use std::marker::PhantomData;

use crowdhook_plugin::bindings::Guest;
pub use crowdhook_plugin::bindings::crowdhook::plugin as host;
pub use crowdhook_plugin::bindings::{Description, Event, Failure, Problem};

/// A guest, with the ordinary answers to what its misdeed does not touch.
pub trait Misbehaves {
    /// The component's name.
    const NAME: &str;
    /// Its version.
    const VERSION: &str = "1.0.0";
    /// The kinds of event that it wants.
    const HANDLES: &[&str] = &["task.*"];
    /// The effects that it cannot do without.
    const NEEDS: &[&str] = &[];

    /// As the export `describe`.
    fn describe() -> Description {
        Description {
            name: Self::NAME.to_owned(),
            version: Self::VERSION.to_owned(),
            summary: "Misbehaves, for a test.".to_owned(),
            handles: Self::HANDLES.iter().map(|&kind| kind.to_owned()).collect(),
            needs: Self::NEEDS.iter().map(|&need| need.to_owned()).collect(),
            settings_schema: "{}".to_owned(),
            extra: "{}".to_owned(),
        }
    }

    /// As the export `check-settings`.
    fn check_settings(_settings: &str) -> Vec<Problem> {
        Vec::new()
    }

    /// As the export `handle`.
    ///
    /// # Errors
    ///
    /// Whatever the guest is there to fail with.
    fn handle(event: &Event, settings: &str) -> Result<(), Failure>;
}

/// Makes a plugin of a guest.
#[derive(Debug)]
pub struct Sandboxed<T>(PhantomData<T>);

impl<T: Misbehaves> Guest for Sandboxed<T> {
    fn describe() -> Description {
        T::describe()
    }

    fn check_settings(settings: String) -> Vec<Problem> {
        T::check_settings(&settings)
    }

    fn handle(event: Event, settings: String) -> Result<(), Failure> {
        T::handle(&event, &settings)
    }
}

/// Exports a type that implements [`Misbehaves`].
#[macro_export]
macro_rules! guest {
    ($guest:ty) => {
        #[doc(hidden)]
        type ExportedGuest = $crate::Sandboxed<$guest>;
        crowdhook_plugin::export!(ExportedGuest);
    };
}
