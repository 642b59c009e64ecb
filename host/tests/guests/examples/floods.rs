//! Writes ten thousand log lines, and one of 4 MiB, and is otherwise content.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::host::log;
use crowdhook_guests::{Event, Failure, Misbehaves};

struct Floods;

impl Misbehaves for Floods {
    const NAME: &str = "floods";

    fn handle(_event: &Event, _settings: &str) -> Result<(), Failure> {
        for line in 0..10_000 {
            log::write(log::Level::Info, &format!("line {line}"), &[]);
        }
        log::write(log::Level::Warn, &"x".repeat(4 * 1024 * 1024), &[]);
        Ok(())
    }
}

crowdhook_guests::guest!(Floods);
