//! What a practice platform holds when it starts.
//!
//! [`Seed::demo`] is made to show what plugins must cope with: clear majorities, ties, the
//! same word written in four ways, forms with several questions, numbers with an outlier.

use std::time::Duration;

use serde_json::{Value, json};

use super::appen::{Job, Judgment, Unit};
use super::pybossa::RateLimit;
use crate::clock::Clock;

/// How a practice PYBOSSA starts.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The time it goes by.
    pub clock: Clock,
    /// The rate limit, or none.
    pub rate_limit: Option<RateLimit>,
    /// How many webhooks are posted at a time. A real server's workers are few, and a slow
    /// hook holds one up.
    pub webhook_workers: usize,
    /// How long a webhook may take before its job is given up: 180 s on a real server.
    pub job_timeout: Duration,
    /// The users; their ids are their places in this list, counted from 1.
    pub users: Vec<SeedUser>,
    /// The user who owns projects that are added later.
    pub owner: String,
    /// The projects; their ids are their places in this list, counted from 1.
    pub projects: Vec<SeedProject>,
}

/// A user to begin with.
#[derive(Clone, Debug)]
pub struct SeedUser {
    /// The name to log in with.
    pub name: String,
    /// The name that others see.
    pub fullname: String,
    /// The key for API calls.
    pub api_key: String,
    /// May do everything.
    pub admin: bool,
    /// May use the webhook page of his projects.
    pub pro: bool,
}

impl SeedUser {
    /// An ordinary user whose key is `practice-key-of-<name>`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), fullname: name.to_owned(), api_key: format!("practice-key-of-{name}"), admin: false, pro: false }
    }

    pub(super) fn cells(&self) -> Value {
        json!({"fullname": self.fullname, "admin": self.admin, "pro": self.pro})
    }
}

/// A project to begin with.
#[derive(Clone, Debug)]
pub struct SeedProject {
    /// The name in addresses and in webhooks.
    pub short_name: String,
    /// The name for people.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// The owner's user name.
    pub owner: String,
    /// Where completed tasks are posted.
    pub webhook: Option<String>,
    /// Whether others see the project in lists.
    pub published: bool,
    /// Whatever the project keeps.
    pub info: Value,
    /// Its tasks; their ids follow those of the projects before.
    pub tasks: Vec<SeedTask>,
}

impl SeedProject {
    /// A published project of the user `owner`, without tasks.
    #[must_use]
    pub fn new(short_name: &str) -> Self {
        Self {
            short_name: short_name.to_owned(),
            name: short_name.to_owned(),
            description: format!("The practice project {short_name}"),
            owner: "owner".to_owned(),
            webhook: None,
            published: true,
            info: json!({"task_presenter": "<div>answer</div>"}),
            tasks: Vec::new(),
        }
    }
}

/// A task to begin with, and answers that are planned for it.
#[derive(Clone, Debug)]
pub struct SeedTask {
    /// What is put to people.
    pub info: Value,
    /// How many answers complete the task.
    pub n_answers: u32,
    /// Worker and answer, in the order in which they are to be given.
    pub answers: Vec<(String, Value)>,
}

impl SeedTask {
    /// A task that as many workers answer as there are `answers`, the last of which completes it.
    #[must_use]
    pub fn answered(info: Value, answers: Vec<Value>) -> Self {
        let workers = ["ada", "ben", "cleo", "dev", "emi", "finn", "gül"].into_iter().map(str::to_owned);
        let answers: Vec<_> = workers.zip(answers).collect();
        Self { info, n_answers: u32::try_from(answers.len()).unwrap_or(1), answers }
    }
}

/// An answer that a seed plans; nothing is given until somebody does so.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The task's id.
    pub task: i64,
    /// The worker's user name.
    pub worker: String,
    /// The answer.
    pub info: Value,
}

impl Seed {
    /// Three users and no project: `admin`; `owner`, who is pro; and `other`.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            clock: Clock::default(),
            rate_limit: Some(RateLimit::PYBOSSA),
            webhook_workers: 2,
            job_timeout: Duration::from_secs(180),
            users: vec![
                SeedUser { admin: true, ..SeedUser::new("admin") },
                SeedUser { pro: true, ..SeedUser::new("owner") },
                SeedUser::new("other"),
            ],
            owner: "owner".to_owned(),
            projects: Vec::new(),
        }
    }

    /// One project of `owner`, with answers planned for every task: which bird is in a picture.
    #[must_use]
    pub fn birds() -> Self {
        Self { projects: vec![birds()], ..Self::empty() }
    }

    /// Four projects of `owner`, with answers planned for every task.
    #[must_use]
    pub fn demo() -> Self {
        Self { projects: vec![birds(), forms(), counts(), transcripts()], ..Self::empty() }
    }
}

/// One question, one word: `/animal`.
fn birds() -> SeedProject {
    let task = |picture: u32, animals: &[&str]| {
        let info = json!({"url": format!("https://example.org/birds/{picture}.jpg"), "question": "Which bird is this?"});
        SeedTask::answered(info, animals.iter().map(|animal| json!({"animal": animal})).collect())
    };
    SeedProject {
        name: "Garden birds".to_owned(),
        description: "Which bird visits the feeder?".to_owned(),
        tasks: vec![
            task(1, &["robin", "robin", "robin"]),
            task(2, &["robin", "wren", "robin", "robin", "sparrow"]),
            // A tie.
            task(3, &["wren", "robin", "robin", "wren"]),
            // One word, four ways to write it.
            task(4, &["Great tit", " great tit", "GREAT  TIT", "great tit "]),
            // The same letters composed and decomposed, and an accent forgotten.
            task(5, &["pingüino", "pingu\u{308}ino", "pinguino"]),
            // All differ.
            task(6, &["owl", "crow", "jay"]),
            task(7, &["jay", "jay", ""]),
        ],
        ..SeedProject::new("birds")
    }
}

/// Several questions a task: `/species`, `/flying`, `/behaviour`.
fn forms() -> SeedProject {
    let task = |picture: u32, answers: &[(&str, &str, &[&str])]| {
        let form =
            |(species, flying, behaviour): &(&str, &str, &[&str])| json!({"species": species, "flying": flying, "behaviour": behaviour});
        let info = json!({"url": format!("https://example.org/forms/{picture}.jpg"), "question": "What do you see?"});
        SeedTask::answered(info, answers.iter().map(form).collect())
    };
    SeedProject {
        name: "Bird forms".to_owned(),
        description: "Species, flight and behaviour".to_owned(),
        tasks: vec![
            task(1, &[("owl", "yes", &["hunting"]), ("owl", "yes", &["hunting"]), ("owl", "no", &["resting"])]),
            task(2, &[("gull", "yes", &["calling", "eating"]), ("tern", "yes", &["eating", "calling"]), ("gull", "no", &[])]),
        ],
        ..SeedProject::new("forms")
    }
}

/// Numbers, one of them far off: `/count`.
fn counts() -> SeedProject {
    let task = |picture: u32, counts: Vec<Value>| {
        let info = json!({"url": format!("https://example.org/counts/{picture}.jpg"), "question": "How many?"});
        SeedTask::answered(info, counts.into_iter().map(|count| json!({"count": count})).collect())
    };
    SeedProject {
        name: "Flock counts".to_owned(),
        description: "How many birds are in the flock?".to_owned(),
        tasks: vec![
            task(1, vec![json!(12), json!(12), json!(13)]),
            task(2, vec![json!(40), json!(38), json!(41), json!(39), json!(400)]),
            task(3, vec![json!(0), json!("0"), json!(0.5)]),
        ],
        ..SeedProject::new("counts")
    }
}

/// Free text: `/text`.
fn transcripts() -> SeedProject {
    let task = |page: u32, texts: &[&str]| {
        let info = json!({"url": format!("https://example.org/pages/{page}.png"), "question": "What does it say?"});
        SeedTask::answered(info, texts.iter().map(|text| json!({"text": text})).collect())
    };
    SeedProject {
        name: "Field notes".to_owned(),
        description: "Transcribe a page of field notes".to_owned(),
        tasks: vec![
            task(1, &["Saw two owls at dusk.", "saw two owls at dusk", "Saw two owls at dusk."]),
            task(2, &["Zwölf Möwen am Hafen", "ZWÖLF MÖWEN AM HAFEN", "Zwo\u{308}lf Mo\u{308}wen am Hafen"]),
            // What the crowd writes is hostile now and then.
            task(3, &["=HYPERLINK(\"https://example.org\")", "<b>nothing</b> @everyone", "nothing 🐦\nreadable"]),
        ],
        ..SeedProject::new("transcripts")
    }
}

/// An Appen job with judgments planned for each unit: agreement, a rejected and a tainted
/// judgment, a question with several choices, and a test question.
#[must_use]
pub fn demo_job() -> Job {
    let judged = |id: i64, worker: i64, trust: f64, data: Value| Judgment { trust, ..Judgment::new(id, worker, data) };
    let picture = |id: i64| json!({"image_url": format!("https://example.org/{id}.jpg")});
    let animal = |name: &str| json!({"animal": name});
    Job {
        judgments_per_unit: 3,
        send_judgments: true,
        units: vec![
            Unit {
                planned: vec![
                    judged(9001, 11, 0.9, animal("cat")),
                    judged(9002, 12, 0.8, animal("cat")),
                    judged(9003, 13, 0.7, animal("dog")),
                ],
                ..Unit::new(700_001, picture(1))
            },
            Unit {
                planned: vec![
                    judged(9004, 11, 0.9, animal("dog")),
                    Judgment { rejected: Some("speed".to_owned()), ..judged(9005, 14, 0.6, animal("cat")) },
                    Judgment { tainted: true, ..judged(9006, 15, 0.5, animal("cat")) },
                    judged(9007, 12, 0.8, animal("dog")),
                    judged(9008, 13, 0.7, animal("dog")),
                ],
                ..Unit::new(700_002, picture(2))
            },
            Unit {
                planned: vec![
                    judged(9009, 11, 0.9, json!({"animal": ["cat", "perro ñ"], "_clicks": ["https://example.org/a?x=1&y=2"]})),
                    judged(9010, 12, 0.8, json!({"animal": ["cat", "perro ñ"]})),
                    judged(9011, 13, 0.7, json!({"animal": ["cat"]})),
                ],
                ..Unit::new(700_003, picture(3))
            },
            Unit {
                golden: true,
                planned: vec![Judgment { golden: true, ..judged(9012, 11, 0.9, animal("cat")) }],
                ..Unit::new(700_004, picture(4))
            },
        ],
        ..Job::new(4242)
    }
}
