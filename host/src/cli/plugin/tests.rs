//! What people see of a component.

use super::*;

#[test]
fn settings_are_shown_with_kind_default_and_meaning() {
    let schema = serde_json::json!({
        "$defs": { "quorum": { "type": "integer", "default": 1, "description": "How many agree." } },
        "required": ["where"],
        "properties": {
            "quorum": { "$ref": "#/$defs/quorum", "default": 2 },
            "where": { "type": "string" },
            "ties": { "enum": ["first", "all"] },
        },
    });
    assert_eq!(settings(&schema), "  quorum (integer, default 2): How many agree.\n  where (string, required): \n  ties (first | all): \n");
    assert_eq!(settings(&serde_json::json!({})), "  it takes none\n");
}
