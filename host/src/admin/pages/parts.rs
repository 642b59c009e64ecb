//! What several pages show in one way: times, numbers, states, filters, and the way to the next page.

use maud::{Markup, PreEscaped, html};
use serde_json::Value;
use url::form_urlencoded;

use crate::clock::{Timestamp, between, rfc3339};
use crate::event::Standing;
use crate::id::{Digest, EventId};
use crate::store::browse::{DeliveryState, InvocationState};

/// How something stands, by colour and by word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
    Busy,
    Plain,
}

impl Tone {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Busy => "busy",
            Self::Plain => "plain",
        }
    }
}

/// A word that says how something stands.
pub(super) fn state(tone: Tone, word: &str) -> Markup {
    html! { span class={ "state " (tone.class()) } { (word) } }
}

pub(super) fn invocation_state(found: InvocationState) -> Markup {
    let tone = match found {
        InvocationState::Done => Tone::Good,
        InvocationState::Dead => Tone::Bad,
        InvocationState::Waiting | InvocationState::Parked => Tone::Busy,
        InvocationState::Dropped => Tone::Plain,
    };
    state(tone, found.as_str())
}

pub(super) fn delivery_state(found: DeliveryState) -> Markup {
    let tone = match found {
        DeliveryState::Delivered => Tone::Good,
        DeliveryState::Dead => Tone::Bad,
        DeliveryState::Waiting => Tone::Busy,
        DeliveryState::Superseded => Tone::Plain,
    };
    state(tone, found.as_str())
}

pub(super) fn standing(found: Standing) -> Markup {
    let tone = match found {
        Standing::Accepted => Tone::Good,
        Standing::Unreadable => Tone::Bad,
        Standing::Ignored | Standing::Superseded | Standing::Unconfirmed => Tone::Plain,
    };
    state(tone, found.as_str())
}

/// How an attempt ended.
pub(super) fn outcome(word: &str) -> Markup {
    let tone = match word {
        "ok" => Tone::Good,
        "retry" | "parked" => Tone::Busy,
        _ => Tone::Bad,
    };
    state(tone, word)
}

/// A moment: in UTC as it stands here, in the viewer's zone where scripts run, and exact on hover.
pub(super) fn moment(at: Timestamp) -> Markup {
    html! { time datetime=(rfc3339(at)) title=(rfc3339(at)) { (at.strftime("%Y-%m-%d %H:%M:%S UTC")) } }
}

/// A moment that stands as text.
pub(super) fn moment_of(text: &str) -> Markup {
    match text.parse() {
        Ok(at) => moment(at),
        Err(_) => html! { (text) },
    }
}

/// How long ago a moment was.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> Markup {
    html! { time.ago datetime=(rfc3339(at)) title=(rfc3339(at)) { (span(between(at, now).as_secs())) " ago" } }
}

/// A time span in its largest unit.
pub(super) fn span(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// How long something took.
pub(super) fn took(duration_ms: u64) -> String {
    if duration_ms == 0 { "under 1 ms".to_owned() } else { format!("{} ms", number(duration_ms)) }
}

/// An amount of memory.
pub(super) fn mebibytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit behind the point")]
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    if bytes.is_multiple_of(1 << 20) { format!("{mebibytes:.0} MiB") } else { format!("{mebibytes:.1} MiB") }
}

/// The name of a file, with the way to it on hover.
pub(super) fn file(path: &str) -> Markup {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    html! { code title=(path) { (name) } }
}

/// A whole number with its thousands apart.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// So many of a thing, by its names for one and for several.
pub(super) fn counted(count: u64, (one, several): (&str, &str)) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { several })
}

/// A share as a percentage.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0}\u{202f}%", share * 100.0)
}

/// The end of an id, which tells it apart from its neighbours; whole on hover.
pub(super) fn event_link(id: EventId) -> Markup {
    let text = id.to_string();
    html! { a.id href={ "/events/" (text) } title=(text) { (tail(&text)) } }
}

pub(super) fn delivery_link(id: &str) -> Markup {
    html! { a.id href={ "/deliveries/" (id) } title=(id) { (tail(id)) } }
}

fn tail(id: &str) -> &str {
    id.rsplit_once('-').map_or(id, |(_, tail)| tail)
}

pub(super) fn task_link(project: &str, task: Option<&str>) -> Markup {
    match task {
        Some(task) => html! { a href=(task_address(project, task)) { (task) } },
        None => html! { "–" },
    }
}

pub(super) fn task_address(project: &str, task: &str) -> String {
    format!("/projects/{project}/tasks/{}", percent_encoding::utf8_percent_encode(task, percent_encoding::NON_ALPHANUMERIC))
}

/// A version of a component, in short.
pub(super) fn digest(of: Option<&str>) -> Markup {
    let short = Digest::of(b"").short().len();
    match of {
        Some(digest) => html! { code title=(digest) { (digest.get(..short).unwrap_or(digest)) } },
        None => html! { "–" },
    }
}

/// JSON as people read it; a text as it is.
pub(super) fn json(value: &Value) -> Markup {
    let text = match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    html! { pre tabindex="0" { (text) } }
}

/// A value on one line.
pub(super) fn inline(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    };
    shortened(&text, 120)
}

pub(super) fn shortened(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A field of a filter.
pub(super) enum Field<'f> {
    /// A text to type: name, label, and what stands in it while it is empty.
    Text(&'f str, &'f str, &'f str),
    /// One of a few values, or any.
    Choice(&'f str, &'f str, Vec<String>),
}

/// What is chosen in a filter now.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(query: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    /// The same filters, with one name set to something else.
    pub(super) fn with(&self, name: &str, value: &str) -> String {
        let kept = self.0.iter().filter(|(known, value)| known != name && !value.trim().is_empty());
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(kept);
        if !value.is_empty() {
            text.append_pair(name, value);
        }
        text.finish()
    }
}

/// A form that filters a listing.
pub(super) fn filter(path: &str, query: &Query, fields: &[Field<'_>]) -> Markup {
    html! {
        form.filter method="get" action=(path) role="search" {
            @for field in fields {
                label {
                    @match field {
                        Field::Text(name, label, hint) => {
                            span { (label) }
                            input type="search" name=(name) value=(query.get(name)) placeholder=(hint) autocomplete="off";
                        }
                        Field::Choice(name, label, values) => {
                            span { (label) }
                            select name=(name) {
                                option value="" { "any" }
                                @for value in values { option value=(value) selected[query.get(name) == value] { (value) } }
                            }
                        }
                    }
                }
            }
            button type="submit" { "Find" }
            a.reset href=(path) { "Clear" }
        }
    }
}

/// The way to the newest and to the next page of a listing.
pub(super) fn pager(path: &str, query: &Query, next: Option<i64>, is_empty: bool) -> Markup {
    html! {
        p.pager {
            @if !query.get("before").is_empty() { a href={ (path) "?" (query.with("before", "")) } { "← Newest" } }
            @match next {
                Some(next) => {
                    a rel="next" href={ (path) "?" (query.with("before", &next.to_string())) } {
                        @if is_empty { "Nothing yet: look further back →" } @else { "Older →" }
                    }
                }
                None if is_empty => { span { "Nothing found." } }
                None => { span { "That is all." } }
            }
        }
    }
}

/// Columns of numbers.
const NUMBERS: [&str; 3] = ["Agreement", "Attempts", "Weight"];

/// A table that scrolls by itself where it is wider than the screen.
pub(super) fn table(caption: &str, head: &[&str], rows: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption.hidden { (caption) }
                thead { tr { @for cell in head { th.number[NUMBERS.contains(cell)] scope="col" { (cell) } } } }
                tbody { (rows) }
            }
        }
    }
}

/// A part of a page that is fetched anew when something changes.
pub(super) fn live(id: &str, part: &Markup) -> Markup {
    html! { section id=(id) data-live { (part) } }
}

/// Markup that a plot made.
pub(super) fn drawn(svg: String) -> Markup {
    PreEscaped(svg)
}
