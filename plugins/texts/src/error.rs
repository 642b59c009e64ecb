//! What is wrong with a text or condition, in a sentence for people.

use minijinja::{Error, ErrorKind};

/// What is wrong with a text or condition, or why it cannot be evaluated: a sentence, and where it has several lines, which.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}{message}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct TextError {
    /// The line within the text, counted from 1; none where the text has one line only.
    pub line: Option<usize>,
    /// What is wrong and, where possible, what to write instead.
    pub message: String,
}

impl TextError {
    /// The sentence with the text itself before it, for where people see many texts at a time.
    #[must_use]
    pub fn quoting(&self, source: &str) -> String {
        format!("`{}`: {self}", source.trim())
    }

    pub(crate) fn new(source: &str, line: Option<usize>, message: impl Into<String>) -> Self {
        let line = line.filter(|_| source.trim_end().contains('\n'));
        Self { line, message: message.into() }
    }

    /// Puts what the engine says into words.
    pub(crate) fn of_engine(source: &str, error: &Error) -> Self {
        let detail = error.detail().unwrap_or_default();
        let message = match error.kind() {
            ErrorKind::SyntaxError => format!("does not parse: {detail}{}", advice(source, detail)),
            ErrorKind::UndefinedError => {
                let detail = detail.replace("is undefined", "is not there");
                format!("{detail}; what may be missing wants a default: `task.info.name | default(\"?\")`")
            }
            ErrorKind::OutOfFuel => "takes too long: loop over less".to_owned(),
            ErrorKind::WriteFailure => format!("is longer than {} bytes when it is filled in", crate::OUTPUT_BYTES_MAX),
            kind if detail.is_empty() => format!("cannot be filled in: {kind}"),
            _ => format!("cannot be filled in: {detail}"),
        };
        Self::new(source, error.line(), message)
    }
}

/// What to write instead, where the mistake is a common one.
fn advice(source: &str, detail: &str) -> &'static str {
    let compared = detail == "unexpected input after expression" && source.replace("==", "").replace("!=", "").contains(" = ");
    if compared || detail.contains("unexpected `=`") { "; write `==` to compare" } else { "" }
}
