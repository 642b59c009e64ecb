use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::cluster::{Cluster, Running, or_skip, public_folder};
use super::*;
use crate::store::browse::{Place, WantedEvents};
use crate::store::conformance::cases;

/// Where Debian's package puts it.
const PROGRAM: &str = "/usr/sbin/pgbouncer";

/// A pooler in transaction mode before a server. There are fewer connections behind it than one store wants.
struct Pooler {
    folder: TempDir,
    _program: Running,
}

impl Pooler {
    fn start(cluster: &Cluster) -> Option<Self> {
        or_skip("pgbouncer", Path::new(PROGRAM).exists().then_some(()))?;
        let folder = public_folder();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let settings = format!(
            "[databases]\npostgres = host={} port={}\n[pgbouncer]\npool_mode = transaction\nlisten_addr =\nlisten_port = 6432\n\
             unix_socket_dir = {}\nunix_socket_mode = 0777\nauth_type = any\nadmin_users = crowdhook\nmax_client_conn = 1000\n\
             default_pool_size = 3\nserver_login_retry = 1\nserver_round_robin = 1\n",
            cluster.folder(),
            cluster.port(),
            folder.path().display()
        );
        // `auth_type = any` forgets who logs in, so it is said here.
        let settings = settings.replace("port=5432\n", "port=5432 user=crowdhook\n");
        std::fs::write(path("pgbouncer.ini"), settings).unwrap();
        let program = Running::start(Path::new(PROGRAM), &[path("pgbouncer.ini")], "INT", folder.path());
        for _ in 0..200 {
            if std::os::unix::net::UnixStream::connect(path(".s.PGSQL.6432")).is_ok() {
                return Some(Self { folder, _program: program });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the pooler did not start: {}", std::fs::read_to_string(path("log")).unwrap_or_default());
    }

    fn address(&self) -> String {
        format!("postgres://crowdhook@/postgres?host={}&port=6432", self.folder.path().display())
    }
}

/// A schema of the test's own, behind the pooler that tests share.
fn fresh() -> Option<Open> {
    static SHARED: std::sync::OnceLock<Option<Pooler>> = std::sync::OnceLock::new();
    let (cluster, schema) = (Cluster::shared()?, next_schema());
    let pooler = SHARED.get_or_init(|| Pooler::start(cluster)).as_ref();
    let address = or_skip("pgbouncer", pooler)?.address();
    Some(Box::new(move |clock, waiting_max| {
        let options = Options { address: Secret::new(&address), ..options(cluster, &schema, "first", clock, waiting_max) };
        Arc::new(PostgresStore::open(options).unwrap()) as Arc<dyn Store>
    }))
}

// What takes a way of its own to the server; the rest differs in its statements alone.
cases! { crate::store::postgres::tests::pooler::fresh;
    accepting: a_new_event_is_recorded_with_its_invocations,
        a_thousand_events_come_in_one_batch,
        a_rerun_takes_dead_letters_with_it,
        nothing_is_recorded_when_too_much_waits,
        what_was_accepted_is_there_after_a_restart;
    leasing: invocations_about_one_task_go_one_at_a_time_and_in_order,
        projects_take_turns,
        a_lease_that_runs_out_is_given_to_another,
        a_renewed_lease_is_kept,
        a_crash_frees_all_leases,
        a_waiting_claim_gets_what_comes_in,
        closing_ends_every_wait;
    finishing: a_finished_invocation_is_gone,
        a_lost_lease_records_nothing,
        an_emitted_event_is_handled_in_turn,
        an_effect_is_asked_for_once_per_key,
        a_task_result_gets_the_next_revision,
        dead_letters_come_newest_first;
    state: entries_are_scanned_in_the_order_of_their_bytes,
        a_range_that_changed_is_a_conflict,
        a_conflict_leaves_nothing_and_keeps_the_lease;
    delivering: deliveries_about_one_task_leave_in_order,
        a_delivery_whose_lease_ran_out_is_given_to_another,
        the_deliveries_of_an_event_are_told_with_their_receipts;
    forgetting: a_worker_is_forgotten,
        a_project_is_forgotten_with_all_that_waits;
    keeping: snapshots_are_kept_by_root_and_generation,
        vitals_tell_what_waits_and_since_when;
    browsing: events_are_found_by_what_is_said_of_them,
        pages_of_events_join_without_a_gap,
        invocations_are_told_with_how_far_they_are,
        deliveries_are_found_wherever_they_are;
}

#[test]
fn nothing_is_lost_and_nothing_done_twice() {
    crate::store::conformance::model::nothing_is_lost_and_nothing_done_twice(fresh);
}

/// Behind a pooler a host listens where it is told to, and hears what others say through the pooler.
#[tokio::test]
async fn a_host_listens_at_the_server_itself() {
    let Some(cluster) = Cluster::shared() else { return };
    let Some(pooler) = Pooler::start(cluster) else { return };
    let schema = next_schema();
    let open = |host: &str, listen: &str| {
        let options = Options {
            address: Secret::new(&format!("{}{listen}", pooler.address())),
            ..options(cluster, &schema, host, &Clock::System, 1_000)
        };
        Arc::new(PostgresStore::open_to_look(options, Duration::from_secs(3_600)).unwrap())
    };
    let (first, second) = (open("first", ""), open("second", &format!("&listen_host={}&listen_port={}", cluster.folder(), cluster.port())));
    for _ in 0..400 {
        if second.shared.hints.are_heard() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let waiting = tokio::spawn(async move { second.claim(1, 1, LEASE).await.unwrap().remove(0) });
    tokio::time::sleep(Duration::from_millis(300)).await;
    // The first one tells once it has found that it does not hear by itself.
    first.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("the other host heard of it").unwrap();
    assert!(!first.shared.hints.are_heard());
}

/// The server behind the pooler crashes and comes back; the pooler stays.
#[tokio::test]
async fn a_server_that_went_away_behind_it_is_waited_for() {
    let Some(cluster) = Cluster::own() else { return };
    let Some(pooler) = Pooler::start(&cluster) else { return };
    let options = Options { address: Secret::new(&pooler.address()), ..options(&cluster, "crowdhook", "first", &Clock::System, 1_000) };
    let store = PostgresStore::open(options).unwrap();
    store.accept(vec![completed("birds", "1", &["vote"])]).await.unwrap();
    let leased = store.claim_now(1, 1, LEASE).await.unwrap().remove(0);
    cluster.stop();
    let refused = tokio::time::timeout(Duration::from_secs(1), store.accept(vec![completed("birds", "2", &["vote"])])).await;
    assert!(!matches!(refused, Ok(Ok(_))), "{refused:?}");
    cluster.run();
    assert!(matches!(accepted_again(&store, "3").await[..], [Accepted::New(_)]));
    let finished = store.finish(leased.lease, Outcome::Done(Completion::default()), run_at(Clock::System.now(), "ok")).await.unwrap();
    assert_eq!(finished, Finished::Recorded);
    let found = store.browse().events(&WantedEvents::default(), Place { before: None, limit: 10 }).await.unwrap();
    assert!(found.rows.len() >= 2, "{}", found.rows.len());
}
