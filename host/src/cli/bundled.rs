//! The components that come with Crowdhook, for `init` and `demo` to put into a drop folder.

/// Name and bytes of each component that was there when this was built.
#[must_use]
pub fn bundled() -> &'static [(&'static str, &'static [u8])] {
    &[]
}
