use super::*;
use crate::harness::remote::{Does, Remote, Seen};

/// A service, and beside it where its tokens are to be had.
struct Stage {
    tokens: Remote,
    remote: Remote,
    clock: Clock,
    service: Arc<WebService>,
}

impl Stage {
    async fn new(tokens: impl IntoIterator<Item = Does>, client_secret: Option<&str>) -> Self {
        let (tokens, remote, clock) = (Remote::start(tokens).await, Remote::start([]).await, clock());
        let auth = Auth::OAuth2 {
            token_url: format!("{}/oauth2/token", tokens.url()).parse().unwrap(),
            client_id: Secret::new("the client"),
            client_secret: client_secret.map(Secret::new),
            refresh_token: Secret::new("refresh/1"),
        };
        let service = open(web(&remote.url(), auth), &clock);
        Self { tokens, remote, clock, service }
    }

    /// Makes a call, and gives the access token that it bore.
    async fn bears(&self) -> String {
        self.service.fetch("/", &[]).await.unwrap();
        bearer_of(&self.remote.seen().pop().unwrap())
    }

    /// What the service was asked with when the newest token was got.
    fn asked(&self) -> Seen {
        self.tokens.seen().pop().unwrap()
    }
}

fn bearer_of(seen: &Seen) -> String {
    seen.header("authorization").unwrap().strip_prefix("Bearer ").unwrap().to_owned()
}

fn grants(token: &str, seconds: u64) -> Does {
    Does::json(200, &format!(r#"{{"access_token": "{token}", "token_type": "bearer", "expires_in": {seconds}}}"#))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_got_at_first_use_and_renewed_before_it_runs_out() {
    let stage = Stage::new([grants("one", 600), grants("two", 600)], Some("the secret&")).await;
    assert!(stage.tokens.seen().is_empty());
    assert_eq!((stage.bears().await, stage.bears().await), ("one".to_owned(), "one".to_owned()));
    let asked = stage.asked();
    assert_eq!((asked.line.as_str(), asked.body.as_str()), ("POST /oauth2/token", "grant_type=refresh_token&refresh_token=refresh%2F1"));
    // `the+client:the+secret%26`
    assert_eq!(asked.header("authorization"), Some("Basic dGhlK2NsaWVudDp0aGUrc2VjcmV0JTI2"));
    stage.clock.advance(Duration::from_secs(539));
    assert_eq!(stage.bears().await, "one");
    stage.clock.advance(Duration::from_secs(1));
    assert_eq!(stage.bears().await, "two");
    assert_eq!(stage.tokens.seen().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_without_a_secret_names_itself_in_the_form() {
    let stage = Stage::new([grants("one", 600)], None).await;
    stage.bears().await;
    let asked = stage.asked();
    assert_eq!(asked.body, "grant_type=refresh_token&refresh_token=refresh%2F1&client_id=the+client");
    assert_eq!(asked.header("authorization"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_at_the_same_time_wait_for_one_token() {
    let stage = Stage::new([grants("one", 600)], None).await;
    let calls = futures_util::future::join_all((0..4).map(|_| stage.service.fetch("/", &[]))).await;
    assert!(calls.iter().all(Result::is_ok), "{calls:?}");
    assert_eq!((stage.tokens.seen().len(), stage.remote.seen().len()), (1, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_withdrawn_is_replaced_once() {
    let stage = Stage::new([grants("one", 600), grants("two", 600)], None).await;
    stage.remote.then([Does::status(401)]);
    assert_eq!(stage.bears().await, "two");
    assert_eq!(stage.remote.seen().iter().map(bearer_of).collect::<Vec<_>>(), ["one", "two"]);
    // A service that takes none is not asked for ever.
    stage.tokens.then([grants("three", 600)]);
    stage.remote.then([Does::status(401), Does::status(401)]);
    assert_eq!(stage.service.fetch("/", &[]).await.unwrap().status, 401);
    assert_eq!((stage.tokens.seen().len(), stage.remote.seen().len()), (3, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_refresh_token_is_used_from_then_on() {
    let rotates = Does::json(200, r#"{"access_token": "one", "token_type": "Bearer", "expires_in": "60", "refresh_token": "refresh/2"}"#);
    let stage = Stage::new([rotates, grants("two", 600)], None).await;
    assert_eq!(stage.bears().await, "one");
    stage.clock.advance(Duration::from_secs(60));
    assert_eq!(stage.bears().await, "two");
    assert!(stage.asked().body.contains("refresh_token=refresh%2F2"), "{}", stage.asked().body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_refresh_token_is_kept_although_its_caller_gave_up() {
    let stage = Stage::new([], None).await;
    let rotates = Does::json(200, r#"{"access_token": "one", "expires_in": 600, "refresh_token": "refresh/2"}"#);
    stage.tokens.then([rotates]);
    // Given up as soon as the question is on its way.
    tokio::select! {
        biased;
        () = crate::harness::patience::until("the token is asked for", async || !stage.tokens.seen().is_empty()) => {}
        _ = stage.service.fetch("/", &[]) => {}
    }
    assert_eq!(stage.bears().await, "one");
    assert_eq!(stage.tokens.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_what_to_mend_and_is_not_asked_for_again_at_once() {
    let refuses = |error: &str, said: &str| Does::json(400, &format!(r#"{{"error": "{error}", "error_description": "{said}"}}"#));
    let check = async |does: Does, words: &str| {
        let stage = Stage::new([does, grants("one", 600)], Some(SECRET)).await;
        for _ in 0..3 {
            let Err(ConnectionError::KeyRefused { why }) = stage.service.fetch("/", &[]).await else { panic!() };
            assert_eq!(why, words);
        }
        assert_eq!((stage.tokens.seen().len(), stage.remote.seen().len()), (1, 0));
        stage.clock.advance(Duration::from_secs(60));
        assert_eq!(stage.bears().await, "one");
    };
    check(
        refuses("invalid_grant", "Token has been revoked."),
        "`posts` gives no access token: it answered 400 (`invalid_grant, Token has been revoked.`); the refresh token has run out, was \
         withdrawn, or was used before: get a new one and put it where `auth.refresh_token` looks",
    )
    .await;
    check(
        refuses("invalid_client", ""),
        "`posts` gives no access token: it answered 400 (`invalid_client`); look at `auth.client_id` and `auth.client_secret`",
    )
    .await;
    check(Does::status(404), "`posts` gives no access token: it answered 404; look at `auth` of this connection").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_had_now_is_asked_for_later() {
    let stage = Stage::new([Does::status(500), Does::json(200, "<html>"), Does::LosesAnswer, grants("one", 600)], None).await;
    for _ in 0..3 {
        let (_, sent, why) = later(stage.service.send(&post("/"), "the-key").await.unwrap_err());
        assert!(!sent && why.starts_with("`posts` "), "{why}");
    }
    assert_eq!(stage.bears().await, "one");
}
