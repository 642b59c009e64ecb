//! What plugins write never becomes markup.

use super::*;

#[test]
fn whatever_a_title_holds_it_stays_text() {
    let picture = image("<script>alert(1)</script> \"quoted\" & more");
    assert!(!picture.contains("<script"), "{picture}");
    assert!(picture.contains("aria-label=\"&lt;script&gt;alert(1)&lt;/script&gt; &quot;quoted&quot; &amp; more\""), "{picture}");
    assert!(picture.contains(">&lt;&quot;</text>"), "the letters are escaped too: {picture}");
}

#[test]
fn a_picture_is_the_same_for_the_same_title() {
    assert_eq!(image("Ten right"), image("Ten right"));
    assert!(image("Ten right answers").contains(">TR</text>"));
    assert!(image("").contains("></text>"));
}
