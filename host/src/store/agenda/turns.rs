//! Whose turn it is: groups one after the other, the members of a group one after the other, and no member beyond its cap.
//! Within a member, those that yield (an attempt of them has counted, or they are of a backfill, say) and fresh ones come alternately,
//! and the former have no more than half of the cap.

use std::collections::{HashMap, HashSet, VecDeque};

use super::Member;

/// Who stands in line, and how many each member has out.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Groups of which a member may have its turn, in the order of their turns.
    groups: VecDeque<u32>,
    /// The members of each group that may have their turn, in the order of their turns; none is empty.
    seats: HashMap<u32, VecDeque<u32>>,
    /// Everyone who ever came: projects and their plugins, so as many as are configured.
    members: HashMap<u32, Lines>,
    /// Members that have no turn until they are released.
    held: HashSet<u32>,
    /// As many may each have out.
    cap: usize,
}

/// The two lines of a member.
#[derive(Debug, Default)]
struct Lines {
    group: u32,
    fresh: Line,
    yielding: Line,
    seated: bool,
    /// Whether the one that was last taken was one of those that yield.
    took_yielding: bool,
}

#[derive(Debug, Default)]
struct Line {
    /// Ids that are ready, and some that no longer are.
    ready: VecDeque<i64>,
    out: usize,
}

impl Line {
    fn take(&mut self, is_ready: impl Fn(i64) -> bool) -> Option<i64> {
        let found = std::iter::from_fn(|| self.ready.pop_front()).find(|id| is_ready(*id));
        self.out += usize::from(found.is_some());
        found
    }
}

impl Lines {
    fn is_empty(&self) -> bool {
        self.fresh.ready.is_empty() && self.yielding.ready.is_empty()
    }

    /// The next one within `cap`, from the two lines in turn, and whether it stood among those that yield.
    fn take(&mut self, cap: usize, is_ready: impl Fn(i64) -> bool) -> Option<(i64, bool)> {
        if self.fresh.out + self.yielding.out >= cap {
            return None;
        }
        let yielding_may = self.yielding.out < (cap / 2).max(1);
        for yielding in [!self.took_yielding, self.took_yielding] {
            let found = match yielding {
                true if yielding_may => self.yielding.take(&is_ready),
                true => None,
                false => self.fresh.take(&is_ready),
            };
            if let Some(id) = found {
                self.took_yielding = yielding;
                return Some((id, yielding));
            }
        }
        None
    }

    /// Whether there is anyone to take once there is room.
    fn may_take(&self, cap: usize) -> bool {
        self.fresh.out + self.yielding.out < cap
            && (!self.fresh.ready.is_empty() || (!self.yielding.ready.is_empty() && self.yielding.out < (cap / 2).max(1)))
    }
}

impl Turns {
    /// Sets how many each member may have out.
    pub(super) fn set_cap(&mut self, cap: usize) {
        if cap > self.cap {
            let waiting: Vec<u32> = self.members.iter().filter(|(_, lines)| !lines.is_empty()).map(|(number, _)| *number).collect();
            waiting.into_iter().for_each(|number| self.seat(number));
        }
        self.cap = cap;
    }

    /// Gives `member` no turn until it is released.
    pub(super) fn hold(&mut self, member: Member) {
        self.held.insert(member.number);
    }

    /// Gives `member` its turns again.
    pub(super) fn release(&mut self, member: Member) {
        if self.held.remove(&member.number) {
            self.seat(member.number);
        }
    }

    /// Puts `id` at the end of its member's line.
    pub(super) fn line_up(&mut self, member: Member, id: i64, yields: bool) {
        let lines = self.members.entry(member.number).or_default();
        lines.group = member.group;
        let line = if yields { &mut lines.yielding } else { &mut lines.fresh };
        line.ready.push_back(id);
        self.seat(member.number);
    }

    /// A member has one less out.
    pub(super) fn give_back(&mut self, member: Member, yields: bool) {
        if let Some(lines) = self.members.get_mut(&member.number) {
            let line = if yields { &mut lines.yielding } else { &mut lines.fresh };
            line.out = line.out.saturating_sub(1);
            self.seat(member.number);
        }
    }

    /// The id whose turn it is, which its member then has out, and whether it stood among those that yield. Ids that are not ready any
    /// more are dropped.
    pub(super) fn next(&mut self, is_ready: impl Fn(i64) -> bool) -> Option<(i64, bool)> {
        while let Some(group) = self.groups.pop_front() {
            let Some(number) = self.seats.get_mut(&group).and_then(VecDeque::pop_front) else { continue };
            let mut found = None;
            let mut again = false;
            if let Some(lines) = self.members.get_mut(&number) {
                lines.seated = false;
                if !self.held.contains(&number) {
                    found = lines.take(self.cap, &is_ready);
                    again = lines.may_take(self.cap);
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
        for lines in self.members.values_mut() {
            lines.fresh.ready = VecDeque::new();
            lines.yielding.ready = VecDeque::new();
            lines.seated = false;
        }
    }

    /// Lets a member have its turn after all others of its group. One at its cap, or held, is passed over when its turn comes, and
    /// is seated again when it gives something back or is released.
    fn seat(&mut self, number: u32) {
        let Some(lines) = self.members.get_mut(&number) else { return };
        if lines.seated || lines.is_empty() {
            return;
        }
        lines.seated = true;
        let group = lines.group;
        let seats = self.seats.entry(group).or_default();
        seats.push_back(number);
        if seats.len() == 1 {
            self.groups.push_back(group);
        }
    }
}
