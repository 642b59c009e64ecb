//! What a guest said last before it trapped. The trap itself says `unreachable`, whatever the exception was; the languages' runtimes write what
//! it was to stderr, or to the log.

use super::super::guest::{LogLine, cut};

/// No words are kept longer, in bytes.
const WORDS_BYTES_MAX: usize = 500;
/// What runtimes add behind the words.
const BEHIND: [&str; 2] = ["note: run with `RUST_BACKTRACE", "Redirecting call to abort()"];

/// What is in the words of a typical mistake, and what to do about it, where the language does not say.
const FIXES: [(&str, &str); 4] = [
    ("expected a string, received [object", "let `JSON.stringify` write it"),
    ("object is not an instance of 'str'", "let `json.dumps` write it"),
    ("ModuleNotFoundError: ", "import it at the top of the plugin's file: modules are looked up when the plugin is built"),
    ("unknown encoding: idna", "there is no network; `http.fetch` and `http.send` go through the project's connections"),
];

/// The exception's own line, as far as one can be told, with what to do about it if that is known.
pub(super) fn last_words(log: &[LogLine]) -> Option<String> {
    let stderr = log.iter().rfind(|line| line.level == "stderr").map(|line| line.message.as_str());
    let error = log.iter().rfind(|line| line.level == "error").map(|line| line.message.as_str());
    let words = stderr.and_then(of_stderr).or_else(|| error.and_then(of_panic)).or_else(|| error.and_then(|error| error.lines().next()));
    let words = words.map(|words| cut(words.trim(), WORDS_BYTES_MAX)).filter(|words| !words.is_empty())?;
    Some(match FIXES.iter().find(|(mistake, _)| words.contains(mistake)) {
        Some((_, fix)) => format!("{words}; {fix}"),
        None => words,
    })
}

fn of_stderr(text: &str) -> Option<&str> {
    of_python(text).or_else(|| of_javascript(text)).or_else(|| of_panic(text)).or_else(|| last_line(text))
}

/// The line behind a traceback: its frames are indented.
fn of_python(text: &str) -> Option<&str> {
    if let Some((_, frames)) = text.rsplit_once("Traceback (most recent call last):") {
        return frames.lines().find(|line| !line.trim().is_empty() && !line.starts_with(' '));
    }
    // What its runtime could not hand over: a value of a wrong type, say.
    let (_, error) = text.rsplit_once("PyErr { ")?;
    let (_, value) = error.split_once("value: ")?;
    Some(value.split_once(", traceback: ").map_or(value, |(value, _)| value))
}

/// What was thrown, which is no failure of the interface, or what the bindings had to say.
fn of_javascript(text: &str) -> Option<&str> {
    if let Some((_, received)) = text.rsplit_once("(received `") {
        return Some(received.split_once("`) specified for")?.0);
    }
    last_line(text.rsplit_once("\nStack:\n")?.0)
}

/// The line behind the place of a panic.
fn of_panic(text: &str) -> Option<&str> {
    let (_, panic) = text.rsplit_once("panicked at ")?;
    panic.lines().nth(1)
}

fn last_line(text: &str) -> Option<&str> {
    text.lines().rfind(|line| !line.trim().is_empty() && !BEHIND.iter().any(|behind| line.starts_with(behind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(level: &'static str, message: &str) -> LogLine {
        LogLine { level, message: message.to_owned(), fields: Vec::new() }
    }

    #[test]
    fn each_languages_exception_is_found() {
        let python = "Traceback (most recent call last):\n  File \"/0/plugin.py\", line 62, in handle\nValueError: species is missing\n\nthread '<unnamed>' (1) \
             panicked at runtime/src/lib.rs:1293:29:\nPython function threw an unexpected exception\nnote: run with `RUST_BACKTRACE=1` environment variable to \
             display a backtrace";
        let python_type = "thread '<unnamed>' (1) panicked at runtime/src/lib.rs:1494:89:\ncalled `Result::unwrap()` on an `Err` value: PyErr { type: <class \
             'TypeError'>, value: TypeError(\"'dict' object is not an instance of 'str'\"), traceback: None }\nnote: run with `RUST_BACKTRACE=1`";
        let javascript = "invalid variant tag value `undefined` (received `TypeError: boom`) specified for `Failure`\nStack:\n  \
             export_handle@/initializer.js:3707:17\n\nRedirecting call to abort() to mozalloc_abort";
        let cases = [
            (vec![line("stderr", python)], Some("ValueError: species is missing")),
            (
                vec![line("stderr", python_type)],
                Some("TypeError(\"'dict' object is not an instance of 'str'\"); let `json.dumps` write it"),
            ),
            (
                vec![line(
                    "stderr",
                    "expected a string, received [object]\nStack:\n  save@/initializer.js:1988:41\n\nRedirecting call to abort()",
                )],
                Some("expected a string, received [object]; let `JSON.stringify` write it"),
            ),
            (vec![line("error", "an older line"), line("stderr", javascript)], Some("TypeError: boom")),
            (
                vec![line("stderr", "thread 'main' panicked at src/lib.rs:7:9:\nno answer\nnote: run with `RUST_BACKTRACE=1`")],
                Some("no answer"),
            ),
            (vec![line("error", "panicked at src/lib.rs:7:9:\nno answer")], Some("no answer")),
            (vec![line("error", "TypeError: boom\nhandle@plugin.js:53:11")], Some("TypeError: boom")),
            (
                vec![line("stderr", "Assertion failed: votes > 0 (vote.c: decide: 91)\n")],
                Some("Assertion failed: votes > 0 (vote.c: decide: 91)"),
            ),
            (vec![line("info", "2 of 3 agree"), line("stdout", "hello")], None),
            (vec![line("stderr", " \n")], None),
        ];
        for (log, words) in cases {
            assert_eq!(last_words(&log).as_deref(), words, "{log:?}");
        }
        assert_eq!(last_words(&[line("stderr", &"x".repeat(9_000))]).unwrap().len(), WORDS_BYTES_MAX);
    }
}
