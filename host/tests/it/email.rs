//! E-mail: what a plugin asked for reaches a real mail server once, as it was, and every way in which that can fail is told.

/// What goes wrong, and what becomes of the mail then.
mod trouble;
/// Workers as recipients.
mod workers;

use std::fs;

use base64::Engine as _;
use crowdhook::effect::{Attachment, Bytes, Effect, Mail, Recipient};
use crowdhook::store::DeliveryRecord;
use serde_json::{Value, json};

use crate::harness::authority::Authority;
use crate::harness::folder::Folder;
use crate::harness::outbox::Outbox;
use crate::harness::part::{self, Server};
use crate::harness::running::Running;

const USER: &str = "birds@example.org";
const PASSWORD: &str = "hunter2-mail-password";

/// A mail server, and a folder of a host whose project `birds` has it as its mail connection.
struct Stage {
    folder: Folder,
    server: Server,
}

impl Stage {
    /// With STARTTLS and a login; none where no mail server is to be had. `answers` are the server's, in order.
    fn encrypted(answers: &[&str]) -> Option<Self> {
        Self::with("starttls", &format!("ca_file = \"../tls/ca.pem\"\n{}", login(PASSWORD)), answers)
    }

    /// With this `security` on both sides, and these lines in the connection.
    fn with(security: &str, lines: &str, answers: &[&str]) -> Option<Self> {
        let python = part::python("aiosmtpd")?;
        let folder = Folder::new();
        let (certificate, key) = certificates(&folder);
        let mut arguments = vec!["--security", security];
        if security != "none" {
            arguments.extend(["--certificate", &certificate, "--key", &key, "--user", USER, "--password", PASSWORD]);
        }
        arguments.extend(["--unknown", "nobody@example.org"]);
        arguments.extend(answers.iter().flat_map(|answer| ["--answer", answer]));
        let server = Server::start(&python, "smtp.py", &arguments);
        let stage = Self { folder, server };
        stage.connect(security, lines);
        Some(stage)
    }

    /// Writes the project's file anew, with a connection of this `security`.
    fn connect(&self, security: &str, lines: &str) {
        self.folder.secret("mail-password", PASSWORD);
        let connection = format!(
            "[connections.mail]\nkind = \"smtp\"\nhost = \"localhost\"\nport = {}\nsecurity = \"{security}\"\nfrom = \"Vögel, Inc. <{USER}>\"\n{lines}",
            self.server.port
        );
        self.folder.appen("birds", &connection);
    }

    /// A host that begins with one mail to be sent.
    async fn send(self, mail: Mail) -> (Running, Outbox, Server) {
        let outbox = Outbox::fill(&self.folder, "mail", vec![Effect::SendMail { mail: Box::new(mail) }]).await;
        (Running::start(self.folder).await, outbox, self.server)
    }
}

/// The lines of a connection that name user and password.
fn login(password: &str) -> String {
    let secret = if password == PASSWORD { "mail-password" } else { "wrong-password" };
    format!("user = \"{USER}\"\npassword = {{ file = \"../secrets/{secret}\" }}\n")
}

/// Makes an authority and a certificate for `localhost` that it signed; gives the files of certificate and key.
fn certificates(folder: &Folder) -> (String, String) {
    let authority = Authority::new();
    let signed = authority.sign();
    folder.write("tls/ca.pem", authority.pem());
    folder.write("tls/server.pem", &signed.certificate);
    folder.write("tls/server.key", &signed.key);
    ["tls/server.pem", "tls/server.key"].map(|file| folder.path(file).display().to_string()).into()
}

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
        html: None,
        attachments: Vec::new(),
    }
}

/// The next message that the server was given.
fn received(server: &mut Server) -> Value {
    serde_json::from_str(&server.line()).unwrap()
}

fn content(part: &Value) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(part["content"].as_str().unwrap()).unwrap()
}

fn message_id(delivery: &DeliveryRecord) -> String {
    format!("<{}@example.org>", delivery.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_arrives_encrypted_and_its_attachments_as_they_were() {
    let Some(stage) = Stage::encrypted(&[]) else { return };
    let table = "id,größe\n1,\"a\"\r\n.\n..\n2,b".as_bytes().to_vec();
    let bytes: Vec<u8> = (0..=255_u8).cycle().take(2 << 20).collect();
    let attachment = |name: &str, media_type: &str, content: &[u8]| Attachment {
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        content: Bytes(content.to_vec()),
    };
    let sent = Mail {
        cc: to(&["bob@example.org"]),
        bcc: to(&["cy@example.org", "ann@example.org"]),
        reply_to: Some("desk@example.org".to_owned()),
        html: Some("<p>Zwölf.</p>".to_owned()),
        attachments: vec![attachment("größe.csv", "text/csv", &table), attachment("all.bin", "application/octet-stream", &bytes)],
        ..mail()
    };
    let (host, outbox, mut server) = stage.send(sent).await;
    // The server waits until all that it prints is read.
    let message = received(&mut server);
    let delivery = outbox.ended(&host, "delivered").await;
    assert_eq!(message["from"], USER);
    assert_eq!(message["to"], json!(["ann@example.org", "bob@example.org", "cy@example.org"]));
    assert_eq!((&message["encrypted"], &message["user"]), (&json!(true), &json!(USER)));
    let headers = &message["headers"];
    assert_eq!(headers["subject"], "Task 7: zwölf Vögel");
    assert_eq!(headers["from"], format!("\"Vögel, Inc.\" <{USER}>"));
    assert_eq!((&headers["to"], &headers["cc"]), (&json!("ann@example.org"), &json!("bob@example.org")));
    assert_eq!((&headers["reply-to"], &headers["bcc"]), (&json!("desk@example.org"), &Value::Null));
    assert_eq!(headers["auto-submitted"], "auto-generated");
    assert_eq!(headers["message-id"], message_id(&delivery));
    assert_eq!(message["type"], "multipart/mixed");
    let parts = message["parts"].as_array().unwrap();
    let types: Vec<_> = parts.iter().map(|part| part["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["text/plain", "text/html", "text/csv", "application/octet-stream"]);
    assert_eq!((parts[2]["name"].as_str(), parts[3]["name"].as_str()), (Some("größe.csv"), Some("all.bin")));
    assert_eq!(content(&parts[2]), table);
    assert!(content(&parts[3]) == bytes);
    assert_eq!(String::from_utf8(content(&parts[1])).unwrap().trim_end(), "<p>Zwölf.</p>");
    assert_eq!(delivery.note, format!("`localhost` answered `250 2.0.0 Ok: queued as 4F1`; message id {}", message_id(&delivery)));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_leaves_encrypted_from_the_first_byte_or_not_at_all() {
    let lines = format!("ca_file = \"../tls/ca.pem\"\n{}", login(PASSWORD));
    for (security, lines, encrypted) in [("tls", lines.as_str(), true), ("none", "", false)] {
        let Some(stage) = Stage::with(security, lines, &[]) else { return };
        let (host, outbox, mut server) = stage.send(mail()).await;
        let delivery = outbox.ended(&host, "delivered").await;
        let message = received(&mut server);
        assert_eq!(message["encrypted"], encrypted);
        assert_eq!(message["headers"]["message-id"], message_id(&delivery));
        assert_eq!((&message["type"], content(&message["parts"][0]).trim_ascii_end()), (&json!("text/plain"), b"Twelve.".as_slice()));
        host.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_mails_are_kept_in_a_folder() {
    let folder = Folder::new();
    folder.appen("birds", "[connections.mail]\nkind = \"smtp\"\nfolder = \"../mail\"\nfrom = \"birds@example.org\"\n");
    let outbox = Outbox::fill(&folder, "mail", vec![Effect::SendMail { mail: Box::new(mail()) }]).await;
    let host = Running::start(folder).await;
    let delivery = outbox.ended(&host, "delivered").await;
    assert!(delivery.note.contains("and sent to nobody"), "{}", delivery.note);
    let kept: Vec<_> = fs::read_dir(host.folder.path("mail")).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(kept, [host.folder.path("mail").join(format!("{}.eml", delivery.id))]);
    let text = fs::read_to_string(&kept[0]).unwrap();
    assert!(text.contains(&format!("Message-ID: {}\r\n", message_id(&delivery))) && text.trim_end().ends_with("\r\n\r\nTwelve."), "{text}");
    host.stop().await;
}
