//! Taking up again what was given up, holding plugins back, and letting them go on.

use rusqlite::{OptionalExtension, params};

use super::accept::Handling;
use super::finish::SUPERSEDED;
use super::{Batch, Move};
use crate::effect::Effect;
use crate::event::{Origin, Standing};
use crate::id::{EventId, PluginName, Scope};
use crate::store::agenda::Entry;
use crate::store::dead::Order;
use crate::store::sqlite::counters;
use crate::store::sqlite::dead::{self, DeadDeliveryRow, DeadInvocationRow};
use crate::store::sqlite::read;
use crate::store::sqlite::rows::{self, Unpacked};
use crate::store::sqlite::work::Answer;
use crate::store::{DeadKind, Quarantine, Replayed, ReplayedEvent, StoreError, WantedDead};

impl Batch<'_> {
    pub(super) fn replay(&mut self, wanted: &WantedDead, limit: u32) -> rusqlite::Result<Result<Answer, StoreError>> {
        let mut replayed = Replayed::default();
        if wanted.what != Some(DeadKind::Delivery) {
            let waiting = self.shared.invocations().len() + self.added();
            let max = self.shared.waiting_max;
            let room = u32::try_from(max.saturating_sub(waiting)).unwrap_or(u32::MAX);
            let letters = dead::invocations(self.db, wanted, limit.min(room.max(1)), Order::OldestFirst)?;
            if room == 0 && !letters.is_empty() {
                return Ok(Err(StoreError::Full { waiting, max }));
            }
            letters.into_iter().try_for_each(|letter| self.replay_invocation(letter, &mut replayed))?;
        }
        if wanted.what != Some(DeadKind::Invocation) {
            let left = limit.saturating_sub(replayed.invocations + replayed.settled);
            let letters = dead::deliveries(self.db, wanted, left, Order::OldestFirst)?;
            letters.into_iter().try_for_each(|letter| self.replay_delivery(letter, &mut replayed))?;
        }
        Ok(Ok(Answer::Replayed(replayed)))
    }

    fn replay_invocation(&mut self, letter: DeadInvocationRow, replayed: &mut Replayed) -> rusqlite::Result<()> {
        let Some(scope) = self.names.scope(letter.scope).cloned() else { return Ok(()) };
        if letter.standing != rows::standing_number(Standing::Accepted) {
            let gone = self.execute("DELETE FROM dead_letter WHERE id = ?1", [letter.id])?;
            self.counters.dead -= i64::try_from(gone).unwrap_or(0);
            replayed.settled += 1;
            return Ok(());
        }
        let handling = Handling {
            event: letter.event,
            project: &scope.project,
            task: letter.task.as_deref(),
            origin: Origin::Replay,
            generation: letter.generation,
        };
        // The dead letter goes with it.
        self.invoke(&handling, std::slice::from_ref(&scope.plugin), true)?;
        replayed.invocations += 1;
        Ok(())
    }

    fn replay_delivery(&mut self, letter: DeadDeliveryRow, replayed: &mut Replayed) -> rusqlite::Result<()> {
        self.counters.deliveries_dead -= 1;
        let effect: Option<Effect> = serde_json::from_str(&letter.effect.0).ok();
        let member = self.names.member(letter.scope);
        let (project, saves) = (member.group, matches!(effect, Some(Effect::SaveResult { .. })));
        if let Some(Effect::SaveResult { task, info, .. }) = &effect
            && self.newest_result(project, task)?.is_none_or(|newest| newest != *info)
        {
            replayed.settled += 1;
            return self.settle(letter.id, "a newer result of the task was saved since");
        }
        if !letter.in_doubt && !self.spend(letter.scope, letter.once.as_ref())? {
            replayed.settled += 1;
            return self.settle(letter.id, "its once key was spent by another effect since");
        }
        let id = counters::next(&mut self.counters.delivery);
        self.execute(
            "INSERT INTO delivery (id, uuid, project, scope, connection, task, saves, effect, event, attempts, due, requested_at, once, \
             in_doubt, replays, yields) SELECT ?2, uuid, ?3, scope, connection, task, ?4, effect, event, 0, 0, ?5, once, in_doubt, replays + 1, 1 \
             FROM delivered WHERE id = ?1",
            params![letter.id, id, project, saves, self.now],
        )?;
        self.execute("DELETE FROM delivered WHERE id = ?1", [letter.id])?;
        let member = self.names.connection(project, &letter.connection);
        let lane = letter.task.as_deref().map(|task| self.shared.deliveries().lane(member, task));
        self.news.deliveries.push(Move::Insert(Entry { id, about: 0, member, lane, due: 0, yields: true, is_known: false }));
        replayed.deliveries += 1;
        Ok(())
    }

    pub(super) fn replay_event(&mut self, id: EventId, plugins: &[PluginName], fresh: bool) -> rusqlite::Result<ReplayedEvent> {
        let Some((event, _)) = read::event(self.db, self.names, id)? else { return Ok(ReplayedEvent::LetGo) };
        let (Some(known), Some(root)) = (self.known(id)?, self.known(event.root)?) else { return Ok(ReplayedEvent::LetGo) };
        if known.standing != rows::standing_number(Standing::Accepted) {
            return Ok(ReplayedEvent::SetAside);
        }
        if known.is_bare || root.is_bare {
            return Ok(ReplayedEvent::LetGo);
        }
        // What the platform said is kept under the event from outside.
        let mut generation = root.generation;
        if fresh {
            generation = generation.saturating_add(1);
            self.execute("UPDATE event SET generation = ?2 WHERE id = ?1", params![root.row, generation])?;
        }
        let handling =
            Handling { event: known.row, project: &event.project, task: event.task.as_deref(), origin: Origin::Replay, generation };
        let mut replayed = 0;
        for plugin in plugins {
            let scope = self.names.scope_number(self.db, &event.project, plugin)?;
            if !self.waits_for(known.row, scope)? {
                self.invoke(&handling, std::slice::from_ref(plugin), true)?;
                replayed += 1;
            }
        }
        Ok(ReplayedEvent::Waits(replayed))
    }

    /// Ends a dead delivery for which there is nothing left to do.
    fn settle(&self, id: i64, why: &str) -> rusqlite::Result<()> {
        self.execute("UPDATE delivered SET ending = ?2, note = ?3 WHERE id = ?1", params![id, SUPERSEDED, why]).map(|_| ())
    }

    fn newest_result(&self, project: u32, task: &str) -> rusqlite::Result<Option<String>> {
        self.db
            .prepare_cached("SELECT info FROM task_result WHERE project = ?1 AND task = ?2 ORDER BY revision DESC LIMIT 1")?
            .query_row(params![project, task], |row| row.get::<_, Unpacked>(0))
            .optional()
            .map(|info| info.map(|info| info.0))
    }

    pub(super) fn quarantine(&mut self, held: &Quarantine) -> rusqlite::Result<()> {
        let scope = self.names.scope_number(self.db, &held.scope.project, &held.scope.plugin)?;
        self.execute(
            "INSERT INTO quarantine (scope, since, component, settings, reason) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (scope) DO UPDATE SET component = excluded.component, settings = excluded.settings, reason = excluded.reason",
            params![scope, held.since.as_millisecond(), held.component, held.settings, held.reason],
        )?;
        self.news.invocations.push(Move::Hold(self.names.member(scope)));
        Ok(())
    }

    pub(super) fn release(&mut self, scope: &Scope) -> rusqlite::Result<bool> {
        let Some(scope) = self.names.known_scope(scope) else { return Ok(false) };
        let was_held = self.execute("DELETE FROM quarantine WHERE scope = ?1", [scope])? == 1;
        self.news.invocations.push(Move::Release(self.names.member(scope)));
        Ok(was_held)
    }
}
