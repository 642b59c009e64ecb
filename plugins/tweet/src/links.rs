//! Where in a text a service would make a link.
//!
//! The services' own rules are pages of regular expressions with a list of all top-level domains, and they change. This is the plain part of
//! them: where it is sure, a link counts as the service counts it, and where a service might or might not make a link, the larger of both counts.

/// A part of a text that is, or may be, a link.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Link {
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
    /// Whether any service makes a link of it.
    pub certainty: Certainty,
}

/// How sure it is that a service makes a link of something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Certainty {
    /// It begins with `http://` or `https://` and has a domain that exists everywhere.
    Sure,
    /// It begins with `http://` or `https://`, and what follows may or may not be a domain.
    Likely,
    /// It looks like a domain without a scheme: X makes a link of it, Mastodon does not.
    Bare,
}

/// The longest part between two dots that a domain may have.
const LABEL_BYTES_MAX: usize = 63;

/// Top-level domains with more than two letters that are in wide use. Two letters are a country.
const GENERIC: &[&str] =
    &["com", "org", "net", "edu", "gov", "int", "info", "mil", "biz", "app", "dev", "science", "social", "museum", "online"];

/// The links in a text, in their order.
#[must_use]
pub fn find(text: &str) -> Vec<Link> {
    let mut links = Vec::new();
    let mut from = 0;
    while let Some(rest) = text.get(from..) {
        let Some(first) = rest.chars().next() else { break };
        let before = text.get(..from).and_then(|before| before.chars().next_back());
        match begins(rest, before).and_then(|scheme| link(rest, scheme)) {
            Some((length, certainty)) => {
                links.push(Link { start: from, end: from + length, certainty });
                from += length;
            }
            None => from += first.len_utf8(),
        }
    }
    links
}

/// How many bytes of scheme something that may be a link begins with; none where no link can begin.
fn begins(rest: &str, before: Option<char>) -> Option<usize> {
    let scheme =
        ["https://", "http://"].into_iter().find(|scheme| rest.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    if let Some(scheme) = scheme {
        return Some(scheme.len());
    }
    let inside = before.is_some_and(|before| before.is_alphanumeric() || "-_./@$#".contains(before));
    let starts = rest.chars().next().is_some_and(char::is_alphanumeric);
    (starts && !inside).then_some(0)
}

/// How long the link is, and how sure; none where there is none.
fn link(rest: &str, scheme: usize) -> Option<(usize, Certainty)> {
    let host = rest.get(scheme..)?;
    let end = host.find(|one: char| !(one.is_alphanumeric() || matches!(one, '.' | '-' | '_'))).unwrap_or(host.len());
    let host = host.get(..end)?.trim_end_matches(['.', '-', '_']);
    let labels: Vec<&str> = host.split('.').collect();
    let top = labels.last().copied().unwrap_or_default();
    let fits = labels.len() > 1 && labels.iter().all(|label| !label.is_empty() && label.len() <= LABEL_BYTES_MAX);
    if !fits || !top.chars().all(char::is_alphabetic) || top.chars().count() < 2 {
        // An address of numbers, say.
        return (scheme > 0 && !host.is_empty()).then(|| (scheme + host.len(), Certainty::Likely));
    }
    let length = scheme + host.len() + path(rest.get(scheme + host.len()..).unwrap_or_default());
    let plain = labels.iter().all(|label| {
        label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && !label.starts_with('-') && !label.ends_with('-')
    });
    let known = top.len() == 2 || GENERIC.iter().any(|one| one.eq_ignore_ascii_case(top));
    let certainty = match scheme {
        0 => Certainty::Bare,
        _ if plain && known => Certainty::Sure,
        _ => Certainty::Likely,
    };
    Some((length, certainty))
}

/// How many bytes of port, path, query and fragment follow a host.
fn path(rest: &str) -> usize {
    let digits = rest.strip_prefix(':').map_or(0, |port| port.len() - port.trim_start_matches(|one: char| one.is_ascii_digit()).len());
    let port = if digits > 0 { digits + 1 } else { 0 };
    let rest = rest.get(port..).unwrap_or_default();
    if !rest.starts_with(['/', '?', '#']) {
        return port;
    }
    let in_path = |one: char| one.is_ascii_alphanumeric() || "/?#!*';:=+,.$%[]-_~@|&".contains(one);
    let end = rest.find(|one: char| !in_path(one)).unwrap_or(rest.len());
    // A sentence's own full stop is not part of the address at its end.
    let path = rest.get(..end).unwrap_or_default().trim_end_matches(|one: char| "!*';:,.$%[]~|&?@".contains(one));
    port + path.len()
}

#[cfg(test)]
mod tests;
