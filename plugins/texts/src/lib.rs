//! Conditions and texts of the bundled plugins: what their settings may say about an event.
//!
//! The language is Jinja's, by `minijinja`. [`Scope`] says which names there are for a kind of event, [`Text`] and
//! [`Condition`] are checked against it when settings are checked, [`Facts`] become the [`Context`] in which they are evaluated.
//! What the crowd wrote is hostile: [`Escape`] says what becomes of it on its way into a text. The crate knows nothing of any one plugin.
//!
//! ```
//! use crowdhook_texts::{Condition, Context, Escape, Event, Facts, Scope, Text};
//!
//! let scope = Scope::of_kind("task.analysed");
//! let when = Condition::parse("answer == 'yes' and agreement >= 0.8", &scope)?;
//! let text = Text::parse("Task {{ task.id }}: {{ answer }} ({{ votes }} of {{ total }})", Escape::None, &scope)?;
//!
//! let event = Event { kind: "task.analysed".to_owned(), task_id: Some("7".to_owned()), ..Event::default() };
//! let analysis = serde_json::json!({ "answer": "yes", "votes": 4, "total": 5, "agreement": 0.8 });
//! let context = Context::new(&Facts { event, analysis: Some(analysis), ..Facts::default() });
//! assert!(when.holds(&context)?);
//! assert_eq!(text.render(&context)?, "Task 7: yes (4 of 5)");
//! # Ok::<(), crowdhook_texts::TextError>(())
//! ```

mod check;
mod condition;
mod context;
pub mod csv;
mod engine;
mod error;
mod expression;
mod line;
mod post;
mod read;
mod scope;
mod text;

pub use condition::Condition;
pub use context::{Context, Event, Facts, Project, Task, Uses};
pub use engine::{OUTPUT_BYTES_MAX, SOURCE_BYTES_MAX};
pub use error::TextError;
pub use expression::Expression;
pub use line::one_line;
pub use post::without_mentions_and_links;
pub use scope::{Scope, Shape};
pub use text::{Escape, Text};
