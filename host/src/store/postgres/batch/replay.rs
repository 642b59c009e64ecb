//! Taking up again what was given up, holding plugins back, and letting them go on.

use super::Batch;
use super::finish::SUPERSEDED;
use super::invoke::{Handling, small};
use crate::effect::Effect;
use crate::event::{Origin, Standing};
use crate::id::{EventId, PluginName, Scope};
use crate::store::dead::Order;
use crate::store::numbers;
use crate::store::postgres::counters;
use crate::store::postgres::db::{Columns as _, Result, params};
use crate::store::postgres::dead::{self, DeadDeliveryRow, DeadInvocationRow};
use crate::store::postgres::line::Line;
use crate::store::postgres::rows;
use crate::store::postgres::work::Answer;
use crate::store::{DeadKind, Quarantine, Replayed, ReplayedEvent, StoreError, WantedDead};

impl Batch<'_> {
    pub(super) async fn replay(&mut self, wanted: &WantedDead, limit: u32) -> Result<std::result::Result<Answer, StoreError>> {
        let mut replayed = Replayed::default();
        if wanted.what != Some(DeadKind::Delivery) {
            let (waiting, max) = (self.invocations_waiting(), self.shared.waiting_max);
            let room = u32::try_from(max.saturating_sub(waiting)).unwrap_or(u32::MAX);
            let letters = dead::invocations(self.db, wanted, limit.min(room.max(1)), Order::OldestFirst).await?;
            if room == 0 && !letters.is_empty() {
                return Ok(Err(StoreError::Full { waiting, max }));
            }
            for letter in letters {
                self.replay_invocation(letter, &mut replayed).await?;
            }
        }
        if wanted.what != Some(DeadKind::Invocation) {
            let left = limit.saturating_sub(replayed.invocations + replayed.settled);
            for letter in dead::deliveries(self.db, wanted, left, Order::OldestFirst).await? {
                self.replay_delivery(letter, &mut replayed).await?;
            }
        }
        Ok(Ok(Answer::Replayed(replayed)))
    }

    async fn replay_invocation(&mut self, letter: DeadInvocationRow, replayed: &mut Replayed) -> Result<()> {
        if letter.standing != numbers::standing_number(Standing::Accepted) {
            self.counters.dead -= self.execute("DELETE FROM dead_letter WHERE id = $1", params![letter.id]).await?;
            replayed.settled += 1;
            return Ok(());
        }
        let handling = Handling {
            event: letter.event,
            project: &letter.scope.project,
            task: letter.task.as_deref(),
            origin: Origin::Replay,
            generation: letter.generation,
        };
        // The dead letter goes with it.
        self.invoke(&handling, std::slice::from_ref(&letter.scope.plugin), true).await?;
        replayed.invocations += 1;
        Ok(())
    }

    async fn replay_delivery(&mut self, letter: DeadDeliveryRow, replayed: &mut Replayed) -> Result<()> {
        self.counters.deliveries_dead -= 1;
        let effect: Option<Effect> = serde_json::from_str(&letter.effect).ok();
        let mut saves = None;
        if let Some(Effect::SaveResult { task, info, .. }) = &effect {
            let sql = "SELECT info FROM task_result WHERE project = $1 AND task = $2 ORDER BY revision DESC LIMIT 1";
            let newest = self.db.first(sql, params![letter.project, task.as_bytes()]).await?;
            let newest = newest.map(|row| row.text(0)).transpose()?;
            if newest.is_none_or(|newest| newest != *info) {
                replayed.settled += 1;
                return self.settle(letter.id, "a newer result of the task was saved since").await;
            }
            saves = Some(task.as_bytes());
        }
        if !letter.in_doubt && !self.spend(letter.scope, letter.once.as_deref()).await? {
            replayed.settled += 1;
            return self.settle(letter.id, "its once key was spent by another effect since").await;
        }
        let id = counters::next(&mut self.counters.delivery);
        self.execute(
            "WITH gone AS (DELETE FROM delivered WHERE id = $1 RETURNING *) \
             INSERT INTO delivery (id, member, lane, head, yields, uuid, scope, task, saves, project, effect, event, once, requested_at, \
             in_doubt, replays) SELECT $2, member, $3, $3 IS NULL OR NOT EXISTS (SELECT 1 FROM delivery d WHERE d.member = gone.member \
             AND d.lane = $3), TRUE, uuid, scope, task, $4, $5, effect, event, once, $6, in_doubt, replays + 1 FROM gone",
            params![letter.id, id, rows::lane(letter.task.as_deref()), saves, letter.project, self.now],
        )
        .await?;
        self.came(Line::Deliveries, letter.member);
        replayed.deliveries += 1;
        Ok(())
    }

    pub(super) async fn replay_event(&mut self, id: EventId, plugins: &[PluginName], fresh: bool) -> Result<ReplayedEvent> {
        let Some(event) = self.event(id).await? else { return Ok(ReplayedEvent::LetGo) };
        let (Some(known), Some(root)) = (self.known(id).await?, self.known(event.root).await?) else { return Ok(ReplayedEvent::LetGo) };
        if known.standing != numbers::standing_number(Standing::Accepted) {
            return Ok(ReplayedEvent::SetAside);
        }
        if known.is_bare || root.is_bare {
            return Ok(ReplayedEvent::LetGo);
        }
        // What the platform said is kept under the event from outside.
        let mut generation = root.generation;
        if fresh {
            generation = generation.saturating_add(1);
            self.execute("UPDATE event SET generation = $2 WHERE id = $1", params![root.row, i64::from(generation)]).await?;
        }
        let handling =
            Handling { event: known.row, project: &event.project, task: event.task.as_deref(), origin: Origin::Replay, generation };
        let mut replayed = 0;
        for plugin in plugins {
            let scope = self.memory.names.scope(self.db, &event.project, plugin).await?;
            if !self.waits_for(known.row, scope).await? {
                self.invoke(&handling, std::slice::from_ref(plugin), true).await?;
                replayed += 1;
            }
        }
        Ok(ReplayedEvent::Waits(replayed))
    }

    /// Ends a dead delivery for which there is nothing left to do.
    async fn settle(&self, id: i64, why: &str) -> Result<()> {
        let sql = "UPDATE delivered SET ending = $2, note = $3 WHERE id = $1";
        self.execute(sql, params![id, small(SUPERSEDED), why.as_bytes()]).await.map(|_| ())
    }

    pub(super) async fn quarantine(&mut self, held: &Quarantine) -> Result<()> {
        let scope = self.memory.names.scope(self.db, &held.scope.project, &held.scope.plugin).await?;
        self.execute(
            "INSERT INTO quarantine (scope, since, component, settings, reason) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (scope) DO UPDATE SET component = excluded.component, settings = excluded.settings, reason = excluded.reason",
            params![scope, held.since.as_millisecond(), held.component, held.settings, held.reason.as_bytes()],
        )
        .await
        .map(|_| ())
    }

    pub(super) async fn release(&mut self, scope: &Scope) -> Result<bool> {
        let Some(scope) = self.memory.names.known_scope(self.db, scope).await? else { return Ok(false) };
        self.news.push(Line::Invocations);
        Ok(self.execute("DELETE FROM quarantine WHERE scope = $1", params![scope]).await? == 1)
    }
}
