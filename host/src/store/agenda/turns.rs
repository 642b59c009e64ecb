//! Whose turn it is: groups one after the other, the members of a group one after the other, and no member beyond its cap.

use std::collections::{HashMap, VecDeque};

use super::Member;

/// Who stands in line, and how many each member has out.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Groups of which a member may have its turn, in the order of their turns.
    groups: VecDeque<u32>,
    /// The members of each group that may have their turn, in the order of their turns; none is empty.
    seats: HashMap<u32, VecDeque<u32>>,
    /// Everyone who ever came: projects and their plugins, so as many as are configured.
    members: HashMap<u32, Line>,
    /// As many may each have out.
    cap: usize,
}

#[derive(Debug, Default)]
struct Line {
    group: u32,
    /// Ids that are ready, and some that no longer are.
    ready: VecDeque<i64>,
    out: usize,
    seated: bool,
}

impl Turns {
    /// Sets how many each member may have out.
    pub(super) fn set_cap(&mut self, cap: usize) {
        if cap > self.cap {
            let waiting: Vec<u32> = self.members.iter().filter(|(_, line)| !line.ready.is_empty()).map(|(number, _)| *number).collect();
            waiting.into_iter().for_each(|number| self.seat(number));
        }
        self.cap = cap;
    }

    /// Puts `id` at the end of its member's line.
    pub(super) fn line_up(&mut self, member: Member, id: i64) {
        let line = self.members.entry(member.number).or_default();
        line.group = member.group;
        line.ready.push_back(id);
        self.seat(member.number);
    }

    /// A member has one less out.
    pub(super) fn give_back(&mut self, member: Member) {
        if let Some(line) = self.members.get_mut(&member.number) {
            line.out = line.out.saturating_sub(1);
            self.seat(member.number);
        }
    }

    /// The id whose turn it is, which its member then has out. Ids that are not ready any more are dropped.
    pub(super) fn next(&mut self, is_ready: impl Fn(i64) -> bool) -> Option<i64> {
        while let Some(group) = self.groups.pop_front() {
            let Some(number) = self.seats.get_mut(&group).and_then(VecDeque::pop_front) else { continue };
            let mut found = None;
            let mut again = false;
            if let Some(line) = self.members.get_mut(&number) {
                line.seated = false;
                if line.out < self.cap {
                    found = std::iter::from_fn(|| line.ready.pop_front()).find(|id| is_ready(*id));
                    line.out += usize::from(found.is_some());
                    again = !line.ready.is_empty();
                }
            }
            if self.seats.get(&group).is_some_and(VecDeque::is_empty) {
                self.seats.remove(&group);
            } else {
                self.groups.push_back(group);
            }
            if again {
                self.seat(number);
            }
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Nothing waits any more, so nothing stands in line.
    pub(super) fn forget_lines(&mut self) {
        self.groups.clear();
        self.seats.clear();
        for line in self.members.values_mut() {
            line.ready = VecDeque::new();
            line.seated = false;
        }
    }

    /// Lets a member have its turn after all others of its group. One at its cap is passed over when its turn comes, and
    /// is seated again when it gives something back.
    fn seat(&mut self, number: u32) {
        let Some(line) = self.members.get_mut(&number) else { return };
        if line.seated || line.ready.is_empty() {
            return;
        }
        line.seated = true;
        let group = line.group;
        let seats = self.seats.entry(group).or_default();
        seats.push_back(number);
        if seats.len() == 1 {
            self.groups.push_back(group);
        }
    }
}
