//! Which path leads where.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{any, get};
use http::Method;

use super::Intake;
use super::answer::{Answer, NotReady, Refused};
use super::{badges, hook};

/// The public listener's routes. The hook takes its request raw, since axum's extractors cost more than the rest of it.
pub(super) fn router(intake: Arc<Intake>) -> Router {
    Router::new()
        .route("/hooks/{project}/{token}", any(hook::take))
        .route("/hooks/{project}", any(hook::take))
        .route("/badges/{project}", get(badges::list))
        .route("/badges/{project}/issuer", get(badges::issuer))
        .route("/badges/{project}/classes/{badge}", get(badges::class))
        .route("/badges/{project}/images/{file}", get(badges::image))
        .route("/badges/{project}/assertions/{id}", get(badges::assertion))
        .route("/health/live", any(live))
        .route("/health/ready", any(ready))
        .fallback(unknown)
        .with_state(intake)
}

/// What stands in the place of the routes where HTTP without TLS comes to a port with TLS.
pub(super) fn plain(intake: Arc<Intake>) -> Router {
    Router::new().fallback(async |State(intake): State<Arc<Intake>>| intake.refuse(Refused::PlainHttp, None)).with_state(intake)
}

/// The process runs and answers.
async fn live(method: Method) -> Response {
    asked(&method, Answer::Live)
}

/// The store answers, and the host is not going down.
async fn ready(State(intake): State<Arc<Intake>>, method: Method) -> Response {
    let answer = if intake.is_draining() {
        Answer::NotReady(NotReady::Draining)
    } else if intake.store_answers().await {
        Answer::Ready
    } else {
        Answer::NotReady(NotReady::Store)
    };
    asked(&method, answer)
}

fn asked(method: &Method, answer: Answer) -> Response {
    if method == Method::GET || method == Method::HEAD {
        return answer.response();
    }
    let mut response = Answer::Refused(Refused::Method).response();
    response.headers_mut().insert(http::header::ALLOW, http::HeaderValue::from_static("GET, HEAD"));
    response
}

/// Whatever else is asked for: the same as a hook that is not there.
async fn unknown(State(intake): State<Arc<Intake>>) -> Response {
    intake.refuse(Refused::NoSuchHook, None)
}
