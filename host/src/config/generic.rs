//! `[generic]` of a project: where things are in what a sender posts that the host has no dialect for.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;

use super::pointer::Pointer;
use super::project::{Check, Maybe};
use super::raw::{self, Key};
use super::words;
use super::{AnswerAt, Generic, KindAt};
use crate::event::{EventKind, PlatformKind};

/// The kinds of the host that a sender's word may stand for. Besides them: any two words of one's own.
const KINDS: [EventKind; 4] =
    [EventKind::TASK_COMPLETED, EventKind::TASK_ANSWERED, EventKind::PROJECT_LOADED, EventKind::PROJECT_COMPLETED];

const KIND_HELP: &str = "write where it stands (`kind = \"/type\"`, and what the sender's words mean below `[generic.kinds]`), or one for all: `kind = \"task.completed\"`";

const KINDS_HELP: &str = "write `kinds = { \"item.done\" = \"task.completed\" }`: the sender's word, and what it means";

impl Check<'_, '_> {
    /// The table, which a project of kind `generic` has and no other.
    pub(super) fn generic(&mut self, said: Option<Spanned<raw::Generic>>, kind: Option<PlatformKind>) -> Maybe<Generic> {
        let is_generic = kind == Some(PlatformKind::Generic);
        match said {
            Some(said) if is_generic => {
                let span = said.span();
                self.generic_table(said.into_inner(), &span).map(Some)
            }
            Some(said) => {
                if let Some(kind) = kind {
                    let help = format!("take it out, or write `kind = \"generic\"` in `[platform]`: what {kind} posts is known");
                    self.document.error(&said.span(), "`[generic]` is for senders without a dialect of their own", Some(help));
                }
                Some(None)
            }
            None if is_generic => {
                let help = "write `[generic]` and below it where things are in a body: `kind = \"task.completed\"`, `task = \"/task/id\"`";
                self.document.missing("generic", &(0..0), help);
                None
            }
            None => Some(None),
        }
    }

    fn generic_table(&mut self, said: raw::Generic, span: &Range<usize>) -> Option<Generic> {
        let events = self.pointer("generic.events", said.events);
        let project = self.pointer("generic.project", said.project);
        let has_task = said.task.is_some() || self.document.was_lost("generic.task");
        let task = self.pointer("generic.task", said.task);
        let dedup_keys = self.dedup_keys(said.dedup_key, said.dedup_keys);
        let time = self.pointer("generic.time", said.time);
        let task_info = self.pointer("generic.task_info", said.task_info);
        let answers_span = said.answers.as_ref().map(Spanned::span);
        let answers = self.pointer("generic.answers", said.answers);
        let has_answers = answers_span.is_some() || self.document.was_lost("generic.answers");
        let answer = self.answer_at(said.answer, has_answers);
        let kind = self.kind_at(said.kind, said.kinds, span);
        let is_of_task = |kind: &EventKind| [EventKind::TASK_COMPLETED, EventKind::TASK_ANSWERED].contains(kind);
        if !has_task && let Some(kind) = kind.iter().flat_map(KindAt::kinds).find(|kind| is_of_task(kind)) {
            let help = format!("write where the task's id is: `task = \"/task/id\"`; an event of kind `{kind}` is about a task");
            self.document.missing("generic.task", span, &help);
        } else if !has_task && let Some(at) = answers_span {
            let help = "write where the id of the task is that they answer: `task = \"/task/id\"`";
            self.document.missing("generic.task", &at, help);
        }
        Some(Generic {
            events: events?,
            kind: kind?,
            project: project?,
            task: task?,
            dedup_keys: dedup_keys?,
            time: time?,
            task_info: task_info?,
            answers: answers?,
            answer: answer?,
        })
    }

    fn answer_at(&mut self, said: Option<Spanned<raw::AnswerAt>>, has_answers: bool) -> Option<AnswerAt> {
        let Some(said) = said else { return Some(AnswerAt::default()) };
        if !has_answers {
            let help =
                "write where the list of answers is: `answers = \"/answers\"`; what stands below `[generic.answer]` begins at one of them";
            self.document.missing("generic.answers", &said.span(), help);
        }
        let said = said.into_inner();
        let id = self.pointer("generic.answer.id", said.id);
        let worker = self.pointer("generic.answer.worker", said.worker);
        let value = self.pointer("generic.answer.value", said.value);
        let trust = self.pointer("generic.answer.trust", said.trust);
        let time = self.pointer("generic.answer.time", said.time);
        let set_aside = self.pointer("generic.answer.set_aside", said.set_aside);
        Some(AnswerAt { id: id?, worker: worker?, value: value?, trust: trust?, time: time?, set_aside: set_aside? })
    }

    fn dedup_keys(&mut self, one: Key<String>, several: Key<Vec<Spanned<String>>>) -> Option<Vec<Pointer>> {
        if let (Some(_), Some(several)) = (&one, &several) {
            let help = "write one of them; `dedup_keys` is for ids that tell a repeat together";
            self.document.error(&several.span(), "`generic.dedup_key` and `generic.dedup_keys` are both there", Some(help.to_owned()));
        }
        let all: Vec<Spanned<String>> = one.into_iter().chain(several.map(Spanned::into_inner).into_iter().flatten()).collect();
        let found: Vec<Option<Pointer>> = all.into_iter().map(|said| self.pointer("generic.dedup_key", Some(said)).flatten()).collect();
        found.into_iter().collect()
    }

    /// One kind for all, or where the sender's word for it is. A pointer begins with `/`, and a kind never does.
    fn kind_at(
        &mut self,
        said: Key<String>,
        kinds: Option<Spanned<BTreeMap<Spanned<String>, Spanned<String>>>>,
        span: &Range<usize>,
    ) -> Option<KindAt> {
        let Some(said) = said else {
            self.document.missing("generic.kind", span, KIND_HELP);
            return None;
        };
        if !said.get_ref().starts_with('/') {
            if let Some(kinds) = kinds {
                let help = "take them out, or write where the sender's word is: `kind = \"/type\"`";
                self.document.error(&kinds.span(), "`generic.kinds` has no use beside one kind for all", Some(help.to_owned()));
            }
            return self.event_kind("generic.kind", &said, KIND_HELP).map(KindAt::Always);
        }
        let at = self.pointer("generic.kind", Some(said)).flatten();
        let Some(kinds) = kinds.filter(|kinds| !kinds.get_ref().is_empty()) else {
            self.document.missing("generic.kinds", span, KINDS_HELP);
            return None;
        };
        let kinds: Vec<Option<(String, EventKind)>> = kinds
            .into_inner()
            .into_iter()
            .map(|(word, kind)| {
                let key = format!("generic.kinds.{}", word.get_ref());
                Some((word.into_inner(), self.event_kind(&key, &kind, KINDS_HELP)?))
            })
            .collect();
        Some(KindAt::Word { at: at?, kinds: kinds.into_iter().collect::<Option<_>>()? })
    }

    fn event_kind(&mut self, key: &str, said: &Spanned<String>, help: &str) -> Option<EventKind> {
        let parsed = said.get_ref().parse::<EventKind>();
        let (why, help) = match parsed {
            Ok(kind) if KINDS.contains(&kind) => return Some(kind),
            Ok(kind) if !kind.is_reserved() => {
                self.warn_of_a_near_kind(key, &kind, &said.span());
                return Some(kind);
            }
            Ok(kind) => {
                let near = words::nearest(kind.as_str(), KINDS.iter().map(EventKind::as_str));
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("write {}, or two words of your own", words::listed(KINDS.iter().map(EventKind::as_str))),
                };
                (format!("only the host makes events of kind `{kind}`"), help)
            }
            Err(error) => (error, help.to_owned()),
        };
        self.document.error(&said.span(), format!("`{key}`: {why}"), Some(help));
        None
    }

    /// A word of one's own that is nearly one of the host's is heard by no plugin that wants that one.
    fn warn_of_a_near_kind(&mut self, key: &str, kind: &EventKind, span: &Range<usize>) {
        let derived = ["task.analysed"];
        if let Some(near) = words::nearest(kind.as_str(), KINDS.iter().map(EventKind::as_str)).filter(|_| !derived.contains(&kind.as_str()))
        {
            self.document.warn(span, format!("`{key}`: `{kind}` is a kind of your own"), Some(format!("did you mean `{near}`?")));
        }
    }

    fn pointer(&mut self, key: &str, said: Key<String>) -> Maybe<Pointer> {
        let Some(said) = said else { return Some(None) };
        match said.get_ref().parse() {
            Ok(pointer) => Some(Some(pointer)),
            Err(why) => {
                let help = "write the keys that lead there, each after a `/`: `/task/id`; the empty text is all of it";
                self.document.error(&said.span(), format!("`{key}`: `{}` {why}", said.get_ref()), Some(help.to_owned()));
                None
            }
        }
    }
}

impl KindAt {
    fn kinds(&self) -> impl Iterator<Item = &EventKind> {
        let (always, words) = match self {
            Self::Always(kind) => (Some(kind), &[][..]),
            Self::Word { kinds, .. } => (None, kinds.as_slice()),
        };
        always.into_iter().chain(words.iter().map(|(_, kind)| kind))
    }
}
