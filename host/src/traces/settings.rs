//! Where spans are sent, by the variables that OpenTelemetry has agreed on.

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::config::load::Env;
use crate::id::EventId;

/// Where, under which name, and how many.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where spans are posted.
    pub endpoint: Url,
    /// What goes with each post: a key, where the receiver wants one.
    pub headers: HeaderMap,
    /// What is said of this host.
    pub resource: Vec<(String, String)>,
    /// The share of all traces that is sent, from 0 to 1.
    share: f64,
}

/// A variable that makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable `{variable}` {what}")]
pub struct Wrong {
    variable: &'static str,
    what: String,
}

impl Settings {
    /// What the variables say; none where they name no endpoint, or say that nothing is to be sent.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read, or asks for what this host does not do.
    pub fn of(env: &Env) -> Result<Option<Self>, Wrong> {
        let get = |name: &str| env.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let of_traces =
            |own: &'static str, of_all: &'static str| get(own).map(|value| (own, value)).or_else(|| Some((of_all, get(of_all)?)));
        let Some((variable, endpoint)) = of_traces("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT") else {
            return Ok(None);
        };
        let is_off = get("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if is_off || get("OTEL_TRACES_EXPORTER").is_some_and(|value| value == "none") {
            return Ok(None);
        }
        let mut endpoint = Url::parse(&endpoint).map_err(|error| Wrong { variable, what: format!("is no address: {error}") })?;
        if variable == "OTEL_EXPORTER_OTLP_ENDPOINT"
            && let Ok(mut path) = endpoint.path_segments_mut()
        {
            path.pop_if_empty().extend(["v1", "traces"]);
        }
        if let Some((variable, protocol)) = of_traces("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
            && protocol != "http/json"
        {
            return Err(Wrong {
                variable,
                what: format!("asks for `{protocol}`: this host speaks `http/json`, which collectors take at port 4318"),
            });
        }
        let headers = match of_traces("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS") {
            Some((variable, text)) => headers(variable, &text)?,
            None => HeaderMap::new(),
        };
        let given = match get("OTEL_RESOURCE_ATTRIBUTES") {
            Some(text) => pairs("OTEL_RESOURCE_ATTRIBUTES", &text)?,
            None => Vec::new(),
        };
        Ok(Some(Self { endpoint, headers, resource: resource(given, get("OTEL_SERVICE_NAME")), share: share(&get)? }))
    }

    /// Whether the trace of this event is one of those that are sent: the same for all its spans, and on every host.
    #[must_use]
    pub fn keeps(&self, root: EventId) -> bool {
        // The end of a version 7 id is random.
        let random = root.as_bytes().iter().skip(10).fold(0.0, |sum, byte| (sum + f64::from(*byte)) / 256.0);
        random < self.share
    }
}

/// What is said of the host: what the operator says, and what he does not.
fn resource(mut given: Vec<(String, String)>, name: Option<String>) -> Vec<(String, String)> {
    if let Some(name) = name {
        given.retain(|(key, _)| key != "service.name");
        given.push(("service.name".to_owned(), name));
    }
    for (key, value) in [("service.name", "crowdhook"), ("service.version", env!("CARGO_PKG_VERSION"))] {
        if !given.iter().any(|(known, _)| known == key) {
            given.push((key.to_owned(), value.to_owned()));
        }
    }
    given
}

fn share(get: &impl Fn(&str) -> Option<String>) -> Result<f64, Wrong> {
    let sampler = get("OTEL_TRACES_SAMPLER").unwrap_or_default();
    match sampler.strip_prefix("parentbased_").unwrap_or(&sampler) {
        "" | "always_on" => Ok(1.0),
        "always_off" => Ok(0.0),
        "traceidratio" => {
            let text = get("OTEL_TRACES_SAMPLER_ARG").unwrap_or_else(|| "1".to_owned());
            let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
            share.ok_or_else(|| Wrong { variable: "OTEL_TRACES_SAMPLER_ARG", what: format!("is `{text}`, and not a number from 0 to 1") })
        }
        _ => Err(Wrong {
            variable: "OTEL_TRACES_SAMPLER",
            what: format!("asks for `{sampler}`: this host knows `always_on`, `always_off` and `traceidratio`"),
        }),
    }
}

/// `key=value,key=value`, values in percent-encoding.
fn pairs(variable: &'static str, text: &str) -> Result<Vec<(String, String)>, Wrong> {
    let pair = |pair: &str| {
        // Not with what stands there: it may be a secret.
        let (key, value) = pair.split_once('=').ok_or_else(|| Wrong { variable, what: "is not `key=value,key=value`".to_owned() })?;
        Ok((key.trim().to_owned(), percent_decode_str(value.trim()).decode_utf8_lossy().into_owned()))
    };
    text.split(',').filter(|part| !part.trim().is_empty()).map(pair).collect()
}

fn headers(variable: &'static str, text: &str) -> Result<HeaderMap, Wrong> {
    let wrong = || Wrong { variable, what: "holds what no header may hold".to_owned() };
    let mut headers = HeaderMap::new();
    for (name, value) in pairs(variable, text)? {
        let mut value = HeaderValue::from_str(&value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests;
