//! A practice Mastodon: takes posts and shows them. Of the API, `POST /api/v1/statuses` and `GET /api/v1/timelines/public`.
//!
//! As the real one does, it wants a bearer token, and answers a repeat under the same `Idempotency-Key` with the post that is there
//! (<https://docs.joinmastodon.org/methods/statuses/#create>; the real one forgets keys after an hour).

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// What a post may have, in characters, as the real one has it by default.
const STATUS_CHARS_MAX: usize = 500;
/// A larger body is refused.
const BODY_BYTES_MAX: usize = 64 << 10;
/// Posts are kept up to this number; then the oldest go.
const POSTS_MAX: usize = 100_000;

/// A post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The server's number of it.
    pub id: u64,
    /// Its text.
    pub text: String,
    /// `public`, `unlisted`, `private` or `direct`.
    pub visibility: String,
    /// The key that it came with.
    pub idempotency_key: Option<String>,
    /// How many requests asked for it.
    pub requests: u32,
}

/// The server; it ends when this is dropped.
#[derive(Debug)]
pub struct Mastodon {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    token: String,
    posts: Mutex<Posts>,
}

#[derive(Debug, Default)]
struct Posts {
    last: u64,
    by_id: BTreeMap<u64, Status>,
}

impl Shared {
    fn posts(&self) -> MutexGuard<'_, Posts> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Mastodon {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Mastodon {
    /// A server on a free port of loopback, for whoever has `token`.
    ///
    /// # Errors
    ///
    /// When there is no port to be had.
    pub async fn start(token: &str) -> io::Result<Self> {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), token).await
    }

    /// A server at `address`, for whoever has `token`.
    ///
    /// # Errors
    ///
    /// When the port is taken.
    pub async fn start_at(address: SocketAddr, token: &str) -> io::Result<Self> {
        let shared = Arc::new(Shared { token: token.to_owned(), posts: Mutex::default() });
        let router = Router::new()
            .route("/api/v1/statuses", post(create))
            .route("/api/v1/timelines/public", get(timeline))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
        Ok(Self { address, shared, serving })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All posts, oldest first.
    #[must_use]
    pub fn statuses(&self) -> Vec<Status> {
        self.shared.posts().by_id.values().cloned().collect()
    }
}

async fn create(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let text_of = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if text_of(header::AUTHORIZATION.as_str()) != Some(format!("Bearer {}", shared.token).as_str()) {
        return refused(StatusCode::UNAUTHORIZED, "The access token is invalid");
    }
    let Ok(said) = serde_json::from_slice::<Value>(&body) else { return refused(StatusCode::BAD_REQUEST, "Not JSON") };
    let text = said.get("status").and_then(Value::as_str).unwrap_or_default();
    if text.trim().is_empty() {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "Validation failed: Text can't be blank");
    }
    if text.chars().count() > STATUS_CHARS_MAX {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "Validation failed: Text character limit of 500 exceeded");
    }
    let key = text_of("idempotency-key").map(str::to_owned);
    let mut posts = shared.posts();
    let known = posts.by_id.values_mut().find(|status| key.is_some() && status.idempotency_key == key);
    let status = if let Some(known) = known {
        known.requests += 1;
        known.clone()
    } else {
        posts.last += 1;
        let visibility = said.get("visibility").and_then(Value::as_str).unwrap_or("public").to_owned();
        let status = Status { id: posts.last, text: text.to_owned(), visibility, idempotency_key: key, requests: 1 };
        posts.by_id.insert(status.id, status.clone());
        while posts.by_id.len() > POSTS_MAX {
            posts.by_id.pop_first();
        }
        status
    };
    Json(shown(&status)).into_response()
}

async fn timeline(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.posts().by_id.values().rev().filter(|status| status.visibility == "public").map(shown).collect())
}

fn shown(status: &Status) -> Value {
    json!({ "id": status.id.to_string(), "content": status.text, "visibility": status.visibility })
}

fn refused(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}
