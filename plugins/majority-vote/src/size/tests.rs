use proptest::prelude::*;
use serde_json::{Value, json};

use super::{is_plain, of, of_text, take};

proptest! {
    #[test]
    fn a_text_is_as_long_as_it_is_written(text in any::<String>()) {
        let written = Value::from(text.as_str()).to_string();
        prop_assert_eq!(of_text(&text), written.len());
        prop_assert_eq!(is_plain(&text), written == format!("\"{text}\""));
        let within = json!([{ (text.clone()): [text, 1.5, null] }]);
        prop_assert_eq!(of(&within), within.to_string().len());
    }
}

#[test]
fn what_does_not_fit_takes_nothing() {
    let mut budget = 100;
    assert!(!take(&mut budget, 100));
    assert_eq!(budget, 100);
    assert!(take(&mut budget, 10));
    assert!(budget < 90);
}
