//! An alias in the place of a worker's id, in texts that the store keeps. Pure.

use crate::event::workers::Renaming;
use crate::store::Forgotten;

/// The part of a once key behind which a worker's id stands.
const WORKER: &str = "worker";

/// `text` with the alias in the place of the id; none when it does not hold it.
pub(super) fn in_text(text: &str, forgotten: &Forgotten) -> Option<String> {
    // Parsing all that is kept would take long; most of it does not hold these letters at all.
    if !text.contains(&forgotten.worker) {
        return None;
    }
    let mut alias = |id: &str| (id == forgotten.worker).then(|| forgotten.alias.clone());
    Renaming { alias: &mut alias, member: forgotten.member.as_deref(), left_out: &[] }.text(text)
}

/// A once key with the alias in the place of the id, as in `email/7/worker/31`; none when it does not hold it.
pub(super) fn in_key(key: &str, forgotten: &Forgotten) -> Option<String> {
    let parts: Vec<&str> = key.split('/').collect();
    let names = |at: usize| at.checked_sub(1).and_then(|before| parts.get(before)) == Some(&WORKER);
    let is_worker = |(at, part): (usize, &&str)| *part == forgotten.worker && names(at);
    if !parts.iter().enumerate().any(is_worker) {
        return None;
    }
    let new = parts.iter().enumerate().map(|(at, part)| if is_worker((at, part)) { forgotten.alias.as_str() } else { part });
    Some(new.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seven() -> Forgotten {
        Forgotten { worker: "7".to_owned(), alias: "forgotten-1".to_owned(), member: Some("by".to_owned()) }
    }

    #[test]
    fn an_id_is_replaced_where_a_worker_stands_and_nowhere_else() {
        let cases = [
            (r#"{"worker":"7","task":"7"}"#, Some(r#"{"worker":"forgotten-1","task":"7"}"#)),
            (
                r#"{"answers":[{"user_id":7,"id":7},{"user_id":17}]}"#,
                Some(r#"{"answers":[{"user_id":"forgotten-1","id":7},{"user_id":17}]}"#),
            ),
            (r#"{"extra":"{\"worker_id\":\"7\"}"}"#, Some(r#"{"extra":"{\"worker_id\":\"forgotten-1\"}"}"#)),
            (r#"{"labels":[{"by":"7","id":"7"}]}"#, Some(r#"{"labels":[{"by":"forgotten-1","id":"7"}]}"#)),
            (
                r#"{"tasks":{"7":1},"workers":{"7":[2,null],"8":[1,null]}}"#,
                Some(r#"{"tasks":{"7":1},"workers":{"8":[1,null],"forgotten-1":[2,null]}}"#),
            ),
            (r#"{"task":"7"}"#, None),
            (r#"{"worker":"8","weight":7}"#, None),
            ("7 is no JSON", None),
        ];
        for (text, expected) in cases {
            assert_eq!(in_text(text, &seven()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_once_key_loses_the_worker_and_keeps_the_task() {
        assert_eq!(in_key("email/7/worker/7", &seven()).as_deref(), Some("email/7/worker/forgotten-1"));
        assert_eq!(in_key("email/7/worker/8", &seven()), None);
        assert_eq!(in_key("7", &seven()), None);
    }
}
