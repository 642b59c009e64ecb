//! What goes wrong, and what becomes of the mail then.

use std::time::Duration;

use crowdhook::clock::Clock;
use crowdhook::effect::{Effect, Mail};

use super::{PASSWORD, Stage, login, mail, message_id, received, to};
use crate::harness::outbox::Outbox;
use crate::harness::running::Running;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_busy_is_asked_again_with_the_same_message_id() {
    let Some(stage) = Stage::encrypted(&["451 4.3.0 Try again", "452 4.2.2 Full"]) else { return };
    let (host, outbox, mut server) = stage.send(mail()).await;
    let delivery = outbox.ended(&host, "delivered").await;
    assert_eq!(delivery.attempts, 3);
    for answer in ["451 4.3.0 Try again", "452 4.2.2 Full", "250 2.0.0 Ok: queued as 4F1"] {
        let message = received(&mut server);
        assert_eq!((&message["answer"], &message["headers"]["message-id"]), (&answer.into(), &message_id(&delivery).into()));
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_whose_answer_is_lost_is_sent_again_with_the_same_message_id_and_date() {
    let Some(stage) = Stage::encrypted(&["lose"]) else { return };
    let (host, outbox, mut server) = stage.send(mail()).await;
    let delivery = outbox.ended(&host, "delivered").await;
    let (first, second) = (received(&mut server), received(&mut server));
    assert_eq!((&first["answer"], delivery.attempts), (&"lose".into(), 2));
    assert_eq!(first["headers"], second["headers"]);
    assert_eq!(second["headers"]["message-id"], message_id(&delivery));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_refused_is_given_up_and_nobody_is_named() {
    let Some(stage) = Stage::encrypted(&["550 5.7.1 <ann@example.org> wants no mail"]) else { return };
    let (host, outbox, _server) = stage.send(mail()).await;
    let delivery = outbox.ended(&host, "dead").await;
    assert!(delivery.note.ends_with("answered `550 5.7.1 <…> wants no mail`"), "{}", delivery.note);
    host.stop().await;

    let Some(stage) = Stage::encrypted(&[]) else { return };
    let (host, outbox, _server) = stage.send(Mail { cc: to(&["nobody@example.org"]), ..mail() }).await;
    let delivery = outbox.ended(&host, "dead").await;
    assert!(delivery.note.ends_with("answered `550 5.1.1 <…> Recipient address rejected`"), "{}", delivery.note);
    host.stop().await;
}

/// What the mail waits for, uncounted, with `lines` in the connection in the place of what is right.
async fn waits(security: (&str, &str), lines: &str) -> Option<String> {
    let (of_server, of_connection) = security;
    let stage = Stage::with(of_server, "", &[])?;
    stage.folder.secret("wrong-password", "hunter3-mail-password");
    stage.connect(of_connection, lines);
    let (host, outbox, _server) = stage.send(mail()).await;
    let delivery = outbox.the_delivery(&host, |delivery| !delivery.note.is_empty()).await;
    host.stop().await;
    assert_eq!((delivery.standing, delivery.attempts), ("waiting", 0), "{}", delivery.note);
    assert!(!delivery.note.contains("hunter"), "{}", delivery.note);
    Some(delivery.note)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_has_to_mend_is_told_and_waited_for() {
    let ca = "ca_file = \"../tls/ca.pem\"\n";
    let cases = [
        (("starttls", "starttls"), format!("{ca}{}", login("wrong")), "does not take name and password"),
        (("starttls", "starttls"), ca.to_owned(), "look at `user`, `password` and `security`"),
        (("starttls", "starttls"), login(PASSWORD), "name its authority in `ca_file`"),
        (("tls", "tls"), login(PASSWORD), "name its authority in `ca_file`"),
        (("none", "starttls"), String::new(), "offers no STARTTLS"),
        (("none", "tls"), String::new(), "look at `host`, `port` and `security`"),
        (("starttls", "none"), String::new(), "look at `user`, `password` and `security`"),
        (("none", "none"), login(PASSWORD), "take `user` and `password` out"),
    ];
    for (security, lines, words) in cases {
        let Some(why) = waits(security, &lines).await else { return };
        assert!(why.contains(words) && why.starts_with("`localhost:"), "{security:?}: {why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_tried_again_until_it_is_left_alone() {
    let Some(stage) = Stage::encrypted(&[]) else { return };
    let outbox = Outbox::fill(&stage.folder, "mail", vec![Effect::SendMail { mail: Box::new(mail()) }]).await;
    let Stage { folder, server } = stage;
    drop(server);
    let host = Running::start(folder).await;
    outbox.the_delivery(&host, |delivery| delivery.note.contains("could not be reached")).await;
    // From then on nothing is sent, so nothing is counted.
    let delivery = outbox.the_delivery(&host, |delivery| delivery.attempts == 4).await;
    assert_eq!(delivery.standing, "waiting");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_waited_too_long_is_not_sent_any_more() {
    let Some(stage) = Stage::with("none", "max_age_h = 1\n", &[]) else { return };
    let two_hours_ago = Clock::System.now() - Duration::from_secs(7200);
    let outbox = Outbox::fill_at(&stage.folder, "mail", vec![Effect::SendMail { mail: Box::new(mail()) }], two_hours_ago).await;
    let host = Running::start(stage.folder).await;
    let delivery = outbox.ended(&host, "dead").await;
    assert!(delivery.note.contains("longer than the 1 hours of `max_age_h` of connection `mail`"), "{}", delivery.note);
    host.stop().await;
}
