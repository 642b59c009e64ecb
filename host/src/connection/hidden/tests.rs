use super::*;

const SECRET: &str = "a\"b<c>'/+%\\=é";

fn check(said: &str, expected: &str) {
    let hidden = Hidden::of([SECRET, "plain", "abc", "plain-and-longer"]);
    assert_eq!(hidden.taken_out_of_text(said), expected, "{said}");
}

#[test]
fn a_secret_is_hidden_in_each_writing() {
    let json = serde_json::json!({ "said": SECRET }).to_string();
    let in_json = serde_json::json!({ "said": json }).to_string();
    check(&format!("Bearer {SECRET}, twice: {SECRET}"), "Bearer [hidden], twice: [hidden]");
    check(&json, r#"{"said":"[hidden]"}"#);
    check(&in_json, r#"{"said":"{\"said\":\"[hidden]\"}"}"#);
    check("/x?key=a%22b%3Cc%3E%27%2F%2B%25%5C%3D%C3%A9&y", "/x?key=[hidden]&y");
    check("/x?key=a%22b%3cc%3e%27%2f%2b%25%5c%3d%c3%a9", "/x?key=[hidden]");
    check("<p>a&quot;b&lt;c&gt;&#39;/+%\\=é</p>", "<p>[hidden]</p>");
    check("<p>a&quot;b&lt;c&gt;'/+%\\=é</p>", "<p>[hidden]</p>");
    check(&format!("Basic {}", BASE64.encode(SECRET)), "Basic [hidden]");
}

#[test]
fn the_longer_goes_first_and_what_is_short_stays() {
    check("plain-and-longer, Plain, abc, pla", "[hidden], [hidden], abc, pla");
    check("", "");
}

#[test]
fn of_a_secret_that_was_cut_off_nothing_is_left() {
    let hidden = Hidden::of(["0123456789"]);
    let cut = |said: &str| String::from_utf8(hidden.taken_out_of_cut(said.as_bytes())).unwrap();
    assert_eq!(cut("0123456789 and 01234567"), "[hidden] and [hidden]");
    assert_eq!(cut("and 0123"), "and [hidden]");
    assert_eq!(cut("and 012"), "and 012", "too little to tell");
    assert_eq!(cut("and 56789"), "and 56789", "no beginning");
    assert_eq!(cut("0123"), "[hidden]");
}

#[test]
fn nothing_is_told_of_them() {
    assert_eq!(format!("{:?}", Hidden::of(["0123456789"])), "Hidden(…)");
}
