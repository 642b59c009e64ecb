//! Settings as people write them: every key may be missing.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Emit, Lists, PerWorker, Question, Rules, Settings, Subject, Ties, Unicode, Weights};

/// What may be said for all questions, and again for one.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Counting {
    lists: Option<Lists>,
    count_blank: Option<bool>,
    ignore_case: Option<bool>,
    ignore_space: Option<bool>,
    unicode: Option<Unicode>,
    text_numbers: Option<bool>,
    minimum_answers: Option<usize>,
    quorum: Option<usize>,
    agreement: Option<f64>,
    ties: Option<Ties>,
}

impl Counting {
    /// These rules where they say something, else `others`.
    fn or(self, others: &Rules) -> Rules {
        Rules {
            lists: self.lists.unwrap_or(others.lists),
            count_blank: self.count_blank.unwrap_or(others.count_blank),
            ignore_case: self.ignore_case.unwrap_or(others.ignore_case),
            ignore_space: self.ignore_space.unwrap_or(others.ignore_space),
            unicode: self.unicode.unwrap_or(others.unicode),
            text_numbers: self.text_numbers.unwrap_or(others.text_numbers),
            minimum_answers: self.minimum_answers.unwrap_or(others.minimum_answers),
            quorum: self.quorum.unwrap_or(others.quorum),
            agreement: self.agreement.or(others.agreement),
            ties: self.ties.unwrap_or(others.ties),
        }
    }
}

/// What may be said once.
#[derive(Deserialize)]
#[serde(default)]
struct Whole {
    pointer: String,
    questions: Option<Value>,
    per_worker: PerWorker,
    weights: Weights,
    skip_gold: bool,
    skip_set_aside: bool,
    on_answered: bool,
    emit: Emit,
}

impl Default for Whole {
    fn default() -> Self {
        Self {
            pointer: String::new(),
            questions: None,
            per_worker: PerWorker::default(),
            weights: Weights::default(),
            skip_gold: true,
            skip_set_aside: true,
            on_answered: false,
            emit: Emit::default(),
        }
    }
}

/// The keys of [`Whole`]; what else there is belongs to [`Counting`] or is unknown, which that will say.
const WHOLE: [&str; 8] = ["pointer", "questions", "per_worker", "weights", "skip_gold", "skip_set_aside", "on_answered", "emit"];

/// Makes settings of their members.
pub(super) fn settings(members: Map<String, Value>) -> Result<Settings, String> {
    let (whole, counting): (Map<_, _>, Map<_, _>) = members.into_iter().partition(|(key, _)| WHOLE.contains(&key.as_str()));
    let whole: Whole = read(Value::Object(whole))?;
    let rules = read::<Counting>(Value::Object(counting))?.or(&Rules::default());
    let subject = match whole.questions {
        None => Subject::One(whole.pointer),
        Some(Value::String(word)) if word == "all" => Subject::All(whole.pointer),
        Some(Value::Object(questions)) => Subject::Named(named(questions, &rules)?),
        Some(other) => {
            return Err(format!("`questions` is `{other}`: write `\"all\"` or a table"));
        }
    };
    Ok(Settings {
        subject,
        rules,
        per_worker: whole.per_worker,
        weights: whole.weights,
        skip_gold: whole.skip_gold,
        skip_set_aside: whole.skip_set_aside,
        on_answered: whole.on_answered,
        emit: whole.emit,
    })
}

fn named(questions: Map<String, Value>, rules: &Rules) -> Result<Vec<Question>, String> {
    let one = |(name, value)| match value {
        Value::String(pointer) => Ok(Question { name, pointer, rules: rules.clone() }),
        Value::Object(mut members) => {
            let Some(Value::String(pointer)) = members.remove("pointer") else {
                return Err(format!("question `{name}` has no `pointer`"));
            };
            let counting: Counting = read(Value::Object(members)).map_err(|error| format!("question `{name}`: {error}"))?;
            Ok(Question { name, pointer, rules: counting.or(rules) })
        }
        other => Err(format!("question `{name}` is `{other}`: write a pointer or a table")),
    };
    questions.into_iter().map(one).collect()
}

fn read<T: for<'a> Deserialize<'a>>(value: Value) -> Result<T, String> {
    T::deserialize(value).map_err(|error| error.to_string())
}
