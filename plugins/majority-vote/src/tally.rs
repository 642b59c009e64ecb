//! The votes on one question, by value.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::ballot::Vote;

/// The votes on one question.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The values that were chosen, those with most votes first, of equal ones the one given first.
    pub groups: Vec<Group>,
    /// How many answers count.
    pub total: usize,
    /// What they weigh together.
    pub weight: f64,
}

/// The votes for one value.
#[derive(Clone, Debug)]
pub struct Group {
    /// The same for values that are the same.
    pub key: String,
    /// The value, spelled as most of them did.
    pub value: Value,
    /// How many answers chose it.
    pub votes: usize,
    /// What they weigh together.
    pub weight: f64,
    /// Its place among the values in the order in which they were given.
    pub first: usize,
}

/// Counts votes.
#[must_use]
pub fn count(votes: &[Vote]) -> Tally {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups: Vec<(Group, Spellings)> = Vec::new();
    for vote in votes {
        for choice in &vote.choices {
            let place = *places.entry(&choice.key).or_insert(groups.len());
            if place == groups.len() {
                groups.push((Group::new(&choice.key, place), Spellings::default()));
            }
            if let Some((group, spellings)) = groups.get_mut(place) {
                group.votes += 1;
                group.weight += vote.weight;
                spellings.add(&choice.value);
            }
        }
    }
    let named = groups.into_iter().map(|(group, spellings)| Group { value: spellings.commonest(), ..group });
    let mut groups: Vec<Group> = named.collect();
    groups.sort_by(|one, other| other.votes.cmp(&one.votes).then(one.first.cmp(&other.first)));
    Tally { groups, total: votes.len(), weight: votes.iter().map(|vote| vote.weight).sum() }
}

impl Group {
    fn new(key: &str, first: usize) -> Self {
        Self { key: key.to_owned(), value: Value::Null, votes: 0, weight: 0.0, first }
    }
}

/// How often a value was spelled in each way: `Cat` or `cat`, `1` or `1.0`.
#[derive(Default)]
struct Spellings<'a>(Vec<(&'a Value, usize)>);

impl<'a> Spellings<'a> {
    fn add(&mut self, value: &'a Value) {
        match self.0.iter_mut().find(|(spelling, _)| *spelling == value) {
            Some((_, times)) => *times += 1,
            None => self.0.push((value, 1)),
        }
    }

    /// The commonest spelling, of equally common ones the first.
    fn commonest(&self) -> Value {
        let mut best: Option<&(&Value, usize)> = None;
        for spelling in &self.0 {
            if best.is_none_or(|best| spelling.1 > best.1) {
                best = Some(spelling);
            }
        }
        best.map_or(Value::Null, |(value, _)| (*value).clone())
    }
}

#[cfg(test)]
mod tests;
