//! The votes in the shape that readers of old results know.
//!
//! The predecessor of this plugin saved pandas' `Series.describe()` as `summary` and `Series.value_counts()` as `analysis`.
//! Pages and scripts that read these keep working: the names are pandas', quantiles are interpolated as pandas does, the
//! standard deviation is that of a sample. Where pandas has NaN there is null, and `top` is null in a tie.

use serde_json::{Map, Value, json};

use crate::normal;
use crate::size;
use crate::tally::Tally;

/// pandas' `describe()`: `count`, `unique`, `top`, `freq`; or for numbers `count`, `mean`, `std`, `min`, the quartiles, `max`.
///
/// `top` is null too when it does not fit into `budget`, which is lowered by its bytes.
#[must_use]
pub fn describe(tally: &Tally, budget: &mut usize) -> Value {
    match numbers(tally) {
        Some(numbers) if !numbers.is_empty() => describe_numbers(&numbers),
        _ => describe_values(tally, budget),
    }
}

fn describe_values(tally: &Tally, budget: &mut usize) -> Value {
    let count: usize = tally.groups.iter().map(|group| group.votes).sum();
    let freq = tally.groups.first().map(|group| group.votes);
    let mut ahead = tally.groups.iter().filter(|group| Some(group.votes) == freq);
    let top = match (ahead.next(), ahead.next()) {
        (Some(group), None) if size::take(budget, &group.value) => group.value.clone(),
        _ => Value::Null,
    };
    json!({ "count": count, "unique": tally.groups.len(), "top": top, "freq": freq })
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

fn describe_numbers(sorted: &[f64]) -> Value {
    let count = sorted.len();
    #[expect(clippy::cast_precision_loss, reason = "there are some thousands of answers at most")]
    let n = count as f64;
    let mean = sorted.iter().sum::<f64>() / n;
    let squares: f64 = sorted.iter().map(|number| (number - mean).powi(2)).sum();
    let std = (count > 1).then(|| (squares / (n - 1.0)).sqrt());
    json!({
        "count": count,
        "mean": mean,
        "std": std,
        "min": sorted.first(),
        "25%": quantile(sorted, 1),
        "50%": quantile(sorted, 2),
        "75%": quantile(sorted, 3),
        "max": sorted.last(),
    })
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

/// pandas' `value_counts()`: from value to votes, most votes first, as far as `budget` reaches, which is lowered by the
/// bytes used; and how many values did not fit.
///
/// Names in a JSON object are texts: a text stands as it is, a number, true and false as JSON writes them, a list or an
/// object as its JSON. Where two values would have the same name, the second is written as JSON.
#[must_use]
pub fn value_counts(tally: &Tally, budget: &mut usize) -> (Value, usize) {
    let mut counts = Map::new();
    let mut left_out = 0;
    for group in &tally.groups {
        let mut name = match &group.value {
            Value::String(text) => text.clone(),
            Value::Number(number) => normal::spelled(number),
            other => other.to_string(),
        };
        if counts.contains_key(&name) {
            name = group.value.to_string();
        }
        // Quotes and line breaks in a name are escaped, so its size is taken from what will be written.
        if counts.contains_key(&name) || !size::take(budget, &Value::from(name.as_str())) {
            left_out += 1;
            continue;
        }
        counts.insert(name, group.votes.into());
    }
    (Value::Object(counts), left_out)
}

#[cfg(test)]
mod tests;
