//! Whose turn it is among those who have something that is due: projects one after the other, their members (plugins, connections) one
//! after the other, and within a member those that yield and fresh ones alternately. Pure, but for who had the last turn, which a host
//! remembers: so one that claims little at a time serves all.

use std::collections::{HashMap, HashSet, VecDeque};

/// What a member has that is due, the first first, and how much of it may be leased.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) number: i64,
    pub(super) project: i64,
    pub(super) fresh: VecDeque<i64>,
    pub(super) yielding: VecDeque<i64>,
    /// Whether there may be more of it than was looked at.
    pub(super) more: bool,
    /// How many more may be leased, and how many more of those that yield.
    pub(super) room: usize,
    pub(super) yielding_room: usize,
}

/// Who had the last turns.
#[derive(Debug, Default)]
pub(super) struct Turns {
    turn: u64,
    projects: HashMap<i64, u64>,
    members: HashMap<i64, Last>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Last {
    turn: u64,
    yielding: bool,
}

impl Member {
    fn first(&self) -> Option<i64> {
        if self.room == 0 {
            return None;
        }
        let yielding = self.yielding.front().filter(|_| self.yielding_room > 0);
        self.fresh.front().into_iter().chain(yielding).min().copied()
    }

    fn take(&mut self, after_yielding: bool) -> Option<(i64, bool)> {
        for yielding in [!after_yielding, after_yielding] {
            let found = match yielding {
                true if self.yielding_room > 0 => self.yielding.pop_front(),
                true => None,
                false => self.fresh.pop_front(),
            };
            if let Some(id) = found {
                self.room -= 1;
                self.yielding_room -= usize::from(yielding);
                return Some((id, yielding));
            }
        }
        None
    }
}

impl Turns {
    /// Up to `limit` of what is due, in the order of the turns.
    pub(super) fn pick(&mut self, members: &mut [Member], limit: usize) -> Vec<i64> {
        let mut picked = Vec::new();
        while picked.len() < limit {
            let whose = |(number, member): (usize, &Member)| {
                let first = member.first()?;
                let project = self.projects.get(&member.project).copied().unwrap_or(0);
                let last = self.members.get(&member.number).map_or(0, |last| last.turn);
                // A project that had no turn yet comes in with what came first.
                Some(((project, last, first), number))
            };
            let Some((_, number)) = members.iter().enumerate().filter_map(whose).min() else { break };
            let Some(member) = members.get_mut(number) else { break };
            let last = self.members.entry(member.number).or_default();
            let Some((id, yielding)) = member.take(last.yielding) else { break };
            self.turn += 1;
            *last = Last { turn: self.turn, yielding };
            self.projects.insert(member.project, self.turn);
            picked.push(id);
        }
        // Who has nothing left comes in anew, behind nobody and before nobody.
        let stays = |member: &&mut Member| member.more || !(member.fresh.is_empty() && member.yielding.is_empty());
        let (numbers, projects): (HashSet<i64>, HashSet<i64>) =
            members.iter_mut().filter(stays).map(|member| (member.number, member.project)).unzip();
        self.members.retain(|number, _| numbers.contains(number));
        self.projects.retain(|project, _| projects.contains(project));
        picked
    }
}
