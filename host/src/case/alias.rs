//! Other names for workers, so that a case can be shown to people who should not know them.
//!
//! A worker's id is found as `forget-worker` finds it: where a member that holds a worker's id has it, in whatever JSON, and between the
//! slashes of a key. The same id has the same alias all over a case.

use std::collections::HashMap;

use crate::event::workers::Renaming;

/// Members of the platforms' own that tell who somebody is, or where: left out.
const PERSONAL: [&str; 3] = ["user_ip", "external_uid", "email_addr"];

/// The aliases of a case, in the order in which the workers showed up.
#[derive(Debug, Default)]
pub(super) struct Aliases(HashMap<String, String>);

impl Aliases {
    /// What a worker is called.
    pub(super) fn of(&mut self, worker: &str) -> String {
        let next = self.0.len() + 1;
        self.0.entry(worker.to_owned()).or_insert_with(|| format!("worker-{next}")).clone()
    }

    /// A key with the aliases of those who showed up before between its slashes.
    pub(super) fn key(&self, key: &str) -> String {
        let part = |part| self.0.get(part).map_or(part, String::as_str);
        key.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    /// JSON text with aliases; what holds no worker, or is no JSON, stays as it was written.
    pub(super) fn text(&mut self, text: &str) -> String {
        let mut renaming = Renaming { alias: &mut |id| Some(self.of(id)), member: None, left_out: &PERSONAL };
        renaming.text(text).unwrap_or_else(|| text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_has_one_alias_all_over_a_case_and_nothing_else_has() {
        let mut aliases = Aliases::default();
        assert_eq!(aliases.of("7"), "worker-1");
        let cases = [
            (r#"{"worker":"7","task":"7"}"#, r#"{"worker":"worker-1","task":"7"}"#),
            (r#"[{"user_id":7,"id":7},{"user_id":9}]"#, r#"[{"user_id":"worker-1","id":7},{"user_id":"worker-2"}]"#),
            (r#"{"in":"{\"worker_id\":\"9\"}"}"#, r#"{"in":"{\"worker_id\":\"worker-2\"}"}"#),
            (r#"{"workers":{"9":1}}"#, r#"{"workers":{"worker-2":1}}"#),
            (r#"{"user_ip":"10.0.0.1","worker":null}"#, r#"{"worker":null}"#),
            (r#"{ "task": 1.0 }"#, r#"{ "task": 1.0 }"#),
            ("7 is no JSON", "7 is no JSON"),
        ];
        for (text, aliased) in cases {
            assert_eq!(aliases.text(text), aliased);
        }
        assert_eq!(aliases.key("streak/7/17"), "streak/worker-1/17");
    }
}
