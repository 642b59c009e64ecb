//! Workers as recipients: the host finds the address when it sends.

use std::fs;

use crowdhook::clock::Clock;
use crowdhook::config;
use crowdhook::connection::Connections;
use crowdhook::effect::{Effect, Mail, Recipient};
use crowdhook::event::PlatformKind;
use crowdhook::platform::{self, Platform as _};
use crowdhook::practice::{Pybossa, Seed};
use crowdhook::secret::Secret;
use crowdhook::store::DeliveryRecord;
use serde_json::json;

use super::mail;
use crate::harness::folder::Folder;
use crate::harness::outbox::Outbox;
use crate::harness::running::Running;

/// The platform's id of the one person who answered a task.
async fn worker_of(server: &Pybossa, task: i64) -> String {
    let platform = config::Platform {
        kind: PlatformKind::Pybossa,
        url: server.url().parse().unwrap(),
        project: "birds".to_owned(),
        api_key: Some(Secret::new(&server.owner_key())),
        signing_tokens: Vec::new(),
        generic: None,
    };
    let client = platform::pybossa::Pybossa::new(platform, &"birds".parse().unwrap(), &Connections::new(Clock::System));
    client.answers(&task.to_string(), None).await.unwrap().remove(0).worker.unwrap()
}

/// What became of a mail to a worker that left by the key of `user`, and the mail as it was kept.
async fn sent_with_key_of(user: &str) -> (DeliveryRecord, Option<String>) {
    let server = Pybossa::start(Seed::empty()).await.unwrap();
    server.add_project("birds");
    let task = server.add_task("birds", json!({}), 1).unwrap();
    server.answer(task, "ada", json!("robin")).unwrap();
    let worker = worker_of(&server, task).await;

    let folder = Folder::new();
    folder.pybossa("birds", &server, "[connections.mail]\nkind = \"smtp\"\nfolder = \"../mail\"\nfrom = \"birds@example.org\"\n");
    folder.secret("api-key", &server.key_of(user).unwrap());
    let to = vec![Recipient::Worker(worker.clone()), Recipient::Worker(worker)];
    let outbox = Outbox::fill(&folder, "mail", vec![Effect::SendMail { mail: Box::new(Mail { to, ..mail() }) }]).await;
    let host = Running::start(folder).await;
    let delivery = outbox.the_delivery(&host, |delivery| delivery.standing != "waiting").await;
    let folder = host.stop().await;
    let kept = fs::read_to_string(folder.path("mail").join(format!("{}.eml", delivery.id))).ok();
    (delivery, kept)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_is_written_to_at_the_address_that_the_platform_tells_an_admin() {
    let (delivery, kept) = sent_with_key_of("admin").await;
    assert_eq!(delivery.standing, "delivered", "{}", delivery.note);
    assert!(kept.unwrap().contains("To: ada@example.com"));
    assert!(!delivery.note.contains("ada@example.com"), "{}", delivery.note);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_admins_key_the_mail_is_given_up_with_what_to_set() {
    let (delivery, kept) = sent_with_key_of("owner").await;
    assert_eq!((delivery.standing, kept), ("dead", None));
    assert!(delivery.note.contains("tells no address of worker") && delivery.note.contains("set `platform.api_key`"), "{}", delivery.note);
}
