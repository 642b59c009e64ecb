//! What the demo says: each task with its votes and the answer that was written back, as it happens.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::crowd::{APPEN_PROJECT, CHAIN_PROJECT, Crowd, EXPERTS_PROJECT, PYBOSSA_PROJECTS, hook_url};
use super::folder::{MAIL, RESULTS};
use crate::id::ProjectName;
use crate::store::{Store, WantedBadges};

/// How often the platforms are looked at for new results.
const LOOK: Duration = Duration::from_millis(50);
/// A value is cut after so many characters.
const VALUE_CHARS_MAX: usize = 28;
/// A line of what followed is cut after so many characters.
const LINE_CHARS_MAX: usize = 90;
/// Badges that are counted.
const BADGES_MAX: u32 = 1_000;

pub(super) struct Show<'a, Say> {
    pub(super) say: &'a Say,
    pub(super) crowd: &'a Crowd,
    pub(super) store: &'a dyn Store,
}

/// A task that is to be shown: its project and its id.
type Wanted = (&'static str, String);

impl<Say: Fn(&str)> Show<'_, Say> {
    pub(super) fn opening(&self, hooks: SocketAddr, folder: &Path) {
        self.line(&format!("practice PYBOSSA   {}   5 projects", self.crowd.pybossa.url()));
        self.line("practice Appen     job 4242, posts signed");
        self.line(&format!("practice Mastodon  {}", self.crowd.mastodon.url()));
        self.line(&format!("Crowdhook          http://{hooks}   settings, plugins and store in {}", folder.display()));
        self.line("");
        self.line("The crowd answers, the platforms call the hooks, `majority-vote` votes, the result is written back:");
        self.line("");
        self.line(&result_head());
    }

    /// Shows each task once its result is there, until all are.
    pub(super) async fn results(&self) -> anyhow::Result<()> {
        let mut waiting: BTreeSet<Wanted> = BTreeSet::new();
        for shown in PYBOSSA_PROJECTS {
            let tasks = self.crowd.pybossa.tasks(shown.name);
            waiting.extend(tasks.iter().filter_map(|task| Some((shown.name, task.get("id")?.to_string()))));
        }
        let golden =
            |unit: &i64| self.crowd.appen.unit_payload(*unit).is_some_and(|unit| unit.get("state").is_some_and(|state| state == "golden"));
        let units = self.crowd.appen.units();
        waiting.extend(units.iter().filter(|unit| !golden(unit)).map(|unit| (APPEN_PROJECT, unit.to_string())));
        while !waiting.is_empty() {
            for (project, task) in waiting.clone() {
                if let Some(info) = self.result(project, &task).await? {
                    self.result_line(project, &task, &info);
                    waiting.remove(&(project, task));
                }
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Shows what followed from the results, once all of it has left.
    pub(super) async fn chain(&self, hooks: SocketAddr, folder: &Path) -> anyhow::Result<()> {
        loop {
            let totals = self.store.totals().await?;
            if totals.waiting == 0 && totals.deliveries_waiting == 0 {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        self.line("");
        self.line(&format!("What followed from the results of `{CHAIN_PROJECT}`, each by a plugin of its own:"));
        self.line("");
        for status in self.crowd.mastodon.statuses() {
            self.line(&format!("  {:<13} {}", "post", cut_to(&status.text, LINE_CHARS_MAX)));
        }
        let mut mails: Vec<_> = std::fs::read_dir(folder.join(MAIL))?.filter_map(Result::ok).map(|entry| entry.path()).collect();
        mails.sort();
        for mail in mails {
            let text = std::fs::read_to_string(&mail).unwrap_or_default();
            let subject = text.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or("a mail");
            self.line(&format!("  {:<13} {}", "mail", cut_to(subject, LINE_CHARS_MAX)));
        }
        for task in self.crowd.pybossa.tasks(EXPERTS_PROJECT) {
            let question = task.pointer("/info/question").map(plain).unwrap_or_default();
            self.line(&format!("  {:<13} for `{EXPERTS_PROJECT}`: {}", "new task", cut_to(&question, LINE_CHARS_MAX)));
        }
        let badges = self.store.badges(&CHAIN_PROJECT.parse()?, WantedBadges::first(BADGES_MAX)).await?;
        self.line(&format!("  {:<13} {} to volunteers: http://{hooks}/badges/{CHAIN_PROJECT}", "badges", badges.len()));
        let lines =
            std::fs::read_to_string(folder.join(RESULTS).join("results.csv")).map_or(0, |text| text.lines().count().saturating_sub(1));
        self.line(&format!("  {:<13} {lines} lines in {}", "file", folder.join(RESULTS).join("results.csv").display()));
        Ok(())
    }

    /// What stands as the task's result: on PYBOSSA itself where it lives there, in the host's record for Appen.
    async fn result(&self, project: &str, task: &str) -> anyhow::Result<Option<Value>> {
        if project == APPEN_PROJECT {
            let name: ProjectName = project.parse()?;
            let kept = self.store.task_result(&name, task).await?;
            return Ok(kept.map(|kept| serde_json::from_str(&kept.info)).transpose()?);
        }
        let row = task.parse().ok().and_then(|id| self.crowd.pybossa.result_of(id));
        Ok(row.and_then(|row| row.get("info").filter(|info| !info.is_null()).cloned()))
    }

    fn result_line(&self, project: &str, task: &str, info: &Value) {
        result_lines(project, task, info).iter().for_each(|line| self.line(line));
    }

    pub(super) fn closing(&self, hooks: SocketAddr, admin: SocketAddr, folder: &Path) {
        self.line("");
        self.line("All done. The host stays up until Ctrl-C; what you can do meanwhile:");
        self.line(&format!("  look at the results      curl '{}/api/result?project_id=1'", self.crowd.pybossa.url()));
        self.line(&format!("  look at the posts        curl '{}/api/v1/timelines/public'", self.crowd.mastodon.url()));
        self.line(&format!("  look at the badges       http://{hooks}/badges/{CHAIN_PROJECT}"));
        self.line(&format!("  read the mails           {}", folder.join(MAIL).display()));
        self.line(&format!("  change how it votes      edit {}/projects/birds.toml, live within a second", folder.display()));
        self.line(&format!(
            "  ask the host             crowdhook status --config {}/crowdhook.toml   (admin API on http://{admin})",
            folder.display()
        ));
        self.line("");
        self.line("For a project of your own, `crowdhook init my-crowd` makes the folder. Then paste the hook's URL:");
        self.line(&format!("  PYBOSSA   {}", hook_url(hooks, "<project>").replace(super::crowd::HOOK_TOKEN, "<token>")));
        self.line("            into the project's settings page, field \"Webhook\" (an admin or pro user may)");
        self.line("  Appen     the same into the job's settings, \"Webhook URI\"; its secret token goes into `platform.signing_token`");
    }

    fn line(&self, text: &str) {
        (self.say)(text);
    }
}

/// What stands above the lines of results.
pub(super) fn result_head() -> String {
    format!("  {:<15} {:<9} {:<52} {}", "PROJECT", "TASK", "VOTES", "RESULT")
}

/// A task with its votes and what they came to, a line for each question.
pub(super) fn result_lines(project: &str, task: &str, info: &Value) -> Vec<String> {
    let parts = match info.get("questions").and_then(Value::as_object) {
        Some(questions) => questions.iter().map(|(name, part)| (format!("{name}: "), part)).collect(),
        None => vec![(String::new(), info)],
    };
    let line = |(place, (name, part)): (usize, (String, &Value))| {
        let (project, task) = if place == 0 { (project, task) } else { ("", "") };
        let analysis =
            if name.is_empty() { info.get("analysis") } else { info.pointer(&format!("/analysis/{}", name.trim_end_matches(": "))) };
        let votes = format!("{name}{}", votes(analysis));
        format!("  {project:<15} {task:<9} {votes:<52} {}", verdict(part))
    };
    parts.into_iter().enumerate().map(line).collect()
}

/// `robin ×3, wren`
fn votes(analysis: Option<&Value>) -> String {
    let Some(Value::Object(counts)) = analysis else { return String::new() };
    let vote = |(value, count): (&String, &Value)| match count.as_f64() {
        Some(1.0) | None => cut(value),
        _ => format!("{} ×{count}", cut(value)),
    };
    counts.iter().map(vote).collect::<Vec<_>>().join(", ")
}

fn verdict(part: &Value) -> String {
    let agreement =
        part.get("agreement").and_then(Value::as_f64).map(|share| format!("  ({:.0} % agree)", share * 100.0)).unwrap_or_default();
    match (part.get("decided").and_then(Value::as_bool), part.get("tie").and_then(Value::as_bool)) {
        (Some(true), _) => format!("{}{agreement}", cut(&part.get("answer").map(plain).unwrap_or_default())),
        (_, Some(true)) => "undecided: a tie".to_owned(),
        _ => format!("undecided: {}", part.get("reason").map(plain).unwrap_or_default()),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(" + "),
        other => other.to_string(),
    }
}

/// On one line and not too long: what the crowd writes is not to drive the terminal.
fn cut(text: &str) -> String {
    cut_to(text, VALUE_CHARS_MAX)
}

fn cut_to(text: &str, chars_max: usize) -> String {
    let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if text.chars().count() <= chars_max {
        return text;
    }
    text.chars().take(chars_max - 1).chain(['…']).collect()
}
