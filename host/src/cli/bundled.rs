//! The components that come with Crowdhook, for `init` and `demo` to put into a drop folder.

/// Name and bytes of each component that comes with Crowdhook.
#[must_use]
pub fn bundled() -> &'static [(&'static str, &'static [u8])] {
    &[
        ("majority-vote", include_bytes!("../../../plugins/prebuilt/majority-vote.wasm")),
        ("tweet", include_bytes!("../../../plugins/prebuilt/tweet.wasm")),
        ("email", include_bytes!("../../../plugins/prebuilt/email.wasm")),
        ("badges", include_bytes!("../../../plugins/prebuilt/badges.wasm")),
        ("spawn-task", include_bytes!("../../../plugins/prebuilt/spawn-task.wasm")),
        ("results-file", include_bytes!("../../../plugins/prebuilt/results-file.wasm")),
    ]
}
