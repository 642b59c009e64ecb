//! Requests that plugins have asked for: one is sent, and what its answer means.

use std::time::Duration;

use tokio::time::timeout;

use super::verdict::Trouble;
use super::{LEASE, Underway};
use crate::config::Connection;
use crate::connection::services::Services;
use crate::connection::{ConnectionError, Response};
use crate::effect::Request;

/// An attempt ends before its claim does, also when tokens have to be got for it: else another would begin beside it.
const ATTEMPT_MAX: Duration = LEASE.saturating_sub(Duration::from_secs(10));
/// So much of what a service said is kept, in characters.
const WORDS_KEPT: usize = 500;

/// Sends `request` through the connection of this name, under the delivery's id as the idempotency key.
pub(super) async fn send(way: &Underway<'_>, services: &Services, connection: &str, request: &Request) -> Result<String, Trouble> {
    let connection = way.connection(connection)?;
    way.check_age(connection)?;
    let project = &way.project.config.name;
    let Some(service) = services.of(project, connection) else {
        let why = format!("connection `{}` of project `{project}` leads to no web service any more", connection.name);
        return Err(Trouble::Unmended { why });
    };
    let key = way.delivery.id.to_string();
    let answered = timeout(ATTEMPT_MAX, service.send(request, &key)).await.unwrap_or_else(|_| {
        let why = format!("`{}` and its access token took longer than {} s together", connection.name, ATTEMPT_MAX.as_secs());
        Err(ConnectionError::Later { after: None, why, sent: true })
    });
    answered.map_err(unanswered).and_then(|response| receipt(&response, connection))
}

fn unanswered(error: ConnectionError) -> Trouble {
    match error {
        // What was sent may have had its effect, so it counts, whatever wait was named.
        ConnectionError::Later { after, why, sent } => Trouble::Later { after: after.filter(|_| !sent), why },
        ConnectionError::KeyRefused { why } => Trouble::Unmended { why },
        ConnectionError::Refused { why } | ConnectionError::TooLarge { why } => Trouble::Refused { why },
    }
}

/// The receipt of an answer that says yes.
fn receipt(response: &Response, connection: &Connection) -> Result<String, Trouble> {
    let said = words(&response.body);
    let (status, name) = (response.status, &connection.name);
    let answered = if said.is_empty() { format!("`{name}` answered {status}") } else { format!("`{name}` answered {status}: {said}") };
    match status {
        200..=299 => Ok(if said.is_empty() { status.to_string() } else { format!("{status}: {said}") }),
        // 401 says that nothing was looked at but the key. 403 may as well mean this one request (a post that was there before).
        401 => Err(Trouble::Unmended { why: format!("{answered}; look at `auth` of connection `{name}` in the project's file") }),
        // These say that nothing was done; whoever names no time is asked again as if it had been tried.
        425 | 429 | 503 => Err(Trouble::Later { after: response.wait, why: answered }),
        // Behind these the request may have had its effect, so it counts, whatever wait was named.
        408 | 500.. => Err(Trouble::Later { after: None, why: answered }),
        300..=399 => {
            let elsewhere = response.location.as_deref().unwrap_or("elsewhere");
            let why = format!(
                "`{name}` answered {status} and points to {elsewhere}: redirects are not followed, mend the address of the connection"
            );
            Err(Trouble::Refused { why })
        }
        _ => Err(Trouble::Refused { why: answered }),
    }
}

/// The beginning of a body as text on one line.
fn words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let one_line = text.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty());
    let one_line = one_line.collect::<Vec<_>>().join(" ");
    one_line.chars().take(WORDS_KEPT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Auth, HttpService, Service};

    fn answer(status: u16, wait: Option<u64>, body: &str) -> Result<String, Trouble> {
        let service = HttpService {
            url: "https://api.example.org".parse().unwrap(),
            url_is_secret: false,
            auth: Auth::None,
            rate: None,
            at_once: 1,
            timeout: Duration::from_secs(1),
        };
        let connection = Connection { name: "posts".to_owned(), to: Service::Http(service), max_age: Duration::from_secs(1), line: 1 };
        let response = Response {
            status,
            body: body.to_owned().into(),
            location: Some("https://elsewhere.example".to_owned()),
            wait: wait.map(Duration::from_secs),
        };
        receipt(&response, &connection)
    }

    #[test]
    fn a_yes_is_a_receipt_on_one_line() {
        assert_eq!(answer(201, None, "{\"id\":\n\t\"7\"}\n"), Ok("201: {\"id\": \"7\"}".to_owned()));
        assert_eq!(answer(204, None, ""), Ok("204".to_owned()));
        assert_eq!(answer(200, None, &"ä".repeat(9000)).map(|said| said.chars().count()), Ok(505));
    }

    #[test]
    fn a_no_is_now_or_for_good_or_until_the_key_is_mended() {
        for status in [425, 429, 503] {
            let after = Some(Duration::from_secs(7));
            assert!(matches!(answer(status, Some(7), "x"), Err(Trouble::Later { after: waits, .. }) if waits == after), "{status}");
        }
        for status in [408, 500, 502, 504, 599] {
            assert!(matches!(answer(status, Some(7), "x"), Err(Trouble::Later { after: None, .. })), "{status}");
        }
        assert!(matches!(answer(503, None, ""), Err(Trouble::Later { after: None, .. })));
        assert!(matches!(answer(401, None, ""), Err(Trouble::Unmended { .. })));
        for status in [300, 301, 302, 307, 308, 400, 403, 404, 409, 410, 413, 422, 451] {
            assert!(matches!(answer(status, None, ""), Err(Trouble::Refused { .. })), "{status}");
        }
        let Err(Trouble::Refused { why }) = answer(307, None, "") else { panic!() };
        assert_eq!(
            why,
            "`posts` answered 307 and points to https://elsewhere.example: redirects are not followed, mend the address of the connection"
        );
        let Err(Trouble::Refused { why }) = answer(403, None, "{\"detail\": \"duplicate content\"}") else { panic!() };
        assert_eq!(why, "`posts` answered 403: {\"detail\": \"duplicate content\"}");
    }
}
