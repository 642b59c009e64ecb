//! What the votes on one question come to.

use serde_json::Value;

use crate::settings::{Lists, Rules, Ties};
use crate::tally::{Group, Tally};

/// Sums of weights that differ by less are equal: 0.1 + 0.2 is not 0.3.
const EPSILON: f64 = 1e-9;

/// What the votes on one question come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The answer; null while undecided.
    pub answer: Value,
    /// How many answers agree with it, or with the value that has most votes while undecided.
    pub votes: usize,
    /// How many answers count.
    pub total: usize,
    /// The share of the answers, by weight, that agree: 0 to 1.
    pub agreement: f64,
    /// Whether several values are equally far ahead.
    pub tie: bool,
    /// Those values, in the order in which they were given; empty without a tie.
    pub tied: Vec<Value>,
    /// Whether there is an answer.
    pub decided: bool,
    /// Why, in a few words for people. Never holds what anybody answered.
    pub reason: String,
    /// The keys of the values that an answer has to hold in order to agree. Empty while undecided.
    winners: Vec<String>,
}

impl Verdict {
    /// Whether an answer that chose these keys agrees; none while undecided.
    #[must_use]
    pub fn agrees<'a>(&self, mut chosen: impl Iterator<Item = &'a str> + Clone, rules: &Rules) -> Option<bool> {
        if !self.decided {
            return None;
        }
        let is_winner = |key: &str| self.winners.iter().any(|winner| winner == key);
        Some(if rules.lists == Lists::Set {
            chosen.clone().all(is_winner) && chosen.count() == self.winners.len()
        } else {
            chosen.any(is_winner)
        })
    }
}

/// Decides one question.
#[must_use]
pub fn decide(tally: &Tally, rules: &Rules) -> Verdict {
    if tally.total == 0 {
        return undecided("no answer counts".to_owned());
    }
    let found = if rules.lists == Lists::Set { set(tally, rules) } else { leader(tally, rules) };
    let too_few = tally.total < rules.minimum_answers;
    let reason = if too_few {
        let count = if tally.total == 1 { "counts" } else { "count" };
        Some(format!("{} {count}, {} needed", answers(tally.total), are(rules.minimum_answers)))
    } else {
        found.missing
    };
    let decided = reason.is_none();
    Verdict {
        answer: if decided { found.answer } else { Value::Null },
        votes: found.votes,
        total: tally.total,
        agreement: found.agreement,
        tie: !found.tied.is_empty(),
        tied: found.tied.iter().map(|group| group.value.clone()).collect(),
        decided,
        reason: reason.unwrap_or(found.reason),
        winners: if decided { found.winners } else { Vec::new() },
    }
}

fn undecided(reason: String) -> Verdict {
    Verdict {
        answer: Value::Null,
        votes: 0,
        total: 0,
        agreement: 0.0,
        tie: false,
        tied: Vec::new(),
        decided: false,
        reason,
        winners: Vec::new(),
    }
}

/// What one way of counting has found.
struct Found<'a> {
    answer: Value,
    winners: Vec<String>,
    votes: usize,
    agreement: f64,
    tied: Vec<&'a Group>,
    /// Why it is decided, if it is.
    reason: String,
    /// Why it is not.
    missing: Option<String>,
}

/// The value with the greatest weight.
fn leader<'a>(tally: &'a Tally, rules: &Rules) -> Found<'a> {
    let greatest = tally.groups.iter().map(|group| group.weight).fold(0.0, f64::max);
    let mut ahead: Vec<&Group> = tally.groups.iter().filter(|group| greatest - group.weight < EPSILON).collect();
    ahead.sort_by_key(|group| group.first);
    let votes = ahead.iter().map(|group| group.votes).min().unwrap_or(0);
    let agreement = share(greatest, tally);
    let tie = ahead.len() > 1;
    let of_all = format!("{votes} of {}", answers(tally.total));
    let tied_words = if tie { format!("tie: {} values have {of_all} each", ahead.len()) } else { String::new() };
    let missing = if tie && rules.ties == Ties::Undecided {
        Some(tied_words.clone())
    } else if votes < rules.quorum {
        Some(format!("{of_all} agree, {} needed", are(rules.quorum)))
    } else {
        short_of(agreement, rules)
    };
    let winners: Vec<&Group> = match rules.ties {
        Ties::All => ahead.clone(),
        Ties::First | Ties::Undecided => ahead.iter().take(1).copied().collect(),
    };
    let answer = if tie && rules.ties == Ties::All {
        winners.iter().map(|group| group.value.clone()).collect()
    } else {
        winners.first().map_or(Value::Null, |group| group.value.clone())
    };
    let reason = match (tie, rules.ties) {
        (true, Ties::All) => format!("{tied_words}, and the answer lists them"),
        (true, _) => format!("{tied_words}, and the one given first is taken"),
        (false, _) => format!("{of_all} {}", if votes == 1 { "agrees" } else { "agree" }),
    };
    Found {
        answer,
        winners: winners.iter().map(|group| group.key.clone()).collect(),
        votes,
        agreement,
        tied: if tie { ahead } else { Vec::new() },
        reason,
        missing,
    }
}

/// The values that enough answers chose, each judged on its own.
///
/// The agreement is that of the value on which people agree least, whether it is in or out.
fn set<'a>(tally: &'a Tally, rules: &Rules) -> Found<'a> {
    let mut given: Vec<&Group> = tally.groups.iter().collect();
    given.sort_by_key(|group| group.first);
    let is_tied = |group: &Group| rules.agreement.is_none() && (share(group.weight, tally) - 0.5).abs() < EPSILON;
    let is_in = |group: &Group| {
        let share = share(group.weight, tally);
        let enough = match rules.agreement {
            Some(least) => share >= least - EPSILON,
            None => share > 0.5 && !is_tied(group),
        };
        enough || (is_tied(group) && rules.ties == Ties::All)
    };
    let tied: Vec<&Group> = given.iter().copied().filter(|group| is_tied(group)).collect();
    let winners: Vec<&Group> = given.iter().copied().filter(|group| is_in(group)).collect();
    let mut votes = tally.total;
    let mut agreement: f64 = 1.0;
    for group in given {
        let share = share(group.weight, tally);
        let (for_it, share) = if is_in(group) { (group.votes, share) } else { (tally.total - group.votes, 1.0 - share) };
        votes = votes.min(for_it);
        agreement = agreement.min(share);
    }
    let answers = answers(tally.total);
    let half = format!(
        "tie: {} by half of {answers}",
        if tied.len() == 1 { "a value was chosen".to_owned() } else { format!("{} values were chosen", tied.len()) }
    );
    let missing = if !tied.is_empty() && rules.ties != Ties::All {
        Some(half.clone())
    } else {
        // So many have to agree on each value, whether it is in or out.
        (votes < rules.quorum).then(|| format!("{votes} of {answers} agree, {} needed", are(rules.quorum)))
    };
    let reason = match (tied.is_empty(), rules.agreement) {
        (false, _) => format!("{half}, and taken in"),
        (true, None) => format!("more than half of {answers} chose each value in it"),
        (true, Some(least)) => {
            format!("a share of {least} or more of {answers} chose each value in it")
        }
    };
    Found {
        answer: winners.iter().map(|group| group.value.clone()).collect(),
        winners: winners.iter().map(|group| group.key.clone()).collect(),
        votes,
        agreement,
        tied,
        reason,
        missing,
    }
}

fn share(weight: f64, tally: &Tally) -> f64 {
    if tally.weight > 0.0 { (weight / tally.weight).clamp(0.0, 1.0) } else { 0.0 }
}

fn short_of(agreement: f64, rules: &Rules) -> Option<String> {
    let least = rules.agreement?;
    let short = agreement < least - EPSILON;
    short.then(|| format!("the agreement is {agreement:.3}, {least} is needed"))
}

fn answers(number: usize) -> String {
    if number == 1 { "1 answer".to_owned() } else { format!("{number} answers") }
}

fn are(number: usize) -> String {
    if number == 1 { "1 is".to_owned() } else { format!("{number} are") }
}

#[cfg(test)]
mod tests;
