use lettre::Message;

use super::{People, compose, message_id};
use crate::config::Sender;
use crate::effect::{Attachment, Bytes, Mail};
use crate::id::DeliveryId;

fn sender() -> Sender {
    Sender { name: Some("Vögel, Inc.".to_owned()), address: "birds@example.org".to_owned() }
}

fn people() -> People {
    People {
        to: vec!["ann@example.org".to_owned(), "bob@example.org".to_owned()],
        cc: vec!["cy@example.net".to_owned()],
        bcc: vec!["dee@example.net".to_owned(), "ann@example.org".to_owned()],
    }
}

fn mail() -> Mail {
    Mail {
        to: Vec::new(),
        cc: Vec::new(),
        bcc: Vec::new(),
        reply_to: Some("desk@example.org".to_owned()),
        subject: "Task 7".to_owned(),
        text: "Twelve.\n".to_owned(),
        html: None,
        attachments: Vec::new(),
    }
}

fn composed(mail: &Mail) -> Message {
    let id = message_id("01970000-0000-7000-8000-000000000001".parse::<DeliveryId>().unwrap(), &sender());
    compose(&id, "2026-11-21T19:29:25Z".parse().unwrap(), &sender(), &people(), mail).unwrap()
}

fn text(message: &Message) -> String {
    String::from_utf8(message.formatted()).unwrap()
}

#[test]
fn the_headers_say_who_when_and_that_nobody_is_to_answer() {
    insta::assert_snapshot!(text(&composed(&mail())).replace("\r\n", "\n"), @r"
    Message-ID: <01970000-0000-7000-8000-000000000001@example.org>
    Date: Sat, 21 Nov 2026 19:29:25 +0000
    From: =?utf-8?b?VsO2Z2VsLCBJbmMu?= <birds@example.org>
    Subject: Task 7
    Auto-Submitted: auto-generated
    To: ann@example.org, bob@example.org
    Cc: cy@example.net
    Reply-To: desk@example.org
    MIME-Version: 1.0
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: 7bit

    Twelve.
    ");
}

#[test]
fn everybody_is_written_to_once_and_hidden_copies_stay_hidden() {
    let message = composed(&mail());
    let everybody: Vec<String> = message.envelope().to().iter().map(ToString::to_string).collect();
    assert_eq!(everybody, ["ann@example.org", "bob@example.org", "cy@example.net", "dee@example.net"]);
    assert_eq!(message.envelope().from().unwrap().to_string(), "birds@example.org");
    assert!(!text(&message).to_lowercase().contains("bcc") && !text(&message).contains("dee@"));
}

#[test]
fn a_repeat_is_the_same_message() {
    assert_eq!(text(&composed(&mail())), text(&composed(&mail())));
}

#[test]
fn lines_are_short_and_plain_whatever_is_in_them() {
    let long = format!("{}\n.\n.hidden\rbare\n", "zwölf Vögel ".repeat(500));
    let attachments =
        vec![Attachment { name: "größe.csv".to_owned(), media_type: "text/csv".to_owned(), content: Bytes(long.clone().into_bytes()) }];
    let message = composed(&Mail { subject: "ü".repeat(400), text: long.clone(), html: Some(long), attachments, ..mail() });
    let text = text(&message);
    assert!(text.is_ascii());
    assert!(text.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
}

#[test]
fn no_header_can_be_put_in_by_what_is_told() {
    let trick = "a\r\nX-Put-In: yes";
    let attachments = vec![Attachment { name: trick.to_owned(), media_type: "text/csv".to_owned(), content: Bytes(Vec::new()) }];
    let message = text(&composed(&Mail { subject: trick.to_owned(), text: trick.to_owned(), attachments, ..mail() }));
    let (headers, body) = message.split_once("\r\n\r\n").unwrap();
    assert!(!headers.contains("\r\nX-Put-In"), "{headers}");
    assert_eq!(body.matches("\r\nX-Put-In").count(), 1, "in the text alone: {body}");
}

#[test]
fn what_no_mail_can_hold_is_refused_with_its_name() {
    let attachments = vec![Attachment { name: "a.csv".to_owned(), media_type: "csv".to_owned(), content: Bytes(Vec::new()) }];
    let id = message_id(DeliveryId::new(), &sender());
    let why = compose(&id, "2026-11-21T19:29:25Z".parse().unwrap(), &sender(), &people(), &Mail { attachments, ..mail() }).unwrap_err();
    assert_eq!(why, "`csv` of attachment `a.csv` is no media type");
}
