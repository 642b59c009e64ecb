use std::sync::Arc;

use crowdhook::config::Limits;
use crowdhook::plugin::engine::Engine;
use crowdhook::plugin::load::load;
use proptest::prelude::*;

use super::mutated::mutated;
use super::{fuzz, seeds};
use crate::harness::guest_file;

const WORDS: &[&str] = &[
    "\0asm\u{d}\0\u{1}\0",
    "\0asm\u{1}\0\0\0",
    "crowdhook:plugin/log@0.1.0",
    "@0.2.0",
    "wasi:http/types@0.2.0",
    "describe",
    "\u{7f}",
    "\0\0\0\0",
];

/// A file that was changed anywhere is a component, or it is said why it is none.
#[test]
fn any_component() {
    let mut from = seeds("component", &[]);
    from.extend(["retries", "rejects", "traps"].map(|guest| std::fs::read(guest_file(guest)).unwrap()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let engine = Engine::start(&Limits { sandboxes_max: 1, ..Limits::default() }, None).unwrap();
    fuzz("component", 10, &mutated(from, WORDS), |bytes| {
        if let Err(why) = runtime.block_on(load(&engine, Arc::from(bytes))) {
            prop_assert!(!why.to_string().is_empty());
        }
        Ok(())
    });
}
