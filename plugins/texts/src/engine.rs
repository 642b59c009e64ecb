//! The language's engine with what is allowed in it, and its limits.

use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value, filters, functions, tests};

use crate::Escape;
use crate::post;

/// Bytes of a text's source at most.
pub const SOURCE_BYTES_MAX: usize = 32 * 1024;

/// Bytes of what becomes of a text at most.
pub const OUTPUT_BYTES_MAX: usize = 256 * 1024;

/// Steps that filling in a text may take: enough for a table of a large analysis, and some tenths of a second at most.
const FUEL: u64 = 500_000;

/// How deep macros may call each other. A sandbox has a small stack.
const CALLS_DEPTH_MAX: usize = 8;

/// The filters that there are, in the order of the alphabet.
pub(crate) const FILTERS: &[&str] = &[
    "abs",
    "batch",
    "bool",
    "capitalize",
    "count",
    "d",
    "default",
    "dictsort",
    "first",
    "float",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "percent",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "truncate",
    "unique",
    "upper",
];

/// The tests that there are (`is defined`), in the order of the alphabet.
pub(crate) const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "even",
    "false",
    "float",
    "ge",
    "gt",
    "in",
    "integer",
    "iterable",
    "le",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sequence",
    "startingwith",
    "string",
    "true",
    "undefined",
    "upper",
];

/// The functions that there are.
pub(crate) const FUNCTIONS: &[&str] = &["dict", "range"];

/// The engine for texts of this kind.
///
/// There is no filter `safe`, and none that marks a text as safe where posts are cleaned: what the crowd wrote cannot get by.
pub(crate) fn environment(escape: Escape) -> Environment<'static> {
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(CALLS_DEPTH_MAX);
    env.set_debug(true);
    match escape {
        Escape::None | Escape::Post { .. } => {}
        Escape::Html => env.set_auto_escape_callback(|_| AutoEscape::Html),
        Escape::Json => env.set_auto_escape_callback(|_| AutoEscape::Json),
    }
    env.set_formatter(move |out, state, value| fill_in(out, state, value, escape));
    add_filters(&mut env, escape);
    add_tests(&mut env);
    env.add_function("range", functions::range);
    env.add_function("dict", functions::dict);
    env
}

/// Writes one value into a text. Lists, objects, true and false are shown as JSON, null as `none`.
fn fill_in(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value, escape: Escape) -> Result<(), Error> {
    let shown = match value.kind() {
        _ if escape == Escape::Json => value.clone(),
        ValueKind::Map | ValueKind::Seq | ValueKind::Iterable | ValueKind::Bool => Value::from(json(value)?),
        ValueKind::None => Value::from("none"),
        _ => value.clone(),
    };
    match escape {
        Escape::Post { mentions, links } if !shown.is_undefined() && !shown.is_safe() => {
            out.write_str(&post::clean(&shown.to_string(), mentions, links)).map_err(Error::from)
        }
        _ => minijinja::escape_formatter(out, state, &shown),
    }
}

fn json(value: &Value) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| invalid(error.to_string()))
}

fn add_filters(env: &mut Environment<'static>, escape: Escape) {
    env.add_filter("abs", filters::abs);
    env.add_filter("batch", filters::batch);
    env.add_filter("bool", filters::bool);
    env.add_filter("capitalize", filters::capitalize);
    env.add_filter("count", filters::length);
    env.add_filter("d", filters::default);
    env.add_filter("default", filters::default);
    env.add_filter("dictsort", filters::dictsort);
    env.add_filter("first", filters::first);
    env.add_filter("float", filters::float);
    env.add_filter("groupby", filters::groupby);
    env.add_filter("indent", filters::indent);
    env.add_filter("int", filters::int);
    env.add_filter("items", filters::items);
    env.add_filter("join", filters::join);
    env.add_filter("last", filters::last);
    env.add_filter("length", filters::length);
    env.add_filter("lines", filters::lines);
    env.add_filter("list", filters::list);
    env.add_filter("lower", filters::lower);
    env.add_filter("map", filters::map);
    env.add_filter("max", filters::max);
    env.add_filter("min", filters::min);
    env.add_filter("percent", percent);
    env.add_filter("reject", filters::reject);
    env.add_filter("rejectattr", filters::rejectattr);
    env.add_filter("replace", filters::replace);
    env.add_filter("reverse", filters::reverse);
    env.add_filter("round", filters::round);
    env.add_filter("select", filters::select);
    env.add_filter("selectattr", filters::selectattr);
    env.add_filter("slice", filters::slice);
    env.add_filter("sort", filters::sort);
    env.add_filter("split", filters::split);
    env.add_filter("string", filters::string);
    env.add_filter("sum", filters::sum);
    env.add_filter("title", filters::title);
    env.add_filter("trim", filters::trim);
    env.add_filter("truncate", truncate);
    env.add_filter("unique", filters::unique);
    env.add_filter("upper", filters::upper);
    if escape == Escape::Json {
        env.add_filter("tojson", filters::tojson);
    } else {
        // The engine's own marks its text as safe, which would carry quotes, mentions and links past the escaping.
        env.add_filter("tojson", |value: Value| json(&value));
    }
}

fn add_tests(env: &mut Environment<'static>) {
    env.add_test("boolean", tests::is_boolean);
    env.add_test("defined", tests::is_defined);
    env.add_test("divisibleby", tests::is_divisibleby);
    env.add_test("endingwith", tests::is_endingwith);
    env.add_test("eq", tests::is_eq);
    env.add_test("even", tests::is_even);
    env.add_test("false", tests::is_false);
    env.add_test("float", tests::is_float);
    env.add_test("ge", tests::is_ge);
    env.add_test("gt", tests::is_gt);
    env.add_test("in", tests::is_in);
    env.add_test("integer", tests::is_integer);
    env.add_test("iterable", tests::is_iterable);
    env.add_test("le", tests::is_le);
    env.add_test("lower", tests::is_lower);
    env.add_test("lt", tests::is_lt);
    env.add_test("mapping", tests::is_mapping);
    env.add_test("ne", tests::is_ne);
    env.add_test("none", tests::is_none);
    env.add_test("number", tests::is_number);
    env.add_test("odd", tests::is_odd);
    env.add_test("sequence", tests::is_sequence);
    env.add_test("startingwith", tests::is_startingwith);
    env.add_test("string", tests::is_string);
    env.add_test("true", tests::is_true);
    env.add_test("undefined", tests::is_undefined);
    env.add_test("upper", tests::is_upper);
}

/// `0.666` as `67%`.
fn percent(share: f64) -> String {
    format!("{}%", (share * 100.0).round())
}

/// A text, cut to so many characters with an ellipsis as the last one.
fn truncate(value: &Value, length: usize) -> Result<String, Error> {
    if length == 0 {
        return Err(invalid("`truncate` needs a length of 1 or more"));
    }
    let text = value.to_string();
    if text.chars().nth(length).is_none() {
        return Ok(text);
    }
    let mut cut: String = text.chars().take(length - 1).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    Ok(cut)
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}
