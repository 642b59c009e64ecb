use serde_json::json;

use super::*;

#[test]
fn what_differs_is_named_by_its_part() {
    let one = Outcome { effects: vec![json!({ "effect": "save-result" })], ..Outcome::nothing() };
    assert_eq!(parts(&one, &one.clone()), []);
    let other = Outcome { effects: Vec::new(), state: [("a".to_owned(), None)].into_iter().collect(), ..one.clone() };
    assert_eq!(parts(&one, &other), [Part::Effects, Part::State]);
    let stops = Outcome { outcome: Ending::Rejected, reason: "no".to_owned(), ..Outcome::nothing() };
    assert_eq!(parts(&one, &stops), [Part::Ending, Part::Effects]);
    assert_eq!(parts(&stops, &Outcome { reason: "never".to_owned(), ..stops.clone() }), [Part::Ending]);
}
