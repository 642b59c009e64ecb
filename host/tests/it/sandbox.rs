//! Each limit has a guest that exceeds it, named for what it does, and a test of the same name.

use std::sync::Arc;
use std::time::Duration;

use crowdhook::config::{GuestLimits, Plugin};
use crowdhook::event::EventKind;
use crowdhook::plugin::call::{self, Call, Ended, Report};
use crowdhook::plugin::load::LoadError;
use crowdhook::store::StateChange;

use crate::harness::{World, event, guest_file, load, plugin, snapshot};

/// Runs `guest` once on a completed task 1.
async fn run(guest: &str, plugin: Plugin, world: World) -> Report {
    let component = load(&guest_file(guest)).await.unwrap();
    let call = Call {
        event: Arc::new(event(EventKind::TASK_COMPLETED, Some("1"))),
        attempt: 1,
        rerun: false,
        plugin: Arc::new(plugin),
        reads: Arc::new(world),
        derived: 0,
    };
    call::handle(&component, call).await
}

async fn run_with(guest: &str, limits: GuestLimits) -> Report {
    let plugin = Plugin { limits, ..plugin(guest, "{}", &["results", "events"]) };
    run(guest, plugin, World { snapshot: Some(Arc::new(snapshot("1", &["1"]))), ..World::default() }).await
}

fn trap(report: Report) -> String {
    match report.ended {
        Ended::Trapped(why) => why,
        other => panic!("it did not trap, but: {other:?}"),
    }
}

#[tokio::test]
async fn spins() {
    let report = run_with("spins", GuestLimits { cpu: Duration::from_millis(100), ..GuestLimits::default() }).await;
    assert!(report.cpu >= Duration::from_millis(100), "{:?}", report.cpu);
    assert_eq!(trap(report), "it used up its 100 ms of CPU time (`cpu_ms`)");
}

#[tokio::test]
async fn waiting_for_a_turn_beside_others_that_compute_is_no_fault() {
    // All on one thread, so each has to wait for some seven times as long as it computes.
    let limits = GuestLimits { cpu: Duration::from_millis(60), wall: Duration::from_millis(120), ..GuestLimits::default() };
    let runs = futures_util::future::join_all((0..8).map(|_| run_with("spins", limits))).await;
    for report in runs {
        assert_eq!(trap(report), "it used up its 60 ms of CPU time (`cpu_ms`)");
    }
}

#[tokio::test]
async fn hoards() {
    let report = run_with("hoards", GuestLimits { memory_bytes: 16 << 20, ..GuestLimits::default() }).await;
    assert!(report.memory_bytes <= 16 << 20);
    assert!(trap(report).starts_with("it wanted more than its 16 MiB of memory (`memory_mib`)"));
}

#[tokio::test]
async fn fills_state() {
    let report = run_with("fills-state", GuestLimits::default()).await;
    let Ended::Rejected(why) = report.ended else { panic!("{:?}", report.ended) };
    assert!(why.contains("what one call writes to its state may have 16 MiB together"), "{why}");
}

#[tokio::test]
async fn digs() {
    let report = run_with("digs", GuestLimits::default()).await;
    // Rust's own stack lies in the sandbox's memory, and ends before the one of the calls.
    let why = trap(report);
    assert!(why.contains("out of bounds memory access"), "{why}");
}

#[tokio::test]
async fn floods() {
    let report = run_with("floods", GuestLimits::default()).await;
    assert!(matches!(report.ended, Ended::Ok(_)), "a flood of lines is cut, not fatal: {:?}", report.ended);
    assert_eq!(report.log.len(), 201);
    assert_eq!(report.log.last().unwrap().message, "9801 more lines were dropped: the limit is reached");
    let bytes: usize = report.log.iter().map(|line| line.message.len()).sum();
    assert!(bytes < 66 << 10);
}

#[tokio::test]
async fn overflows() {
    let report = run_with("overflows", GuestLimits::default()).await;
    let Ended::Rejected(why) = report.ended else { panic!("{:?}", report.ended) };
    assert_eq!(why, "one call may ask for 100 effects");
}

#[tokio::test]
async fn traps() {
    let report = run_with("traps", GuestLimits::default()).await;
    let said: Vec<_> = report.log.iter().map(|line| line.message.as_str()).collect();
    assert!(said.iter().any(|line| line.contains("is good enough")), "the panic's words are in the log: {said:?}");
    assert!(trap(report).contains("unreachable"));
}

#[tokio::test]
async fn hangs() {
    let limits = GuestLimits { wall: Duration::from_millis(200), ..GuestLimits::default() };
    let plugin = Plugin { limits, ..plugin("hangs", "{}", &[]) };
    let report = run("hangs", plugin, World { platform_takes: Duration::from_secs(3600), ..World::default() }).await;
    assert!(report.cpu < Duration::from_millis(100), "waiting is not billed as CPU time: {:?}", report.cpu);
    assert_eq!(trap(report), "it took longer than 200 ms (`wall_ms`)");
}

#[tokio::test]
async fn a_platform_that_is_down_parks_the_run_and_is_no_fault_of_the_plugin() {
    let report = run("hangs", plugin("hangs", "{}", &[]), World { platform_is_down: true, ..World::default() }).await;
    let Ended::Parked { after, why } = report.ended else { panic!("{:?}", report.ended) };
    assert_eq!((after, why.as_str()), (Some(Duration::from_secs(7)), "the platform is down"));
}

#[tokio::test]
async fn retries_and_rejects_come_with_their_words() {
    let report = run_with("retries", GuestLimits::default()).await;
    assert!(matches!(report.ended, Ended::Retry(why) if why == "attempt 1 was too early"));
    let report = run_with("rejects", GuestLimits::default()).await;
    assert!(matches!(report.ended, Ended::Rejected(_)), "{:?}", report.ended);
}

#[tokio::test]
async fn counts_asks_for_increments_that_read_nothing() {
    let report = run_with("counts", GuestLimits::default()).await;
    let Ended::Ok(wanted) = report.ended else { panic!("{:?}", report.ended) };
    assert_eq!(wanted.reads, []);
    assert_eq!(wanted.changes, [StateChange::Increment("count".into(), 1), StateChange::Increment("task/1".into(), 1)]);
}

#[tokio::test]
async fn what_is_not_granted_fails_with_the_line_to_add() {
    let report = run("tries-everything", plugin("tries-everything", "{}", &[]), World::default()).await;
    assert!(matches!(&report.ended, Ended::Ok(wanted) if wanted.asked.effects.is_empty() && wanted.asked.events.is_empty()));
    let said = report
        .log
        .iter()
        .map(|line| format!("{} {}\n", line.message, line.fields.iter().map(|field| field.1.as_str()).collect::<String>()))
        .collect::<String>();
    assert_eq!(report.log.len(), 11, "each of the eleven effects was refused:\n{said}");
    assert!(said.contains(r#"add "results" to `allow` below `[plugins.tries-everything]`"#), "{said}");
    assert!(said.contains(r#"add "email" to `allow` below `[plugins.tries-everything]`"#), "{said}");
}

#[tokio::test]
async fn many_that_spin_share_the_threads_and_each_pays_for_itself() {
    let component = Arc::new(load(&guest_file("spins")).await.unwrap());
    let limits = GuestLimits { cpu: Duration::from_millis(50), wall: Duration::from_secs(60), ..GuestLimits::default() };
    let calls = (0..6).map(|_| {
        let component = Arc::clone(&component);
        let call = Call {
            event: Arc::new(event(EventKind::TASK_COMPLETED, Some("1"))),
            attempt: 1,
            rerun: false,
            plugin: Arc::new(Plugin { limits, ..plugin("spins", "{}", &[]) }),
            reads: Arc::new(World::default()),
            derived: 0,
        };
        tokio::spawn(async move { call::handle(&component, call).await })
    });
    for call in calls.collect::<Vec<_>>() {
        let report = call.await.unwrap();
        // One tick of ten milliseconds, and a slow machine's worth of slack, beyond the limit at most.
        assert!(report.cpu < Duration::from_millis(500), "{:?}", report.cpu);
        assert_eq!(trap(report), "it used up its 50 ms of CPU time (`cpu_ms`)");
    }
}

#[tokio::test]
async fn slow_describe() {
    let error = load(&guest_file("slow-describe")).await.err().unwrap();
    assert!(matches!(&error, LoadError::Describe(why) if why == "it used up its 1000 ms of CPU time (`cpu_ms`)"), "{error}");
}

#[tokio::test]
async fn what_is_no_plugin_is_refused_with_what_to_do() {
    let core = load(&guest_file("core-module")).await.err().unwrap().to_string();
    assert!(core.starts_with("it is a core module, not a component\nhelp: "), "{core}");
    let other = load(&guest_file("other-version")).await.err().unwrap().to_string();
    assert!(other.contains("it was built for `crowdhook:plugin@0.2.0`, this host offers `0.1.0`"), "{other}");
    let text = load(&crate::harness::crate_folder().join("Cargo.toml")).await.err().unwrap().to_string();
    assert!(text.starts_with("it is not a WebAssembly file"), "{text}");
}

#[tokio::test]
async fn half_a_file_does_not_load() {
    let whole = std::fs::read(guest_file("counts")).unwrap();
    for share in [3, 5, 7, 9] {
        let half: Arc<[u8]> = whole.get(..whole.len() * share / 10).unwrap().into();
        assert!(crowdhook::plugin::load::load(&crate::harness::engine(), half).await.is_err(), "{share}0 % of the file loaded");
    }
}

#[tokio::test]
async fn settings_are_checked_by_the_plugin_itself_too() {
    let component = load(&guest_file("bad-settings")).await.unwrap();
    assert_eq!(component.check_settings("{}").await.len(), 1);
}
