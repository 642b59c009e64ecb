//! Needs effects that a project has to grant in words: `email` and `http.send`.
#![cfg(target_arch = "wasm32")]

use crowdhook_guests::host::{email, http};
use crowdhook_guests::{Event, Failure, Misbehaves};

struct WantsMore;

impl Misbehaves for WantsMore {
    const NAME: &str = "wants-more";
    const NEEDS: &[&str] = &["email", "http.send"];

    fn handle(_event: &Event, _settings: &str) -> Result<(), Failure> {
        email::send(&message(), None)?;
        let request = http::Request { method: "POST".to_owned(), path: "/more".to_owned(), headers: Vec::new(), body: String::new() };
        http::send("outside", &request, None)
    }
}

fn message() -> email::Message {
    email::Message {
        to: vec![email::Recipient::Address("ann@example.org".to_owned())],
        cc: Vec::new(),
        bcc: Vec::new(),
        reply_to: None,
        subject: "More".to_owned(),
        text: "There is more.\n".to_owned(),
        html: None,
        attachments: Vec::new(),
        extra: "{}".to_owned(),
    }
}

crowdhook_guests::guest!(WantsMore);
