//! Files that a host has to refuse and that no toolchain makes: written in WebAssembly's text format.

/// Name and text of each.
pub(super) const TEXTS: [(&str, &str); 2] = [("core-module", CORE_MODULE), ("other-version", OTHER_VERSION)];

/// A module and not a component, such as a toolchain leaves behind before the last step.
const CORE_MODULE: &str = r#"
(module
  (memory (export "memory") 1)
  (func (export "handle") (result i32) i32.const 0))
"#;

/// A component for a version of our package that this host does not offer.
const OTHER_VERSION: &str = r#"
(component
  (import "crowdhook:plugin/log@0.2.0" (instance $log
    (export "write" (func (param "message" string)))))
  (core module $core
    (memory (export "memory") 1)
    (func (export "handle")))
  (core instance $inside (instantiate $core))
  (func (export "handle") (canon lift (core func $inside "handle"))))
"#;
