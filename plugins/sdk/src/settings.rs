//! What a project sets: read into a type, and described by it.

use crate::{Failure, Result};

/// What is wrong at one place of the settings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// Where, as a JSON Pointer into the settings; empty for the whole of them.
    pub at: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl Problem {
    /// A problem at this place.
    #[must_use]
    pub fn new(at: impl Into<String>, message: impl ToString) -> Self {
        Self { at: at.into(), message: message.to_string() }
    }
}

/// What a plugin's settings are read into.
///
/// Every type has it that derives `serde::Deserialize` and `schemars::JsonSchema` (by the feature `schema`, which is on unless it is switched
/// off): the schema is made of its fields and their doc comments. Write `#[serde(deny_unknown_fields)]`, and a misspelt setting is an error.
/// A text that names a connection, a folder or a project says so, and the host then looks whether it is granted:
///
/// ```
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// struct Settings {
///     /// The name of the project's connection to the service.
///     #[schemars(extend("format" = "crowdhook:connection"))] // or `crowdhook:folder`, `crowdhook:project`
///     connection: String,
///     /// How many at most.
///     #[serde(default = "ten")]
///     #[schemars(range(min = 1))]
///     at_most: u32,
/// }
///
/// fn ten() -> u32 {
///     10
/// }
/// # use serde_json::json;
/// # let schema: serde_json::Value = serde_json::from_str(&<Settings as crowdhook_plugin::Settings>::schema()).unwrap();
/// # assert_eq!(schema["properties"]["connection"]["format"], "crowdhook:connection");
/// # assert_eq!(schema["properties"]["connection"]["type"], "string");
/// # assert_eq!(schema["properties"]["at_most"]["minimum"], 1);
/// # assert_eq!(schema["properties"]["at_most"]["default"], 10);
/// # assert_eq!(schema["additionalProperties"], false);
/// ```
///
/// Where a schema is better written by hand, or each byte of the component counts (`schemars` adds about 40 kB), a type implements this
/// itself. The bundled plugins do so, without the feature.
pub trait Settings: Sized {
    /// The settings' JSON Schema (2020-12).
    fn schema() -> String;

    /// Reads settings.
    ///
    /// # Errors
    ///
    /// All that is wrong with them. The host's check by the schema comes first, so `handle` sees none of these.
    fn read(json: &str) -> Result<Self, Vec<Problem>>;
}

/// The settings of a plugin that has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSettings;

impl Settings for NoSettings {
    fn schema() -> String {
        r#"{"type":"object","additionalProperties":false}"#.to_owned()
    }

    fn read(_json: &str) -> Result<Self, Vec<Problem>> {
        Ok(Self)
    }
}

#[cfg(feature = "schema")]
impl<T: serde::de::DeserializeOwned + schemars::JsonSchema> Settings for T {
    fn schema() -> String {
        // Written out in place: the host does not follow references to find the names of connections and folders.
        let settings = schemars::generate::SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
        settings.into_generator().into_root_schema_for::<T>().as_value().to_string()
    }

    fn read(json: &str) -> Result<Self, Vec<Problem>> {
        serde_json::from_str(json).map_err(|error| vec![Problem::new("", error)])
    }
}

/// The failure of a `handle` that was given settings with problems: seen by those only who run a plugin without the host's checks.
#[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "what the exports call"))]
pub(crate) fn unfit(problems: Vec<Problem>) -> Failure {
    let said = |Problem { at, message }| if at.is_empty() { message } else { format!("{at}: {message}") };
    let all: Vec<String> = problems.into_iter().map(said).collect();
    Failure::Reject(format!("settings: {}", all.join("; ")))
}

#[cfg(all(test, feature = "schema"))]
mod tests;
