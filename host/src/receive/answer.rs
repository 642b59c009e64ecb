//! Every answer of the public listener, in one table.
//!
//! PYBOSSA wants exactly 200 and a body that is not blank, or its job crashes; a blank body loses the event on its side,
//! whatever the status. Appen wants 200 and an empty body or JSON. So every body but Appen's is a short plain sentence.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::config::Hook;
use crate::event::PlatformKind;
use crate::normalise::OtherProject;
use crate::store::StoreError;
use crate::verify::{FormError, Refusal};

/// What a caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Everything is on disk.
    Stored(PlatformKind),
    /// The hook is there, and this is its address. PYBOSSA asks before it lets an owner save the URL.
    Present,
    /// The process runs.
    Live,
    /// The store answers, and the host is not going down.
    Ready,
    /// It is not ready.
    NotReady(NotReady),
    /// It was refused, and nothing of it was kept.
    Refused(Refused),
}

/// Why the host is not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotReady {
    /// It is going down.
    Draining,
    /// The store does not answer.
    Store,
}

/// Why a request was refused. Each is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    NoSuchHook,
    PlainHttp,
    Method,
    Password,
    SignatureMissing,
    SignatureWrong,
    HeaderToken,
    HmacMissing,
    HmacWrong,
    StandardMissing,
    StandardWrong,
    Stale,
    OtherProject,
    FormType,
    FormEscape,
    FormFieldTwice,
    FormTooManyFields,
    NotUtf8,
    BodyBroken,
    HeadBroken,
    Encoding,
    TooLarge,
    TooSlow,
    HeadTooLarge,
    Crowded,
    Full,
    Failing,
    Draining,
}

/// One line of the table.
pub(super) struct Row {
    pub(super) status: StatusCode,
    pub(super) sentence: &'static str,
    /// The header that goes with the status.
    header: Option<(HeaderName, HeaderValue)>,
    /// Whether the connection ends with it, since what is left of the request will not be read.
    closes: bool,
}

impl Refused {
    /// All of them, in order.
    pub(super) const ALL: [Self; 28] = [
        Self::NoSuchHook,
        Self::PlainHttp,
        Self::Method,
        Self::Password,
        Self::SignatureMissing,
        Self::SignatureWrong,
        Self::HeaderToken,
        Self::HmacMissing,
        Self::HmacWrong,
        Self::StandardMissing,
        Self::StandardWrong,
        Self::Stale,
        Self::OtherProject,
        Self::FormType,
        Self::FormEscape,
        Self::FormFieldTwice,
        Self::FormTooManyFields,
        Self::NotUtf8,
        Self::BodyBroken,
        Self::HeadBroken,
        Self::Encoding,
        Self::TooLarge,
        Self::TooSlow,
        Self::HeadTooLarge,
        Self::Crowded,
        Self::Full,
        Self::Failing,
        Self::Draining,
    ];

    /// Its name where it is counted and logged.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NoSuchHook => "no-such-hook",
            Self::PlainHttp => "plain-http",
            Self::Method => "method",
            Self::Password => "password",
            Self::SignatureMissing => "signature-missing",
            Self::SignatureWrong => "signature-wrong",
            Self::HeaderToken => "header",
            Self::HmacMissing => "hmac-missing",
            Self::HmacWrong => "hmac-wrong",
            Self::StandardMissing => "webhook-signature-missing",
            Self::StandardWrong => "webhook-signature-wrong",
            Self::Stale => "stale",
            Self::OtherProject => "other-project",
            Self::FormType => "form-type",
            Self::FormEscape => "form-escape",
            Self::FormFieldTwice => "form-field-twice",
            Self::FormTooManyFields => "form-too-many-fields",
            Self::NotUtf8 => "not-utf8",
            Self::BodyBroken => "body-broken",
            Self::HeadBroken => "head-broken",
            Self::Encoding => "encoding",
            Self::TooLarge => "too-large",
            Self::TooSlow => "too-slow",
            Self::HeadTooLarge => "head-too-large",
            Self::Crowded => "crowded",
            Self::Full => "full",
            Self::Failing => "failing",
            Self::Draining => "draining",
        }
    }

    /// The table. Status, sentence, the header that goes with it.
    pub(super) fn row(self) -> Row {
        use StatusCode as S;
        let retry = |seconds| Some((header::RETRY_AFTER, HeaderValue::from_static(seconds)));
        let ask = |challenge| Some((header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
        let (status, sentence, header) = match self {
            Self::NoSuchHook => (S::NOT_FOUND, "There is no such hook.", None),
            Self::PlainHttp => (S::BAD_REQUEST, "This port speaks TLS: write https instead of http.", None),
            Self::Method => {
                let allow = Some((header::ALLOW, HeaderValue::from_static("GET, HEAD, POST")));
                (S::METHOD_NOT_ALLOWED, "A hook takes POST, and answers GET and HEAD.", allow)
            }
            Self::Password => {
                let basic = "Basic realm=\"crowdhook\", charset=\"UTF-8\"";
                (S::UNAUTHORIZED, "User name or password is missing or wrong.", ask(basic))
            }
            Self::SignatureMissing => (S::UNAUTHORIZED, "The signature is missing.", ask("Signature")),
            Self::SignatureWrong => (S::UNAUTHORIZED, "The signature does not match the payload.", ask("Signature")),
            // Which header these three want stands in the project's file; `sentence` names it.
            Self::HeaderToken => (S::UNAUTHORIZED, "A header is missing or wrong.", ask("Header")),
            Self::HmacMissing => (S::UNAUTHORIZED, "The signature is missing.", ask("Signature")),
            Self::HmacWrong => (S::UNAUTHORIZED, "The signature does not match the body.", ask("Signature")),
            Self::StandardMissing => {
                let sentence = "The headers webhook-id, webhook-timestamp and webhook-signature are expected, each once.";
                (S::UNAUTHORIZED, sentence, ask("Signature"))
            }
            Self::StandardWrong => (S::UNAUTHORIZED, "The signature in webhook-signature does not match.", ask("Signature")),
            Self::Stale => (S::UNAUTHORIZED, "The time in webhook-timestamp is too far from now.", ask("Signature")),
            Self::OtherProject => (S::FORBIDDEN, "The payload is about another project than this hook.", None),
            Self::FormType => (S::BAD_REQUEST, "The body must be of type application/x-www-form-urlencoded.", None),
            Self::FormEscape => (S::BAD_REQUEST, "The form has a % without two hexadecimal digits after it.", None),
            Self::FormFieldTwice => (S::BAD_REQUEST, "The form has a field twice.", None),
            Self::FormTooManyFields => (S::BAD_REQUEST, "The form has more fields than any sender's.", None),
            Self::NotUtf8 => (S::BAD_REQUEST, "The body is not UTF-8.", None),
            Self::BodyBroken => (S::BAD_REQUEST, "The body broke off.", None),
            Self::HeadBroken => (S::BAD_REQUEST, "The request cannot be read.", None),
            Self::Encoding => {
                let identity = Some((header::ACCEPT_ENCODING, HeaderValue::from_static("identity")));
                (S::UNSUPPORTED_MEDIA_TYPE, "The body must not be compressed.", identity)
            }
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "The body is too large.", None),
            Self::TooSlow => (S::REQUEST_TIMEOUT, "The request took too long to arrive.", None),
            Self::HeadTooLarge => (S::REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large.", None),
            Self::Crowded => (S::SERVICE_UNAVAILABLE, "Too many large requests come in; try again later.", retry("5")),
            Self::Full => (S::SERVICE_UNAVAILABLE, "Too much is waiting already; try again later.", retry("60")),
            Self::Failing => (S::SERVICE_UNAVAILABLE, "It could not be stored; try again later.", retry("30")),
            Self::Draining => (S::SERVICE_UNAVAILABLE, "The host is going down; try again in a moment.", retry("10")),
        };
        let closes = matches!(
            self,
            Self::PlainHttp | Self::BodyBroken | Self::Encoding | Self::TooLarge | Self::TooSlow | Self::Crowded | Self::Draining
        );
        Row { status, sentence, header, closes }
    }
}

impl Refused {
    /// The sentence for whoever may use `hook` and is to learn which header is expected there. None where the table's will do.
    fn sentence(self, hook: &Hook) -> Option<String> {
        let hmac = || hook.hmac.as_ref().map(|hmac| &hmac.header);
        match self {
            Self::HeaderToken => Some(format!("The header {} is missing or wrong.", hook.header.as_ref()?.name)),
            Self::HmacMissing => Some(format!("The signature is missing: it is expected in the header {}.", hmac()?)),
            Self::HmacWrong => Some(format!("The signature in the header {} does not match the body.", hmac()?)),
            _ => None,
        }
    }
}

impl Answer {
    fn row(self) -> Row {
        let ok = |sentence| Row { status: StatusCode::OK, sentence, header: None, closes: false };
        match self {
            Self::Stored(PlatformKind::Pybossa | PlatformKind::Generic) | Self::Present => ok("OK"),
            Self::Stored(PlatformKind::Appen) => ok(""),
            Self::Live => ok("live"),
            Self::Ready => ok("ready"),
            Self::NotReady(NotReady::Draining) => Refused::Draining.row(),
            Self::NotReady(NotReady::Store) => {
                Row { status: StatusCode::SERVICE_UNAVAILABLE, sentence: "The store does not answer.", header: None, closes: false }
            }
            Self::Refused(refused) => refused.row(),
        }
    }

    /// The response that says it.
    pub(super) fn response(self) -> Response {
        self.response_about(None)
    }

    /// The response that says it, with what is expected by name where `hook` knows.
    pub(super) fn response_about(self, hook: Option<&Hook>) -> Response {
        let row = self.row();
        let named = match (self, hook) {
            (Self::Refused(refused), Some(hook)) => refused.sentence(hook),
            _ => None,
        };
        let mut response = Response::new(match named {
            Some(sentence) => Body::from(sentence),
            None => Body::from(Bytes::from_static(row.sentence.as_bytes())),
        });
        *response.status_mut() = row.status;
        let headers = response.headers_mut();
        if !row.sentence.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        }
        if let Some((name, value)) = row.header {
            headers.insert(name, value);
        }
        if row.closes {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoSuchHook => Self::NoSuchHook,
            Refusal::WrongPassword => Self::Password,
            Refusal::SignatureMissing => Self::SignatureMissing,
            Refusal::SignatureWrong => Self::SignatureWrong,
            Refusal::HeaderWrong => Self::HeaderToken,
            Refusal::HmacMissing => Self::HmacMissing,
            Refusal::HmacWrong => Self::HmacWrong,
            Refusal::StandardMissing => Self::StandardMissing,
            Refusal::StandardWrong => Self::StandardWrong,
            Refusal::Stale => Self::Stale,
            Refusal::Form(FormError::OtherType) => Self::FormType,
            Refusal::Form(FormError::BadEscape) => Self::FormEscape,
            Refusal::Form(FormError::FieldTwice) => Self::FormFieldTwice,
            Refusal::Form(FormError::TooManyFields) => Self::FormTooManyFields,
            Refusal::Form(FormError::NotUtf8) | Refusal::NotUtf8 => Self::NotUtf8,
        }
    }
}

impl From<OtherProject> for Refused {
    fn from(_: OtherProject) -> Self {
        Self::OtherProject
    }
}

impl From<&StoreError> for Refused {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Full { .. } => Self::Full,
            StoreError::Failed(_) | StoreError::Replaced => Self::Failing,
            StoreError::Closed => Self::Draining,
        }
    }
}
