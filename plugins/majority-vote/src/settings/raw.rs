//! Settings as people write them: every key may be missing.
//!
//! They are read for every event. So each member goes straight to its place; what serde's `flatten` would do, keep all of them first, takes
//! several times as long.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::{Emit, Lists, PerWorker, Question, Rules, Settings, Subject, Ties, Unicode, Weights};

/// What may be said for all questions, and again for one.
#[derive(Default)]
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
struct Whole {
    counting: Counting,
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
            counting: Counting::default(),
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

/// A table whose members are read one by one, into what stands for all that is missing.
trait Table: Default {
    /// Reads the value of the member `name`. Of members of one name the last one counts.
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, members: &mut A) -> Result<(), A::Error>;
}

impl Table for Counting {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, members: &mut A) -> Result<(), A::Error> {
        match name {
            "lists" => self.lists = members.next_value()?,
            "count_blank" => self.count_blank = members.next_value()?,
            "ignore_case" => self.ignore_case = members.next_value()?,
            "ignore_space" => self.ignore_space = members.next_value()?,
            "unicode" => self.unicode = members.next_value()?,
            "text_numbers" => self.text_numbers = members.next_value()?,
            "minimum_answers" => self.minimum_answers = members.next_value()?,
            "quorum" => self.quorum = members.next_value()?,
            "agreement" => self.agreement = members.next_value()?,
            "ties" => self.ties = members.next_value()?,
            unknown => return Err(A::Error::unknown_field(unknown, &COUNTING)),
        }
        Ok(())
    }
}

/// The members of [`Counting`].
const COUNTING: [&str; 10] =
    ["lists", "count_blank", "ignore_case", "ignore_space", "unicode", "text_numbers", "minimum_answers", "quorum", "agreement", "ties"];

impl Table for Whole {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, members: &mut A) -> Result<(), A::Error> {
        match name {
            "pointer" => self.pointer = members.next_value()?,
            "questions" => self.questions = members.next_value()?,
            "per_worker" => self.per_worker = members.next_value()?,
            "weights" => self.weights = members.next_value()?,
            "skip_gold" => self.skip_gold = members.next_value()?,
            "skip_set_aside" => self.skip_set_aside = members.next_value()?,
            "on_answered" => self.on_answered = members.next_value()?,
            "emit" => self.emit = members.next_value()?,
            counting => self.counting.read(counting, members)?,
        }
        Ok(())
    }
}

/// Makes settings of their JSON.
pub(super) fn settings(json: &str) -> Result<Settings, String> {
    let mut json = serde_json::Deserializer::from_str(json);
    let whole = read::<Whole, _>(&mut json)?;
    json.end().map_err(|error| error.to_string())?;
    let rules = whole.counting.or(&Rules::default());
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

fn read<'de, T: Table, D: Deserializer<'de, Error = serde_json::Error>>(from: D) -> Result<T, String> {
    from.deserialize_map(Members(PhantomData)).map_err(|error| error.to_string())
}

/// Reads a table's members in the order in which they are written.
struct Members<T>(PhantomData<T>);

impl<'de, T: Table> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<T, A::Error> {
        let mut table = T::default();
        while let Some(name) = members.next_key::<String>()? {
            table.read(&name, &mut members)?;
        }
        Ok(table)
    }
}
