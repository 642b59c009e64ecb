//! The votes in the shape that readers of old results know.
//!
//! The predecessor of this plugin saved pandas' `Series.describe()` as `summary` and `Series.value_counts()` as `analysis`.
//! Pages and scripts that read these keep working: the names are pandas', quantiles are interpolated as pandas does, the
//! standard deviation is that of a sample. Where pandas has NaN there is null, and `top` is null in a tie.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::normal;
use crate::size;
use crate::tally::Tally;

/// What pandas' `describe()` says.
#[derive(Debug, serde::Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "the names are pandas'")]
pub enum Description<'a> {
    /// Of values of any kind.
    Values { count: usize, unique: usize, top: Option<&'a Value>, freq: Option<usize> },
    /// Of numbers.
    Numbers {
        count: usize,
        mean: f64,
        std: Option<f64>,
        min: Option<f64>,
        #[serde(rename = "25%")]
        lower: Option<f64>,
        #[serde(rename = "50%")]
        median: Option<f64>,
        #[serde(rename = "75%")]
        upper: Option<f64>,
        max: Option<f64>,
    },
}

/// pandas' `describe()`: `count`, `unique`, `top`, `freq`; or for numbers `count`, `mean`, `std`, `min`, the quartiles, `max`.
///
/// `top` is null too when it does not fit into `budget`, which is lowered by its bytes.
#[must_use]
pub fn describe<'a>(tally: &'a Tally, budget: &mut usize) -> Description<'a> {
    match numbers(tally) {
        Some(numbers) if !numbers.is_empty() => describe_numbers(&numbers),
        _ => describe_values(tally, budget),
    }
}

fn describe_values<'a>(tally: &'a Tally, budget: &mut usize) -> Description<'a> {
    let count: usize = tally.groups.iter().map(|group| group.votes).sum();
    let freq = tally.groups.first().map(|group| group.votes);
    let mut ahead = tally.groups.iter().filter(|group| Some(group.votes) == freq);
    let top = match (ahead.next(), ahead.next()) {
        (Some(group), None) if size::take(budget, size::of(&group.value)) => Some(&group.value),
        _ => None,
    };
    Description::Values { count, unique: tally.groups.len(), top, freq }
}

/// The numbers that were voted for, each as often as it was, in order; none when anything is no number.
fn numbers(tally: &Tally) -> Option<Vec<f64>> {
    let mut numbers = Vec::with_capacity(tally.total);
    for group in &tally.groups {
        let number = group.value.as_f64()?;
        numbers.extend(std::iter::repeat_n(number, group.votes));
    }
    numbers.sort_by(f64::total_cmp);
    Some(numbers)
}

fn describe_numbers(sorted: &[f64]) -> Description<'static> {
    let count = sorted.len();
    #[expect(clippy::cast_precision_loss, reason = "there are some thousands of answers at most")]
    let n = count as f64;
    let mean = sorted.iter().sum::<f64>() / n;
    let squares: f64 = sorted.iter().map(|number| (number - mean).powi(2)).sum();
    let std = (count > 1).then(|| (squares / (n - 1.0)).sqrt());
    Description::Numbers {
        count,
        mean,
        std,
        min: sorted.first().copied(),
        lower: quantile(sorted, 1),
        median: quantile(sorted, 2),
        upper: quantile(sorted, 3),
        max: sorted.last().copied(),
    }
}

/// The first, second or third quartile, interpolated between its neighbours as numpy does.
fn quantile(sorted: &[f64], quarter: usize) -> Option<f64> {
    let place = (sorted.len().checked_sub(1)?) * quarter;
    let low = *sorted.get(place / 4)?;
    let high = *sorted.get(place / 4 + 1).unwrap_or(&low);
    let step = match place % 4 {
        0 => return Some(low),
        1 => 0.25,
        2 => 0.5,
        _ => 0.75,
    };
    // numpy comes from the nearer side, which differs in the last digit.
    Some(if step < 0.5 { low + (high - low) * step } else { high - (high - low) * (1.0 - step) })
}

/// What pandas' `value_counts()` says: values by name with their votes, most votes first.
#[derive(Debug)]
pub struct Counts<'a>(Vec<(Cow<'a, str>, usize)>);

impl Serialize for Counts<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (name, votes) in &self.0 {
            map.serialize_entry(name, votes)?;
        }
        map.end()
    }
}

/// pandas' `value_counts()`: from value to votes, most votes first, as far as `budget` reaches, which is lowered by the
/// bytes used; and how many values did not fit.
///
/// Names in a JSON object are texts: a text stands as it is, a number, true and false as JSON writes them, a list or an
/// object as its JSON. Where two values would have the same name, the second is written as JSON.
#[must_use]
pub fn value_counts<'a>(tally: &'a Tally, budget: &mut usize) -> (Counts<'a>, usize) {
    let mut counts = Vec::with_capacity(tally.groups.len());
    let mut taken: BTreeSet<Cow<'a, str>> = BTreeSet::new();
    let mut left_out = 0;
    for group in &tally.groups {
        let mut name = match &group.value {
            Value::String(text) => Cow::Borrowed(text.as_str()),
            Value::Number(number) => normal::spelled(number).into(),
            other => other.to_string().into(),
        };
        if taken.contains(&name) {
            name = group.value.to_string().into();
        }
        // Quotes and line breaks in a name are escaped, so its size is taken from what will be written.
        if taken.contains(&name) || !size::take(budget, size::of_text(&name)) {
            left_out += 1;
            continue;
        }
        taken.insert(name.clone());
        counts.push((name, group.votes));
    }
    (Counts(counts), left_out)
}

#[cfg(test)]
mod tests;
