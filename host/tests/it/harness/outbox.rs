//! What waits to leave before a host starts: as if a plugin of the project `birds` had asked for it, and the host had stopped then.

use std::time::Duration;

use crowdhook::clock::{Clock, Timestamp};
use crowdhook::effect::Effect;
use crowdhook::event::{EventKind, Standing};
use crowdhook::id::EventId;
use crowdhook::store::{Acceptance, Accepted, Again, Completion, DeliveryRecord, Finished, Outcome, Requested, Run};

use super::folder::Folder;
use super::patience::eventually_as;
use super::running::Running;
use super::{engine, event};

/// What a plugin asked for.
pub struct Outbox {
    event: EventId,
}

impl Outbox {
    /// Records `effects` in the data folder of `folder`, to leave through `connection` and in this order.
    pub async fn fill(folder: &Folder, connection: &str, effects: Vec<Effect>) -> Self {
        Self::fill_at(folder, connection, effects, Clock::System.now()).await
    }

    /// The same, as if asked for at `now`.
    pub async fn fill_at(folder: &Folder, connection: &str, effects: Vec<Effect>, now: Timestamp) -> Self {
        let store = engine::open(&folder.config(), Clock::manual(now));
        let acceptance = Acceptance {
            event: event(EventKind::TASK_COMPLETED, Some("1")),
            standing: Standing::Accepted,
            dedup_key: EventId::new().to_string(),
            freshness: None,
            again: Again::Never,
            plugins: vec!["asks".parse().unwrap()],
            snapshot: None,
        };
        let Accepted::New(event) = store.accept(vec![acceptance]).await.unwrap()[0] else { panic!("it is new") };
        let claimed = store.claim(1, 1, Duration::from_secs(60)).await.unwrap().remove(0);
        let requested = |effect| Requested { effect, connection: Some(connection.to_owned()), task: Some("1".to_owned()), once: None };
        let completion = Completion { effects: effects.into_iter().map(requested).collect(), ..Completion::default() };
        let finished = store.finish(claimed.lease, Outcome::Done(completion), run(now)).await.unwrap();
        assert_eq!(finished, Finished::Recorded);
        store.close().await;
        Self { event }
    }

    /// Begins all of it and crashes: nobody knows what became of it.
    pub async fn begin(folder: &Folder) {
        let store = engine::open(&folder.config(), Clock::System);
        store.claim_deliveries(100, 100, Duration::from_millis(1)).await.unwrap();
    }

    /// All of it, as the host's store has it.
    pub async fn deliveries(&self, host: &Running) -> Vec<DeliveryRecord> {
        host.store.deliveries(self.event).await.unwrap()
    }

    /// The one thing asked for, as soon as it is as wanted.
    pub async fn the_delivery(&self, host: &Running, is_wanted: impl Fn(&DeliveryRecord) -> bool) -> DeliveryRecord {
        let seen = std::cell::RefCell::new(String::new());
        let what = || format!("the delivery is as wanted: {}", seen.borrow());
        eventually_as(what, async || {
            let delivery = self.deliveries(host).await.remove(0);
            seen.replace(format!("{} after {} attempts: {}", delivery.standing, delivery.attempts, delivery.note));
            is_wanted(&delivery).then_some(delivery)
        })
        .await
    }

    /// The one thing asked for, when it has ended like this.
    pub async fn ended(&self, host: &Running, standing: &str) -> DeliveryRecord {
        let ended = self.the_delivery(host, |delivery| delivery.standing != "waiting").await;
        assert_eq!(ended.standing, standing, "{}", ended.note);
        ended
    }
}

fn run(now: Timestamp) -> Run {
    Run {
        component: None,
        settings: None,
        started_at: now,
        duration_ms: 0,
        cpu_ms: 0,
        memory_bytes: Some(1_500_000),
        outcome: "ok".to_owned(),
        reason: String::new(),
        log: "[]".to_owned(),
        read: "{}".to_owned(),
    }
}
