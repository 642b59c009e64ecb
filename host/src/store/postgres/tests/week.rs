//! A week of events, with what is old let go each day: tables and their indexes stay as large as what they hold.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio_postgres::Client;

use super::cluster::Cluster;
use super::{next_schema, options};
use crate::clock::{Clock, from_millis};
use crate::config::Keep;
use crate::retention::Retention;
use crate::store::conformance::bench::{LEASE, completed, emitting, number, run_at, saving, set};
use crate::store::postgres::PostgresStore;
use crate::store::{Completion, DeliveryOutcome, Finished, Outcome, Part, Store};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Details are kept for a day and events for two, so that from the third day on as much goes as comes.
const KEEP: Keep = Keep { bodies: Some(DAY), details: Some(DAY), events: Some(Duration::from_secs(2 * 24 * 60 * 60)) };
const STEADY_FROM: usize = 3;
/// Callers who accept and handle.
const CALLERS: usize = 16;
/// What a table may grow by from the first steady day to the last: as much as a day differs from another, and some pages.
const GROWTH_MAX: f64 = 1.10;
const PAGES_BYTES: f64 = 128.0 * 1024.0;
/// What is let go when it is old. The others hold what is kept for ever: dedup keys, once keys, the newest result of each task.
const LET_GO: [&str; 7] = ["event", "run", "delivered", "snapshot", "content", "invocation", "delivery"];

/// One table at the end of a day.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    heap: i64,
    indexes: i64,
    rows: i64,
    dead: i64,
}

struct Week {
    store: Arc<PostgresStore>,
    clock: Clock,
    client: Client,
    schema: String,
}

impl Week {
    /// `day`: so many events, each with a snapshot, a run with state, a result that is delivered, and an event that follows.
    async fn load(&self, day: usize, events: usize) {
        let each = events / CALLERS;
        join_all((0..CALLERS).map(|caller| async move {
            for number in 0..each {
                let task = format!("{day}-{caller}-{number}");
                let accepted = self.store.accept(vec![completed("birds", &task, &["vote"])]).await.unwrap();
                assert_eq!(accepted.len(), 1);
                self.handle().await;
            }
        }))
        .await;
        while self.store.totals().await.unwrap().waiting > 0 {
            self.handle().await;
        }
        self.deliver().await;
        assert_eq!(self.store.totals().await.unwrap().deliveries_waiting, 0);
    }

    async fn handle(&self) {
        for claimed in self.store.claim_now(4, 1_000, LEASE).await.unwrap() {
            let task = claimed.event.task.clone().unwrap();
            if claimed.event.emitted_by.is_none() {
                let text = format!("{{\"task\":\"{task}\",\"said\":\"{}\"}}", "an answer ".repeat(40));
                self.store.put_snapshot(claimed.event.id, 0, &text).await.unwrap();
            }
            let completion = if claimed.event.emitted_by.is_none() {
                Completion {
                    changes: vec![set(&format!("last-{}", task.len()), &task)],
                    effects: vec![saving(&task, r#"{"answer":"heron"}"#)],
                    events: vec![emitting(&claimed, &["mail"])],
                    ..Completion::default()
                }
            } else {
                Completion::default()
            };
            let run = run_at(self.clock.now(), "ok");
            assert_eq!(self.store.finish(claimed.lease, Outcome::Done(completion), run).await.unwrap(), Finished::Recorded);
        }
        if self.store.totals().await.unwrap().deliveries_waiting > 50 {
            self.deliver().await;
        }
    }

    async fn deliver(&self) {
        loop {
            let claimed = self.store.claim_deliveries_now(50, 1_000, LEASE).await.unwrap();
            if claimed.is_empty() {
                return;
            }
            let delivered = |lease| self.store.finish_delivery(lease, DeliveryOutcome::Delivered { receipt: "200".to_owned() });
            for ended in join_all(claimed.iter().map(|claimed| delivered(claimed.lease))).await {
                assert_eq!(ended.unwrap(), Finished::Recorded);
            }
        }
    }

    /// What a day's retention does; gives how long the longest step kept others waiting who wanted to accept.
    async fn let_go(&self) -> Duration {
        let retention = Retention::new(Arc::clone(&self.store) as Arc<dyn Store>, self.clock.clone(), KEEP);
        let walking = async {
            for part in Part::ALL {
                retention.walk(part, &mut 0).await.unwrap();
            }
        };
        let mut longest = Duration::ZERO;
        let asking = async {
            loop {
                let asked = Instant::now();
                self.store.set_mark(&"birds".parse().unwrap(), "beside", Some("retention")).await.unwrap();
                longest = longest.max(asked.elapsed());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            () = walking => {}
            () = asking => {}
        }
        longest
    }

    /// How large each table is. A day holds hundreds of rounds of the server's own vacuum: one by hand stands for them.
    async fn sizes(&self) -> BTreeMap<String, Size> {
        const SQL: &str = "SELECT c.relname::TEXT, pg_table_size(c.oid), pg_indexes_size(c.oid), s.n_live_tup, s.n_dead_tup FROM pg_class c \
             JOIN pg_stat_user_tables s ON s.relid = c.oid WHERE s.schemaname = $1";
        let tables = self.client.query("SELECT tablename::TEXT FROM pg_tables WHERE schemaname = $1", &[&self.schema]).await.unwrap();
        for table in tables {
            self.client.batch_execute(&format!("VACUUM {}.\"{}\"", self.schema, table.get::<_, &str>(0))).await.unwrap();
        }
        let size = |row: &tokio_postgres::Row| Size { heap: row.get(1), indexes: row.get(2), rows: row.get(3), dead: row.get(4) };
        self.client.query(SQL, &[&self.schema]).await.unwrap().iter().map(|row| (row.get(0), size(row))).collect()
    }
}

fn shown(sizes: &BTreeMap<String, Size>) -> String {
    let mut text = String::new();
    let kib = |bytes: i64| bytes / 1024;
    for (table, size) in sizes.iter().filter(|(_, size)| size.heap + size.indexes > 100 * 1024) {
        let kept = if LET_GO.contains(&table.as_str()) { "" } else { "  (kept for ever)" };
        let Size { heap, indexes, rows, dead } = *size;
        writeln!(text, "  {table:12} {:7} KiB, indexes {:7} KiB, {rows:7} rows, {dead:6} dead{kept}", kib(heap), kib(indexes)).unwrap();
    }
    text
}

async fn run(days: usize, events: usize) {
    let Some(cluster) = Cluster::shared() else { return };
    let (schema, clock) = (next_schema(), Clock::manual(from_millis(1_700_000_000_000)));
    let store = Arc::new(PostgresStore::open(options(cluster, &schema, "first", &clock, 1_000_000)).unwrap());
    let (client, connection) = tokio_postgres::connect(&cluster.address(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let week = Week { store, clock, client, schema };
    let mut steady = None;
    for day in 1..=days {
        let began = Instant::now();
        week.load(day, events).await;
        week.clock.advance(DAY);
        let (loaded, began) = (began.elapsed(), Instant::now());
        let longest = week.let_go().await;
        let (let_go, sizes) = (began.elapsed(), week.sizes().await);
        println!(
            "day {day}: {events} events in {:.1} s, what is old let go in {:.1} s, nobody waited longer than {} ms\n{}",
            loaded.as_secs_f64(),
            let_go.as_secs_f64(),
            longest.as_millis(),
            shown(&sizes)
        );
        if day == STEADY_FROM {
            steady = Some(sizes);
        } else if let Some(steady) = &steady {
            for table in LET_GO {
                let (then, now) = (steady[table], sizes[table]);
                for (what, then, now) in [("rows", then.heap, now.heap), ("indexes", then.indexes, now.indexes)] {
                    let most = then as f64 * GROWTH_MAX + PAGES_BYTES;
                    assert!(now as f64 <= most, "{what} of `{table}` grew from {then} bytes on day {STEADY_FROM} to {now} on day {day}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_stay_as_large_as_what_they_hold() {
    run(5, 160).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes an hour: `cargo xtask soak week`"]
async fn soak() {
    run(number("DAYS", 7), number("EVENTS", 50_000)).await;
}
