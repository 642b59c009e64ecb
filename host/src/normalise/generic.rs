//! What any other sender posts: JSON, in which the project's file says where things are.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::redact::{self, Step};
use super::{EVENTS_MAX, OtherProject, set_aside, unreadable};
use crate::config::{Generic, KindAt, Pointer, Project};
use crate::event::{EventKind, Normalised, Standing};
use crate::id::{PLATFORM_ID_BYTES_MAX, hex};
use crate::platform::generic::{id_of, moment_of, task_of};

/// So much of an unknown kind is kept.
const WORD_CHARS_MAX: usize = 64;

/// Why a body is no event.
enum No {
    /// It is another project's.
    Foreign,
    /// It is not what the project's file says; why, for people.
    Unreadable(String),
}

pub(super) fn normalise(project: &Project, body: &[u8], webhook_id: Option<&str>) -> Result<Vec<Normalised>, OtherProject> {
    let read = match &project.platform.generic {
        Some(shape) => Request { project, shape, webhook_id }.events(body),
        None => Err(No::Unreadable("the project's file has no `[generic]`".to_owned())),
    };
    match read {
        Ok(events) => Ok(events),
        Err(No::Foreign) => Err(OtherProject),
        Err(No::Unreadable(why)) => Ok(vec![unreadable(project, &digest(body), about(why), &String::from_utf8_lossy(body))]),
    }
}

/// One request, and what is needed to read it.
struct Request<'r> {
    project: &'r Project,
    shape: &'r Generic,
    /// The id that Standard Webhooks give the request.
    webhook_id: Option<&'r str>,
}

impl Request<'_> {
    /// In a list each event has a standing of its own, and one that is odd costs none of the others. A list without a single event of
    /// this project is another project's.
    fn events(&self, body: &[u8]) -> Result<Vec<Normalised>, No> {
        let body: Value = serde_json::from_slice(body).map_err(|error| No::Unreadable(format!("it is no JSON: {error}")))?;
        let Some(at) = &self.shape.events else { return self.event(body, None).map(|event| vec![event]) };
        let events = match at.find(&body) {
            Some(Value::Array(events)) => events,
            _ => return Err(No::Unreadable(format!("`{at}` holds no list of events"))),
        };
        if events.is_empty() || events.len() > EVENTS_MAX {
            return Err(No::Unreadable(format!("`{at}` holds {} events; 1 to {EVENTS_MAX} are taken at a time", events.len())));
        }
        let read: Vec<_> = events.iter().enumerate().map(|(place, event)| self.event(event.clone(), Some(place))).collect();
        if read.iter().all(|read| matches!(read, Err(No::Foreign))) {
            return Err(No::Foreign);
        }
        Ok(read.into_iter().zip(events).map(|(read, event)| read.unwrap_or_else(|no| self.no_event(no, event))).collect())
    }

    /// What is kept of something in a list that is no event; of another project's, only that it was there.
    fn no_event(&self, no: No, event: &Value) -> Normalised {
        let text = event.to_string();
        let key = digest(text.as_bytes());
        match no {
            No::Foreign => set_aside(Standing::Ignored, &format!("other-project/{key}"), about(OtherProject.to_string())),
            No::Unreadable(why) => unreadable(self.project, &key, about(why), &text),
        }
    }

    /// One event; `place` is where it stands in a list.
    fn event(&self, event: Value, place: Option<usize>) -> Result<Normalised, No> {
        if let Some(at) = &self.shape.project
            && id_of(at.find(&event)).as_ref() != Some(&self.project.platform.project)
        {
            return Err(No::Foreign);
        }
        if !event.is_object() {
            return Err(No::Unreadable("an event is no JSON object".to_owned()));
        }
        let kind = match self.kind(&event)? {
            Ok(kind) => kind,
            Err(word) => return Ok(self.ignored(&word, event, place)),
        };
        let task = self.task(&kind, &event)?;
        if let Some(task) = &task {
            // Whatever a plugin will ask for is read once before anybody is told that it is there.
            task_of(self.shape, &kind, task, &event).map_err(No::Unreadable)?;
        }
        Ok(Normalised {
            standing: Standing::Accepted,
            task,
            occurred_at: self.shape.time.as_ref().and_then(|at| at.find(&event)).and_then(moment_of),
            dedup_key: format!("{kind}/{}", self.dedup_key(&event, place)?),
            freshness: None,
            rerun: false,
            payload: self.payload(event).to_string(),
            kind,
        })
    }

    /// The kind; where the sender's word is not known, that word.
    fn kind(&self, event: &Value) -> Result<Result<EventKind, String>, No> {
        match &self.shape.kind {
            KindAt::Always(kind) => Ok(Ok(kind.clone())),
            KindAt::Word { at, kinds } => {
                let word = id_of(at.find(event)).ok_or_else(|| No::Unreadable(format!("no kind of event stands at `{at}`")))?;
                Ok(kinds.iter().find(|(known, _)| *known == word).map(|(_, kind)| kind.clone()).ok_or(word))
            }
        }
    }

    /// The task; none where an event of this kind may be about none.
    fn task(&self, kind: &EventKind, event: &Value) -> Result<Option<String>, No> {
        let at = self.shape.task.as_ref().filter(|_| !kind.as_str().starts_with("project."));
        let task = id_of(at.and_then(|at| at.find(event)));
        if task.is_none() && [EventKind::TASK_COMPLETED, EventKind::TASK_ANSWERED].contains(kind) {
            let at = at.map(Pointer::to_string).unwrap_or_default();
            return Err(No::Unreadable(format!(
                "no id of a task stands at `{at}`: a text or a whole number of at most {PLATFORM_ID_BYTES_MAX} bytes"
            )));
        }
        Ok(task)
    }

    /// What tells a repeat among the events of one kind.
    fn dedup_key(&self, event: &Value, place: Option<usize>) -> Result<String, No> {
        if self.shape.dedup_keys.is_empty() {
            return Ok(self.own_key(event, place));
        }
        let ids = self.shape.dedup_keys.iter().map(|at| {
            let id = id_of(at.find(event)).ok_or_else(|| No::Unreadable(format!("no id stands at `{at}`, which tells a repeat")))?;
            // Whatever they hold, two lists of ids never come out alike.
            Ok(id.replace('~', "~0").replace('/', "~1"))
        });
        Ok(format!("id/{}", ids.collect::<Result<Vec<_>, No>>()?.join("/")))
    }

    /// What tells a repeat where the project's file does not say.
    fn own_key(&self, event: &Value, place: Option<usize>) -> String {
        let Some(id) = self.webhook_id else { return format!("sha256/{}", digest(event.to_string().as_bytes())) };
        let id = if id.len() > PLATFORM_ID_BYTES_MAX { digest(id.as_bytes()) } else { id.to_owned() };
        match place {
            Some(place) => format!("webhook/{place}/{id}"),
            None => format!("webhook/{id}"),
        }
    }

    fn ignored(&self, word: &str, event: Value, place: Option<usize>) -> Normalised {
        let key = self.own_key(&event, place);
        let word: String = word.chars().take(WORD_CHARS_MAX).collect();
        let about = Map::from_iter([("kind".to_owned(), word.clone().into()), ("payload".to_owned(), self.payload(event))]);
        set_aside(Standing::Ignored, &format!("{word}/{key}"), about)
    }

    /// The event without its secrets. What the project's file points at is none, whatever it is called.
    fn payload(&self, mut event: Value) -> Value {
        let shape = self.shape;
        let of_event = [&shape.task, &shape.task_info].into_iter().flatten();
        let mut kept: Vec<Vec<Step>> = of_event.map(|at| at.steps().map(Step::Key).collect()).collect();
        if let Some(answers) = &shape.answers {
            let answer = &shape.answer;
            let of_answer = [&answer.id, &answer.worker, &answer.trust, &answer.time, &answer.set_aside].into_iter().flatten();
            let value = answer.value.iter().map(|at| at.steps().map(Step::Key).collect());
            // Without a pointer to the value, all of the answer is one.
            let value = value.chain(answer.value.is_none().then(Vec::new));
            for below in of_answer.map(|at| at.steps().map(Step::Key).collect::<Vec<_>>()).chain(value) {
                let to_answers = || answers.steps().map(Step::Key);
                kept.push(to_answers().chain([Step::Each]).chain(below.iter().cloned()).collect());
                // One answer alone, without a list around it.
                kept.push(to_answers().chain(below).collect());
            }
        }
        redact::all_but(&mut event, &kept.iter().map(Vec::as_slice).collect::<Vec<_>>());
        event
    }
}

/// Why it is set aside, for people.
fn about(why: String) -> Map<String, Value> {
    Map::from_iter([("why".to_owned(), why.into())])
}

fn digest(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes).as_slice())
}
