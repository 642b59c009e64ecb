//! The calls of Appen's API that its help article names, on a socket: setting a job's webhook, and having its test questions
//! posted. What the real one answers beside a status is not public; the bodies here are made up.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::Appen;

/// A larger body is answered 413.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// More connections wait in the listener's backlog until one ends.
const CONNECTIONS_MAX: usize = 64;

/// A practice Appen's API, there until this is dropped.
#[derive(Debug)]
pub struct Listening {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Listening {
    /// The address below which the calls lie, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Appen {
    /// Answers API calls on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When no socket can be had.
    pub async fn listen(self: &Arc<Self>) -> io::Result<Listening> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let appen = Arc::clone(self);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => {
                        let Ok((stream, _)) = accepted else { continue };
                        let appen = Arc::clone(&appen);
                        connections.spawn(async move {
                            let service = service_fn(|request| respond(&appen, request));
                            // What goes wrong here is the caller hanging up.
                            http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
                        });
                    }
                    Some(_) = connections.join_next(), if !connections.is_empty() => {}
                }
            }
        });
        Ok(Listening { address, accepting })
    }

    /// Takes the attributes of the job that a form names; gives the status.
    fn change(&self, form: &[u8]) -> u16 {
        for (name, value) in form_urlencoded::parse(form) {
            match name.as_ref() {
                "job[webhook_uri]" => match value.parse() {
                    Ok(uri) => self.set_webhook(uri),
                    Err(_) => return 422,
                },
                "job[send_judgments_webhook]" => self.job().send_judgments = value == "true",
                _ => return 422,
            }
        }
        200
    }
}

async fn respond(appen: &Arc<Appen>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, mut incoming) = request.into_parts();
    let mut body = Vec::new();
    while let Some(Ok(frame)) = incoming.frame().await {
        body.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        if body.len() > BODY_BYTES_MAX {
            break;
        }
    }
    let status = if body.len() > BODY_BYTES_MAX { 413 } else { answer(appen, &head, &body) };
    let body = if status == 200 { "{}" } else { r#"{"error":{"message":"made up by the practice Appen"}}"# };
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    Ok(response.body(Full::from(body)).unwrap_or_default())
}

fn answer(appen: &Arc<Appen>, head: &http::request::Parts, body: &[u8]) -> u16 {
    let key = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).find(|(name, _)| name == "key");
    if key.is_none_or(|(_, key)| key != appen.settings.api_key) {
        return 401;
    }
    let job = appen.job().id.to_string();
    let path: Vec<&str> = head.uri.path().split('/').skip(1).collect();
    match (&head.method, path.as_slice()) {
        (&Method::PUT, ["v1", "jobs", named]) if named.strip_suffix(".json") == Some(&job) => appen.change(body),
        (&Method::GET, ["v1", "jobs", named, "golds", "fire_webhooks"]) if *named == job => {
            let appen = Arc::clone(appen);
            tokio::spawn(async move { appen.fire_golds().await });
            200
        }
        _ => 404,
    }
}
