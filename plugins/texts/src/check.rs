//! What a text names: whether it is there, before there is an event.

use minijinja::Environment;
use minijinja::machinery::{self, Instruction, Instructions, Token};
use minijinja::syntax::SyntaxConfig;

use crate::context::Uses;
use crate::engine::{FILTERS, FUNCTIONS, SOURCE_BYTES_MAX, TESTS};
use crate::error::TextError;
use crate::scope::{Scope, Shape};

/// How deep brackets may stand in brackets and blocks in blocks. The engine's parser calls itself for them, and a sandbox has a small stack.
const DEPTH_MAX: usize = 16;

/// How many of what else the parser calls itself for (`not`, `-`, `if`) may stand in one place to be filled in.
const CHAIN_MAX: usize = 32;

/// Words and signs in one place to be filled in. The parser makes a tree of `1 + 1 + 1 + …` that is as deep as it is long.
const TOKENS_MAX: usize = 400;

/// Refuses a text that is too long or too deep for the engine.
pub(crate) fn limits(source: &str) -> Result<(), TextError> {
    if source.len() > SOURCE_BYTES_MAX {
        let message = format!("is {} bytes long, and at most {SOURCE_BYTES_MAX} are read", source.len());
        return Err(TextError::new(source, None, message));
    }
    depth(source)
}

/// Checks all that a text names and says what has to be read for it.
pub(crate) fn names(env: &Environment<'static>, source: &str, scope: &Scope) -> Result<Uses, TextError> {
    limits(source)?;
    let template = env.template_from_named_str("text", source).map_err(|error| TextError::of_engine(source, &error))?;
    let compiled = machinery::get_compiled_template(&template);
    for instructions in std::iter::once(&compiled.instructions).chain(compiled.blocks.values()) {
        each(instructions, |line, instruction| match unknown(instruction) {
            Some(message) => Err(TextError::new(source, line, message)),
            None => Ok(()),
        })?;
    }
    let mut named: Vec<String> = template.undeclared_variables(true).into_iter().collect();
    named.sort();
    for name in &named {
        if let Some(message) = missing(name, scope) {
            return Err(TextError::new(source, line_of(&compiled.instructions, name), message));
        }
    }
    Ok(Uses::of(named.iter()))
}

fn each<E>(instructions: &Instructions<'_>, mut look: impl FnMut(Option<usize>, &Instruction<'_>) -> Result<(), E>) -> Result<(), E> {
    let mut at = 0;
    while let Some(instruction) = instructions.get(at) {
        look(instructions.get_line(at), instruction)?;
        at += 1;
    }
    Ok(())
}

/// What is wrong with one step of a text, whatever the event; none when nothing is.
fn unknown(instruction: &Instruction<'_>) -> Option<String> {
    match instruction {
        Instruction::ApplyFilter("safe" | "escape" | "e", ..) => {
            Some("there is no filter `safe` or `escape`: what is filled in is always escaped as its place needs it".to_owned())
        }
        Instruction::ApplyFilter(name, ..) if !FILTERS.contains(name) => Some(no_such("filter", name, FILTERS.iter().copied())),
        Instruction::PerformTest(name, ..) if !TESTS.contains(name) => Some(no_such("test", name, TESTS.iter().copied())),
        Instruction::CallMethod(name, _) if !matches!(*name, "cycle" | "changed") => {
            Some(format!("values have no methods: write `| {name}`, if there is such a filter, instead of `.{name}()`"))
        }
        Instruction::PushAutoEscape => {
            Some("`autoescape` is not there: what is filled in is always escaped as its place needs it".to_owned())
        }
        Instruction::Include(_) | Instruction::LoadBlocks => Some("there are no other texts to `include`, `import` or `extend`".to_owned()),
        _ => None,
    }
}

/// What is wrong with a name like `task.idd`; none when it is there, or may be.
fn missing(name: &str, scope: &Scope) -> Option<String> {
    let mut parts = name.split('.');
    let first = parts.next().unwrap_or_default();
    if FUNCTIONS.contains(&first) {
        return None;
    }
    let Some(mut shape) = scope.get(first) else {
        return Some(scope.elsewhere(first).unwrap_or_else(|| no_such("name", first, scope.names())));
    };
    let mut before = first.to_owned();
    for part in parts {
        match shape {
            Shape::Any => return None,
            Shape::One(what) => return Some(format!("`{before}` is {what} and has no `{part}`")),
            Shape::Members(members) => match members.get(part) {
                Some(member) => shape = member,
                None => return Some(format!("`{before}` has no `{part}`{}", instead(part, members.keys().copied()))),
            },
        }
        before = format!("{before}.{part}");
    }
    None
}

fn no_such(what: &str, name: &str, known: impl Iterator<Item = &'static str> + Clone) -> String {
    format!("there is no {what} `{name}`{}", instead(name, known))
}

/// What was probably meant, or else all that there is.
fn instead(name: &str, known: impl Iterator<Item = &'static str> + Clone) -> String {
    let near = known.clone().map(|one| (strsim::damerau_levenshtein(name, one), one)).min();
    match near {
        Some((distance, one)) if distance <= 2 && distance < name.chars().count() => format!("; did you mean `{one}`?"),
        _ => {
            let all: Vec<String> = known.map(|one| format!("`{one}`")).collect();
            format!("; there are {}", all.join(", "))
        }
    }
}

/// The first line on which a name stands.
fn line_of(instructions: &Instructions<'_>, name: &str) -> Option<usize> {
    let (first, member) = name.split_once('.').map_or((name, None), |(first, rest)| (first, rest.split('.').next()));
    let mut found = None;
    let mut at = 0;
    while let Some(instruction) = instructions.get(at) {
        let here = matches!(instruction, Instruction::Lookup(one) | Instruction::CallFunction(one, _) if *one == first);
        let whole = member.is_none_or(|member| matches!(instructions.get(at + 1), Some(Instruction::GetAttr(one)) if *one == member));
        if here && whole {
            return instructions.get_line(at);
        }
        if here && found.is_none() {
            found = instructions.get_line(at);
        }
        at += 1;
    }
    found
}

/// Refuses what would take the engine's parser deeper than a sandbox's stack.
fn depth(source: &str) -> Result<(), TextError> {
    let mut nesting = Nesting::default();
    for token in machinery::tokenize(source, false, SyntaxConfig::default()) {
        // What cannot be read is the parser's to say.
        let Ok((token, span)) = token else { return Ok(()) };
        nesting.take(&token);
        if nesting.is_too_deep() {
            let message = "is nested too deep, or too long in one place: write it in smaller parts";
            return Err(TextError::new(source, Some(usize::from(span.start_line)), message));
        }
    }
    Ok(())
}

/// How deep the place that is being read stands, and how much of it there is.
#[derive(Default)]
struct Nesting {
    /// Open brackets of the place.
    brackets: usize,
    /// What else of it the parser calls itself for.
    chained: usize,
    /// Its words and signs.
    tokens: usize,
    /// The open blocks around it, each with how many it counts for: an `elif` is a block in a block to the engine.
    blocks: Vec<usize>,
    /// Whether the next word is a block's name.
    names_block: bool,
    /// Whether a `set` has begun of which it is not clear yet whether it is a block.
    set: bool,
}

impl Nesting {
    fn take(&mut self, token: &Token<'_>) {
        self.tokens += 1;
        let names_block = std::mem::replace(&mut self.names_block, matches!(token, Token::BlockStart));
        match token {
            Token::VariableStart | Token::BlockStart => (self.brackets, self.chained, self.tokens, self.set) = (0, 0, 0, false),
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => self.brackets += 1,
            Token::ParenClose | Token::BracketClose | Token::BraceClose => self.brackets = self.brackets.saturating_sub(1),
            Token::Ident(name) if names_block => self.block(name),
            Token::Assign if self.set && self.brackets == 0 => {
                self.set = false;
                self.blocks.pop();
            }
            Token::Minus | Token::Pow | Token::Ident("not" | "if" | "else") => self.chained += 1,
            _ => {}
        }
    }

    fn block(&mut self, name: &str) {
        match name {
            "for" | "if" | "with" | "set" | "filter" | "macro" | "call" | "block" | "autoescape" => {
                self.blocks.push(1);
                self.set = name == "set";
            }
            "elif" => self.blocks.last_mut().into_iter().for_each(|block| *block += 1),
            name if name.starts_with("end") => drop(self.blocks.pop()),
            _ => {}
        }
    }

    fn is_too_deep(&self) -> bool {
        let blocks = self.blocks.iter().sum::<usize>();
        self.brackets > DEPTH_MAX || blocks > DEPTH_MAX || self.chained > CHAIN_MAX || self.tokens > TOKENS_MAX
    }
}
