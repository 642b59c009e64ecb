//! Alert rules, the dashboard and the page on metrics hold to what a host tells, and to what Prometheus understands.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Prometheus, crate_folder, example, page, worked};
use crate::harness::part::{self, tried};
use crate::harness::patience::eventually;

/// What a host tells only where it speaks TLS; `tls` shows that it does.
const WITH_TLS: &str = "crowdhook_tls_certificate_end_timestamp_seconds";

/// Each expression of the dashboard as Grafana would ask it, with the panel's title.
fn expressions() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(&example("grafana-dashboard.json")).unwrap();
    let mut expressions = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().unwrap();
            let asked = expression.replace("$__rate_interval", "5m").replace("$instance", ".*").replace("$project", ".*");
            assert!(!asked.contains('$'), "an unknown variable: {asked}");
            expressions.push((panel["title"].as_str().unwrap().to_owned(), asked));
        }
    }
    assert!(expressions.len() > 30, "{expressions:?}");
    expressions
}

/// The metrics that a text names.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("crowdhook_") || word.starts_with("process_")).map(str::to_owned).collect()
}

/// The series on a page, and its metrics as one writes of them: a histogram without its parts.
fn told(page: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let series = page.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(['{', ' ']).next().unwrap().to_owned());
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let metrics = types.map(|(name, kind)| match kind {
        "counter" => format!("{name}_total"),
        "info" => format!("{name}_info"),
        _ => name.to_owned(),
    });
    (series.collect(), metrics.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_alerts_and_panels_ask_for_is_what_a_host_tells() {
    let (_server, host) = worked().await;
    let (series, mut metrics) = told(&page(&host).await);
    assert!(metrics.insert(WITH_TLS.to_owned()), "{metrics:?}");
    for file in ["prometheus-alerts.yml", "grafana-dashboard.json"] {
        let unknown: Vec<_> = named(&example(file)).into_iter().filter(|name| !series.contains(name) && !metrics.contains(name)).collect();
        assert!(unknown.is_empty(), "{file} names what no host tells: {unknown:?}");
    }
    // The page on metrics has a row for each, and no other.
    let told_of = example("metrics.md");
    let rows = told_of.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0));
    let rows: BTreeSet<String> = rows.filter(|row| !row.starts_with("GET ")).map(str::to_owned).collect();
    assert_eq!(rows, metrics);
    host.stop().await;
}

#[test]
fn prometheus_understands_the_alert_rules_and_they_fire_when_they_should() {
    let Some(promtool) = part::promtool() else { return };
    let tests = std::fs::read_to_string(crate_folder().join("tests/alerts/prometheus-alerts.test.yml")).unwrap();
    let rules = example("prometheus-alerts.yml");
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let check = |command: &str, file: &str| {
        let (content, said) = tried(&promtool, &[command, "rules", file], "");
        assert!(content, "{said}");
    };
    check("check", &put("prometheus-alerts.yml", &rules));
    check("test", &put("tests.yml", &tests));
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let untested: Vec<_> = alerts.iter().filter(|alert| !tests.contains(&format!("alertname=\"{alert}\""))).collect();
    assert!(untested.is_empty() && alerts.len() > 10, "in no test do these fire: {untested:?}");
}

#[test]
fn prometheus_understands_each_query_of_the_dashboard() {
    let Some(promtool) = part::promtool() else { return };
    let rule =
        |(number, (_, expression)): (usize, (String, String))| format!("      - record: panel:{number}\n        expr: {expression:?}\n");
    let rules: String = expressions().into_iter().enumerate().map(rule).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("panels.yml");
    std::fs::write(&file, format!("groups:\n  - name: panels\n    rules:\n{rules}")).unwrap();
    let (content, said) = tried(&promtool, &["check", "rules", file.to_str().unwrap()], "");
    assert!(content, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_panel_of_the_dashboard_shows_something() {
    let Some(program) = part::prometheus() else { return };
    let (_server, host) = worked().await;
    let prometheus = Prometheus::scraping(&program, &host);
    for (title, expression) in expressions() {
        // What is left out while it is zero is there.
        let encoded: String = form_urlencoded::byte_serialize(expression.trim_end_matches(" > 0").as_bytes()).collect();
        // A rate takes two scrapes.
        let what = format!("panel `{title}` shows something: {expression}");
        eventually(&what, async || prometheus.query(&encoded).await.pop()).await;
    }
    host.stop().await;
}
