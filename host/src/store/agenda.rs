//! The order of what waits, kept in memory: which invocation or delivery may be leased next, and to whom it is leased.
//!
//! It says nothing of what an entry is, holds no SQL, and takes the time as a value. An engine that is alone with its data
//! (SQLite) keeps every unfinished entry in here and changes it after each commit, so claims are never written: a crash
//! frees all leases, and loading the unfinished rows in their order makes the same agenda again.
//!
//! An entry is in one of these states, and only the head of a lane is in any but the first:
//!
//! ```text
//! queued ─(head of its lane)→ later ─(due)→ ready ─(its turn)→ leased ─→ removed
//!                               ↑             ↑                  │
//!                               └─ put back ──┼──────────────────┤
//!                                             └─ lease ran out ──┘
//! ```
//!
//! An entry takes about 140 bytes. Every operation costs at most the logarithm of what waits.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use turns::Turns;

mod turns;

#[cfg(test)]
mod tests;

/// When it may be leased or when its lease runs out: milliseconds since 1970.
pub type Millis = i64;

/// No neighbour in the lane.
const NONE: u32 = u32::MAX;

/// With more room than this the tables are given back once nothing waits.
const ROOM_KEPT: usize = 16_384;

/// What comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Names it; never used again.
    pub id: i64,
    /// What it is about, for the engine's use: the event's row.
    pub about: i64,
    /// With whom it takes turns.
    pub member: Member,
    /// Entries of one lane are leased one at a time, in the order of insertion. None: a lane of its own.
    pub lane: Option<Lane>,
    /// Not to be leased before this.
    pub due: Millis,
    /// Whether it lets fresh entries go before: an attempt of it has counted, or nobody is waiting for it.
    pub yields: bool,
    /// Whether it may have been leased before, by a process that is gone: the generation of its next lease is 2 then, and not 1.
    pub is_known: bool,
}

/// Who takes turns: members of a group among themselves, and groups among each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    /// The project.
    pub group: u32,
    /// One plugin of the project, or one of its connections; no two groups share the number of a member.
    pub number: u32,
}

/// Names a lane by a hash. That two lanes fall together is as good as impossible, and would only make one wait for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lane(u64);

/// A lease as it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leased {
    /// What is leased.
    pub id: i64,
    /// As in [`Entry::about`].
    pub about: i64,
    /// Grows with each lease of the same entry.
    pub generation: u64,
}

/// All that waits and all that is leased.
#[derive(Debug, Default)]
pub struct Agenda {
    slots: Vec<Slot>,
    free: Vec<u32>,
    by_id: HashMap<i64, u32, BuildHasherDefault<Spread>>,
    /// The last slot of each lane that is not empty.
    tails: HashMap<u64, u32, BuildHasherDefault<Spread>>,
    /// Heads that are not due yet.
    later: BTreeSet<(Millis, i64)>,
    /// Leased heads, by the end of their lease.
    leases: BTreeSet<(Millis, i64)>,
    turns: Turns,
    /// How many entries each member has.
    sizes: HashMap<u32, usize, BuildHasherDefault<Spread>>,
    lanes: RandomState,
    /// The latest time anyone told.
    now: Millis,
}

#[derive(Debug)]
struct Slot {
    id: i64,
    about: i64,
    /// Due, or while it is leased: the end of the lease.
    until: Millis,
    /// The hash of its lane; 0 for one of its own.
    lane: u64,
    member: Member,
    before: u32,
    behind: u32,
    generation: u32,
    state: State,
    /// To be removed as soon as its lease ends in whatever way.
    doomed: bool,
    yields: bool,
    /// Whether it was leased as one of those that yield.
    leased_as_yielding: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Queued,
    Later,
    Ready,
    Leased,
}

impl Agenda {
    /// How many entries there are, leased ones among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// How many entries `member` has, leased ones among them.
    #[must_use]
    pub fn len_of(&self, member: Member) -> usize {
        self.sizes.get(&member.number).copied().unwrap_or(0)
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// How many are leased.
    #[must_use]
    pub fn leased(&self) -> usize {
        self.leases.len()
    }

    /// How many are not due yet.
    #[must_use]
    pub fn later(&self) -> usize {
        self.later.len()
    }

    /// The lane of `task` for `member`.
    #[must_use]
    pub fn lane(&self, member: Member, task: &str) -> Lane {
        Lane(self.lanes.hash_one((member.number, task)).max(1))
    }

    /// When there will be something to do that is not there now: something falls due or a lease runs out.
    #[must_use]
    pub fn next_moment(&self) -> Option<Millis> {
        let first = |set: &BTreeSet<(Millis, i64)>| set.first().map(|(moment, _)| *moment);
        [first(&self.later), first(&self.leases)].into_iter().flatten().min()
    }

    /// Puts `entry` behind all others of its lane. An id that is there already is left as it is.
    pub fn insert(&mut self, entry: Entry) {
        if self.by_id.contains_key(&entry.id) {
            return;
        }
        let lane = entry.lane.map_or(0, |lane| lane.0);
        let before = self.tails.get(&lane).copied().unwrap_or(NONE);
        let slot = self.take_slot(Slot {
            id: entry.id,
            about: entry.about,
            until: entry.due,
            lane,
            member: entry.member,
            before,
            behind: NONE,
            generation: u32::from(entry.is_known),
            state: State::Queued,
            doomed: false,
            yields: entry.yields,
            leased_as_yielding: false,
        });
        self.by_id.insert(entry.id, slot);
        *self.sizes.entry(entry.member.number).or_default() += 1;
        if lane != 0 {
            self.tails.insert(lane, slot);
        }
        match self.slot_mut(before) {
            Some(neighbour) => neighbour.behind = slot,
            None => self.make_head(slot),
        }
    }

    /// Leases out up to `limit` entries that are due at `now`, each for `lease` milliseconds. No member has more than
    /// `per_member` leased, nor more than half of that of those that yield. Leases that ran out are given out again.
    pub fn claim(&mut self, now: Millis, limit: usize, per_member: usize, lease: Millis) -> Vec<Leased> {
        self.now = self.now.max(now);
        self.end_leases(now);
        self.wake(now);
        self.turns.set_cap(per_member);
        let mut leased = Vec::new();
        while leased.len() < limit {
            // An id whose entry was removed, or went another way meanwhile, still stands in line: it is passed over here.
            let is_ready = |id| {
                let slot = self.by_id.get(&id).and_then(|slot| self.slots.get(*slot as usize));
                slot.is_some_and(|slot| slot.state == State::Ready)
            };
            let Some((id, yielding)) = self.turns.next(is_ready) else { break };
            if let Some(slot) = self.by_id.get(&id).and_then(|slot| self.slots.get_mut(*slot as usize)) {
                slot.state = State::Leased;
                slot.leased_as_yielding = yielding;
                slot.generation = slot.generation.wrapping_add(1);
                slot.until = now.saturating_add(lease);
                self.leases.insert((slot.until, id));
                leased.push(Leased { id, about: slot.about, generation: u64::from(slot.generation) });
            }
        }
        leased
    }

    /// What the entry under this lease is about and who it belongs to; none when the lease is lost.
    #[must_use]
    pub fn holds(&self, id: i64, generation: u64) -> Option<(i64, Member)> {
        let slot = self.slot(id)?;
        (slot.state == State::Leased && u64::from(slot.generation) == generation).then_some((slot.about, slot.member))
    }

    /// Lets a lease run until `until`. False when it is lost, or when the entry is to go as soon as the lease ends.
    pub fn renew(&mut self, id: i64, generation: u64, until: Millis) -> bool {
        if self.holds(id, generation).is_none() {
            return false;
        }
        let Some(slot) = self.by_id.get(&id).and_then(|slot| self.slots.get_mut(*slot as usize)) else { return false };
        if slot.doomed {
            return false;
        }
        self.leases.remove(&(slot.until, id));
        slot.until = until;
        self.leases.insert((until, id));
        true
    }

    /// An attempt of the entry has counted: from now on it yields.
    pub fn count_attempt(&mut self, id: i64) {
        if let Some(slot) = self.by_id.get(&id).and_then(|slot| self.slots.get_mut(*slot as usize)) {
            slot.yields = true;
        }
    }

    /// Leases nothing of `member` any more, until it is released.
    pub fn hold(&mut self, member: Member) {
        self.turns.hold(member);
    }

    /// Leases what waits of `member` again.
    pub fn release(&mut self, member: Member) {
        self.turns.release(member);
    }

    /// Ends whatever lease there is and lets the entry wait until `due`, at the head of its lane as before.
    pub fn put_back(&mut self, id: i64, due: Millis) {
        let Some(&number) = self.by_id.get(&id) else { return };
        if self.slot(id).is_some_and(|slot| slot.doomed) {
            return self.remove(id);
        }
        self.leave_state(number);
        if let Some(slot) = self.slot_mut(number) {
            slot.until = due;
            if slot.before == NONE {
                self.make_head(number);
            }
        }
    }

    /// Takes the entry out, in whatever state it is; the next one of its lane moves up.
    pub fn remove(&mut self, id: i64) {
        let Some(&number) = self.by_id.get(&id) else { return };
        self.leave_state(number);
        let links = self.slot_mut(number).map(|slot| (slot.before, slot.behind, slot.lane, slot.member));
        let Some((before, behind, lane, member)) = links else { return };
        if let Some(neighbour) = self.slot_mut(before) {
            neighbour.behind = behind;
        }
        if let Some(neighbour) = self.slot_mut(behind) {
            neighbour.before = before;
            if before == NONE {
                self.make_head(behind);
            }
        } else if before != NONE {
            self.tails.insert(lane, before);
        } else if lane != 0 {
            self.tails.remove(&lane);
        }
        self.by_id.remove(&id);
        if let Some(size) = self.sizes.get_mut(&member.number) {
            *size = size.saturating_sub(1);
        }
        self.free.push(number);
        if self.by_id.is_empty() {
            self.give_back_room();
        }
    }

    /// Takes the entry out, but lets a lease end first, so that whatever follows in the lane does not overtake what is
    /// under way.
    pub fn remove_after_lease(&mut self, id: i64) {
        match self.by_id.get(&id).and_then(|slot| self.slots.get_mut(*slot as usize)) {
            Some(slot) if slot.state == State::Leased => slot.doomed = true,
            Some(_) => self.remove(id),
            None => {}
        }
    }

    fn slot(&self, id: i64) -> Option<&Slot> {
        self.slots.get(*self.by_id.get(&id)? as usize)
    }

    fn slot_mut(&mut self, number: u32) -> Option<&mut Slot> {
        if number == NONE { None } else { self.slots.get_mut(number as usize) }
    }

    fn take_slot(&mut self, slot: Slot) -> u32 {
        if let Some(number) = self.free.pop() {
            if let Some(place) = self.slots.get_mut(number as usize) {
                *place = slot;
            }
            return number;
        }
        self.slots.push(slot);
        u32::try_from(self.slots.len() - 1).expect("there are fewer than 2^32 entries: 4 billion would not fit into memory")
    }

    /// Makes the first entry of a lane eligible, now or when it is due.
    fn make_head(&mut self, number: u32) {
        let now = self.now;
        let Some(slot) = self.slot_mut(number) else { return };
        let (id, member, until, yields) = (slot.id, slot.member, slot.until, slot.yields);
        if until <= now {
            slot.state = State::Ready;
            self.turns.line_up(member, id, yields);
        } else {
            slot.state = State::Later;
            self.later.insert((until, id));
        }
    }

    /// Takes an entry out of the sets that its state put it into.
    fn leave_state(&mut self, number: u32) {
        let Some(slot) = self.slot_mut(number) else { return };
        let (id, until, member, state, yields) = (slot.id, slot.until, slot.member, slot.state, slot.leased_as_yielding);
        slot.state = State::Queued;
        match state {
            // A ready one stays in line, where it is passed over.
            State::Queued | State::Ready => {}
            State::Later => {
                self.later.remove(&(until, id));
            }
            State::Leased => {
                self.leases.remove(&(until, id));
                self.turns.give_back(member, yields);
            }
        }
    }

    fn end_leases(&mut self, now: Millis) {
        while let Some(&(until, id)) = self.leases.first()
            && until <= now
        {
            self.put_back(id, now);
            self.leases.remove(&(until, id));
        }
    }

    fn wake(&mut self, now: Millis) {
        while let Some(&(due, id)) = self.later.first()
            && due <= now
        {
            self.later.remove(&(due, id));
            if let Some(slot) = self.by_id.get(&id).and_then(|slot| self.slots.get_mut(*slot as usize)) {
                slot.state = State::Ready;
                self.turns.line_up(slot.member, id, slot.yields);
            }
        }
    }

    fn give_back_room(&mut self) {
        self.turns.forget_lines();
        if self.slots.capacity() > ROOM_KEPT {
            self.slots = Vec::new();
            self.free = Vec::new();
            self.by_id = HashMap::default();
            self.tails = HashMap::default();
        }
    }
}

/// A hash for numbers that are ours or hashes already: it spreads them and costs nothing.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(26);
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number.cast_unsigned());
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }
}
