use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Settings as _;
use crate::{Event, Origin, Plugin, Problem, Result, testing};

/// Settings of a plugin that posts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Where to.
    #[schemars(extend("format" = "crowdhook:connection"))]
    connection: String,
    /// Which events count.
    #[schemars(length(min = 1))]
    origins: Vec<Origin>,
    /// A table of its own.
    limits: Limits,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Limits {
    /// A folder, in a table.
    #[schemars(extend("format" = "crowdhook:folder"))]
    folder: Option<String>,
    #[schemars(range(min = 1, max = 5))]
    posts: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { connection: "x".to_owned(), origins: vec![Origin::Live], limits: Limits::default() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { folder: None, posts: 3 }
    }
}

struct Posts;

impl Plugin for Posts {
    type Settings = Settings;
    const HANDLES: &[&str] = &["task.analysed"];

    fn check(settings: &Settings) -> Vec<Problem> {
        let odd = settings.limits.posts % 2 == 1;
        odd.then(|| Problem::new("/limits/posts", "post in pairs")).into_iter().collect()
    }

    fn handle(_event: &Event, _settings: &Settings) -> Result<()> {
        Ok(())
    }
}

#[test]
fn the_schema_says_all_that_the_type_says() {
    let schema = testing::schema::<Posts>();
    let of = |pointer: &str| schema.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!(of("/$schema"), "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(of("/type"), "object");
    assert_eq!(of("/additionalProperties"), false);
    assert_eq!(
        of("/properties/connection"),
        json!({"type": "string", "format": "crowdhook:connection", "description": "Where to.", "default": "x"})
    );
    assert_eq!(of("/properties/origins/default"), json!(["live"]));
    // Tables are spelt out where they stand, which is where the host looks for names.
    assert_eq!(of("/properties/limits/properties/folder/format"), "crowdhook:folder");
    assert_eq!(of("/properties/limits/properties/posts/maximum"), 5);
    assert_eq!(of("/$defs"), Value::Null);
}

#[test]
fn the_schema_names_the_origins_that_there_are() {
    let origins = testing::schema::<Posts>().pointer("/properties/origins/items").cloned().unwrap_or_default().to_string();
    for origin in [Origin::Live, Origin::Backfill, Origin::Rerun, Origin::Replay] {
        assert!(origins.contains(&format!("\"{}\"", origin.as_str())), "{origins}");
        assert_eq!(Origin::from(origin.as_str()), origin);
    }
    assert!(!origins.contains("other"), "{origins}");
}

#[test]
fn what_does_not_fit_is_a_problem() {
    assert_eq!(testing::problems::<Posts>(json!({"limits": {"posts": 2}})), []);
    assert_eq!(testing::problems::<Posts>(json!({"limits": {"posts": 3}})), [Problem::new("/limits/posts", "post in pairs")]);
    let misspelt = testing::problems::<Posts>(json!({"conection": "x"}));
    assert!(matches!(misspelt.as_slice(), [problem] if problem.message.contains("unknown field `conection`")), "{misspelt:?}");
    assert_eq!(Settings::read("{}").unwrap().limits.posts, 3);
}
