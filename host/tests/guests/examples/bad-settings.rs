//! Finds fault with any settings.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::{Event, Failure, Misbehaves, Problem};

struct BadSettings;

impl Misbehaves for BadSettings {
    const NAME: &str = "bad-settings";

    fn check_settings(_settings: &str) -> Vec<Problem> {
        vec![Problem { at: "/mode".to_owned(), message: "no mode suits this plugin".to_owned() }]
    }

    fn handle(_event: &Event, _settings: &str) -> Result<(), Failure> {
        Ok(())
    }
}

crowdhook_guests::guest!(BadSettings);
