use serde_json::json;

use super::Effect;

#[test]
fn the_kind_is_the_word_that_records_have() {
    let text = "";
    let kinds = [
        json!({ "effect": "save-result", "task": text, "result": null, "info": text }),
        json!({ "effect": "create-task", "project": null, "task": { "info": text, "redundancy": null, "priority": null, "extra": text } }),
        json!({ "effect": "raise-redundancy", "task": text, "redundancy": 3 }),
        json!({ "effect": "send-mail", "mail": { "to": [], "cc": [], "bcc": [], "reply_to": null, "subject": text, "text": text, "html": null, "attachments": [] } }),
        json!({ "effect": "send-request", "connection": text, "request": { "method": text, "path": text, "headers": [], "body": text } }),
        json!({ "effect": "write-file", "folder": text, "path": text, "content": text }),
        json!({ "effect": "append-file", "folder": text, "path": text, "text": text, "header": null }),
        json!({ "effect": "award-badge", "worker": text, "badge": { "id": text, "title": text, "description": text, "image_url": null, "evidence": text } }),
        json!({ "effect": "revoke-badge", "worker": text, "badge": text, "reason": text }),
    ];
    for json in kinds {
        let effect: Effect = serde_json::from_value(json.clone()).unwrap_or_else(|error| panic!("{json}: {error}"));
        assert_eq!(effect.kind(), json["effect"]);
    }
}
