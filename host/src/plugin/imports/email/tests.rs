use super::{Failure, MAIL_BYTES_MAX, bytes_of, check_mail, check_size, may_write};
use crate::config::MayWriteTo;
use crate::effect::{Attachment, Bytes, Mail, Recipient};

fn to(addresses: &[&str]) -> Vec<Recipient> {
    addresses.iter().map(|address| Recipient::Address((*address).to_owned())).collect()
}

fn mail() -> Mail {
    Mail {
        to: to(&["ann@example.org"]),
        cc: Vec::new(),
        bcc: Vec::new(),
        reply_to: None,
        subject: "Task 7: zwölf Vögel".to_owned(),
        text: "Twelve.\n".to_owned(),
        html: Some("<p>Twelve.</p>".to_owned()),
        attachments: vec![attachment("result.csv", "text/csv; charset=utf-8")],
    }
}

fn attachment(name: &str, media_type: &str) -> Attachment {
    Attachment { name: name.to_owned(), media_type: media_type.to_owned(), content: Bytes(b"a,b\n".to_vec()) }
}

fn invalid(mail: Mail, words: &str) {
    let said = check_mail(&mail).unwrap_err();
    assert!(matches!(&said, Failure::Invalid(why) if why.contains(words)), "{said:?}");
}

fn over_limit(mail: Mail, words: &str) {
    let said = check_mail(&mail).unwrap_err();
    assert!(matches!(&said, Failure::OverLimit(why) if why.contains(words)), "{said:?}");
}

#[test]
fn an_ordinary_message_is_taken() {
    check_mail(&mail()).unwrap();
    check_mail(&Mail { to: vec![Recipient::Worker("12".to_owned())], cc: to(&["a@b.org"; 50]), ..mail() }).unwrap();
}

#[test]
fn there_is_a_recipient_and_there_are_not_too_many() {
    invalid(Mail { to: Vec::new(), bcc: to(&["ann@example.org"]), ..mail() }, "`to` is empty");
    over_limit(Mail { to: to(&["a@b.org"; 51]), ..mail() }, "`to` has 51 recipients, and may have 50");
    over_limit(Mail { bcc: to(&["a@b.org"; 51]), ..mail() }, "`bcc` has 51 recipients");
}

#[test]
fn what_is_no_address_is_named_by_its_place_and_not_by_its_text() {
    for trick in ["ann@example.org\r\nBcc: bob@example.org", "Ann <ann@example.org>", "ann@example.org,bob@example.org", ""] {
        invalid(Mail { cc: to(&["a@b.org", trick]), ..mail() }, "number 2 of `cc` is no plain e-mail address");
        invalid(Mail { reply_to: Some(trick.to_owned()), ..mail() }, "`reply-to` is no plain e-mail address");
    }
    invalid(Mail { to: vec![Recipient::Worker("1\n2".to_owned())], ..mail() }, "`worker` is no id");
}

#[test]
fn a_subject_is_one_line() {
    for trick in ["a\nBcc: bob@example.org", "a\r\nb", "a\rb", "a\0b"] {
        invalid(Mail { subject: trick.to_owned(), ..mail() }, "`subject` holds a line break");
    }
    over_limit(Mail { subject: "a".repeat(901), ..mail() }, "may have 900");
    invalid(Mail { text: "a\0b".to_owned(), ..mail() }, "`text` holds a zero byte");
}

#[test]
fn attachments_have_names_without_a_path_and_a_type() {
    for name in ["", " ", "..", ".", "../a", "/etc/passwd", "a/b", "a\\b", "a\nb", "a\"\r\nX: y", &"x".repeat(201)] {
        invalid(Mail { attachments: vec![attachment(name, "text/csv")], ..mail() }, "without a path");
    }
    for media_type in ["", "csv", "text/csv\r\nX: y", "text/", "täxt/csv", &format!("text/{}", "x".repeat(200))] {
        invalid(Mail { attachments: vec![attachment("a.csv", media_type)], ..mail() }, "the `media-type` of attachment `a.csv` is none");
    }
    over_limit(Mail { attachments: vec![attachment("a.csv", "text/csv"); 101], ..mail() }, "101 attachments");
}

#[test]
fn everything_counts_towards_the_size() {
    let empty = bytes_of(&Mail { attachments: Vec::new(), ..mail() });
    let whole = bytes_of(&mail());
    assert_eq!(whole - empty, "result.csv".len() + "text/csv; charset=utf-8".len() + 4);
    check_size(MAIL_BYTES_MAX).unwrap();
    assert!(matches!(check_size(MAIL_BYTES_MAX + 1), Err(Failure::OverLimit(why)) if why.contains("may have 10485760")));
}

#[test]
fn a_project_narrows_down_who_is_written_to() {
    let allowed = [MayWriteTo::Address("ann@example.org".to_owned()), MayWriteTo::Domain("birds.example".to_owned())];
    let check = |recipient: &Recipient, wanted: bool| assert_eq!(may_write(Some(&allowed), recipient), wanted, "{recipient:?}");
    for address in ["ann@example.org", "Ann@Example.ORG", "anybody@birds.example", "x@BIRDS.example"] {
        check(&Recipient::Address(address.to_owned()), true);
    }
    for address in
        ["bob@example.org", "ann@example.org.evil.example", "x@sub.birds.example", "x@notbirds.example", "birds.example@evil.example"]
    {
        check(&Recipient::Address(address.to_owned()), false);
    }
    check(&Recipient::Worker("12".to_owned()), false);
    assert!(may_write(Some(&[MayWriteTo::Workers]), &Recipient::Worker("12".to_owned())));
    assert!(!may_write(Some(&[MayWriteTo::Workers]), &Recipient::Address("ann@example.org".to_owned())));
    assert!(may_write(None, &Recipient::Worker("12".to_owned())));
}
