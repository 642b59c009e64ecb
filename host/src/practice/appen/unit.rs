//! Jobs, units and judgments: what Appen's payloads are made of.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Signal;
use crate::practice::moment;

/// A job: its units and how they are judged.
#[derive(Clone, Debug)]
pub struct Job {
    /// The job's id.
    pub id: i64,
    /// The job's title.
    pub title: String,
    /// How many judgments that count complete a unit.
    pub judgments_per_unit: usize,
    /// Whether each judgment is posted with `new_judgments`.
    pub send_judgments: bool,
    /// The rows put to people.
    pub units: Vec<Unit>,
}

/// A row put to people.
#[derive(Clone, Debug)]
pub struct Unit {
    /// The unit's id.
    pub id: i64,
    /// The source row.
    pub data: Value,
    /// Whether it is a test question.
    pub golden: bool,
    /// What people said.
    pub judgments: Vec<Judgment>,
    /// What a seed plans for people to say, in this order.
    pub planned: Vec<Judgment>,
}

/// What one person said about a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgment {
    /// The judgment's id.
    pub id: i64,
    /// Who said it.
    pub worker_id: i64,
    /// How far the person is trusted, 0 to 1.
    pub trust: f64,
    /// Question to answer; answers are texts or lists of texts.
    pub data: Value,
    /// Why it does not count, where it was rejected.
    pub rejected: Option<String>,
    /// Whether the person fell below the trust that the job wants.
    pub tainted: bool,
    /// Whether it is of a test question.
    pub golden: bool,
    /// The person's country, three letters.
    pub country: String,
}

impl Judgment {
    /// A judgment that counts, of a person who is fully trusted.
    #[must_use]
    pub fn new(id: i64, worker_id: i64, data: Value) -> Self {
        let country = "ESP".to_owned();
        Self { id, worker_id, trust: 1.0, data, rejected: None, tainted: false, golden: false, country }
    }

    /// Whether the judgment counts towards completion and aggregates.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.rejected.is_none() && !self.tainted
    }
}

impl Unit {
    /// A unit that nobody has judged.
    #[must_use]
    pub fn new(id: i64, data: Value) -> Self {
        Self { id, data, golden: false, judgments: Vec::new(), planned: Vec::new() }
    }
}

impl Job {
    /// A job without units, three judgments each, which sends no single judgments.
    #[must_use]
    pub fn new(id: i64) -> Self {
        Self { id, title: format!("Practice job {id}"), judgments_per_unit: 3, send_judgments: false, units: Vec::new() }
    }

    pub(super) fn take_planned(&mut self, unit: i64) -> Option<Judgment> {
        let unit = self.units.iter_mut().find(|other| other.id == unit)?;
        if unit.planned.is_empty() { None } else { Some(unit.planned.remove(0)) }
    }

    /// Adds a judgment and gives what is to be posted for it.
    pub(super) fn judge(&mut self, unit: i64, judgment: Judgment, now: Timestamp) -> Vec<(Signal, Value)> {
        let needed = self.judgments_per_unit;
        let Some(row) = self.units.iter_mut().find(|other| other.id == unit) else {
            return Vec::new();
        };
        let before = row.judgments.iter().filter(|judgment| judgment.counts()).count();
        let completes = judgment.counts() && before < needed && before + 1 >= needed;
        row.judgments.push(judgment);
        if row.golden {
            return Vec::new();
        }
        let Some(row) = self.units.iter().find(|other| other.id == unit) else {
            return Vec::new();
        };
        let payload = self.unit_payload(row, now);
        let mut due = Vec::new();
        if self.send_judgments {
            due.push((Signal::NewJudgments, payload.clone()));
        }
        if completes {
            due.push((Signal::UnitComplete, payload));
        }
        due
    }

    pub(super) fn payload(&self) -> Value {
        json!({
            "id": self.id,
            "title": self.title,
            "judgments_per_unit": self.judgments_per_unit,
            "units_count": self.units.len(),
            "golds_count": self.units.iter().filter(|unit| unit.golden).count(),
            "judgments_count": self.units.iter().map(|unit| unit.judgments.len()).sum::<usize>(),
            "state": "running",
            "secret": format!("practice-secret-of-job-{}", self.id),
        })
    }

    /// A unit with all its judgments, and the aggregate of each question.
    pub(super) fn unit_payload(&self, unit: &Unit, now: Timestamp) -> Value {
        let now = moment::with_offset(now);
        let complete = unit.judgments.iter().filter(|judgment| judgment.counts()).count() >= self.judgments_per_unit;
        let state = match (unit.golden, complete, unit.judgments.is_empty()) {
            (true, ..) => "golden",
            (_, true, _) => "finalized",
            (_, _, true) => "judgeable",
            _ => "judging",
        };
        let judgments = unit.judgments.iter().map(|judgment| self.judgment_payload(unit, judgment, state, &now));
        let mut results = Map::from_iter([("judgments".to_owned(), judgments.collect())]);
        let mut confidences = Vec::new();
        for question in questions(unit) {
            if let Some((answer, confidence)) = aggregate(unit, &question) {
                confidences.push(confidence);
                results.insert(question, json!({"agg": answer, "confidence": confidence}));
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a form has few questions")]
        let agreement = confidences.iter().sum::<f64>() / confidences.len().max(1) as f64;
        json!({
            "id": unit.id, "data": unit.data, "judgments_count": unit.judgments.len(), "state": state,
            "agreement": rounded(agreement), "missed_count": 0, "gold_pool": null, "created_at": now, "updated_at": now,
            "job_id": self.id, "results": results,
        })
    }

    fn judgment_payload(&self, unit: &Unit, judgment: &Judgment, state: &str, now: &str) -> Value {
        json!({
            "id": judgment.id, "created_at": now, "started_at": now, "acknowledged_at": null,
            "external_type": "cf_internal", "golden": judgment.golden, "missed": null, "rejected": judgment.rejected,
            "tainted": judgment.tainted, "country": judgment.country, "region": "", "city": "", "unit_id": unit.id,
            "job_id": self.id, "worker_id": judgment.worker_id, "trust": judgment.trust,
            "worker_trust": judgment.trust, "unit_state": state, "data": judgment.data, "unit_data": unit.data,
        })
    }
}

/// The questions that somebody answered, in the order of their first mention. Keys that begin
/// with `_` are the platform's own.
fn questions(unit: &Unit) -> Vec<String> {
    let mut questions = Vec::new();
    for key in unit.judgments.iter().filter_map(|judgment| judgment.data.as_object()).flat_map(Map::keys) {
        if !key.starts_with('_') && !questions.contains(key) {
            questions.push(key.clone());
        }
    }
    questions
}

/// The answer with the most trust behind it, and that trust as a share of all.
fn aggregate(unit: &Unit, question: &str) -> Option<(String, f64)> {
    let mut trusts: Vec<(String, f64)> = Vec::new();
    for judgment in unit.judgments.iter().filter(|judgment| judgment.counts()) {
        let Some(answer) = judgment.data.get(question).map(text) else {
            continue;
        };
        match trusts.iter_mut().find(|(other, _)| *other == answer) {
            Some((_, trust)) => *trust += judgment.trust,
            None => trusts.push((answer, judgment.trust)),
        }
    }
    let total: f64 = trusts.iter().map(|(_, trust)| trust).sum();
    // The first of equals, as the answers came in.
    let best = trusts.into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map(|(answer, trust)| (answer, rounded(trust / total)))
}

fn text(answer: &Value) -> String {
    match answer {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    }
}

/// Four decimals, as the platform shows them.
fn rounded(share: f64) -> f64 {
    (share * 10_000.0).round() / 10_000.0
}
