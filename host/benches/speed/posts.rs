//! The posts that are sent, made before the time is taken: signed Appen posts, each about a unit of its own.

use crowdhook::practice::appen::{Signal, compose, sign};

use super::folder::{HOOK_TOKEN, JOB, SIGNING_TOKEN};

/// Whole requests, one behind the other.
#[derive(Debug)]
pub(crate) struct Posts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Of one of them, for the report.
    pub(crate) payload_bytes: usize,
    pub(crate) body_bytes: usize,
}

impl Posts {
    /// `count` posts to the hook of `project`, about units of [`JOB`] from `first` on.
    pub(crate) fn make(project: &str, first: u64, count: usize) -> Self {
        Self::about(JOB, project, first, count)
    }

    /// The same of any job.
    pub(crate) fn about(job: i64, project: &str, first: u64, count: usize) -> Self {
        let mut posts = Self { bytes: Vec::new(), ends: Vec::with_capacity(count), payload_bytes: 0, body_bytes: 0 };
        for unit in (first..).take(count) {
            let payload = payload(job, unit);
            let body = compose(&Signal::UnitComplete, &payload, Some(&sign(&payload, SIGNING_TOKEN)));
            let head = format!(
                "POST /hooks/{project}/{HOOK_TOKEN} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            posts.bytes.extend_from_slice(head.as_bytes());
            posts.bytes.extend_from_slice(body.as_bytes());
            posts.ends.push(posts.bytes.len());
            (posts.payload_bytes, posts.body_bytes) = (payload.len(), body.len());
        }
        posts
    }

    /// How many they are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The request of this number; numbers beyond the last begin again at the first.
    pub(crate) fn get(&self, number: usize) -> &[u8] {
        let place = number % self.ends.len().max(1);
        let end = self.ends.get(place).copied().unwrap_or(0);
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.bytes.get(start..end).unwrap_or_default()
    }
}

/// A unit of a job, with three judgments, two of which agree.
pub(crate) fn payload(job: i64, unit: u64) -> String {
    let judgment =
        |number: u64, animal: &str| format!(r#"{{"id":{},"worker_id":{number},"data":{{"animal":"{animal}"}}}}"#, unit * 3 + number);
    format!(
        r#"{{"id":{unit},"job_id":{job},"state":"finalized","updated_at":"2026-11-21T19:29:25Z","results":{{"judgments":[{},{},{}]}}}}"#,
        judgment(0, "cat"),
        judgment(1, "dog"),
        judgment(2, "cat"),
    )
}
