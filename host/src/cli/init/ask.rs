//! The questions of `crowdhook init`, on a terminal.

use std::io::{BufRead, Read as _, Write};
use std::path::PathBuf;

use super::super::report::Advice;
use super::checked;
use super::wanted::{Platform, Plugin};
use super::{First, InitArgs};

/// No answer is longer, in bytes.
const ANSWER_BYTES_MAX: u64 = 4 * 1024;
/// A question is put so often.
const TRIES_MAX: usize = 5;
/// Before a name that stands for an environment variable.
const ENV: &str = "env:";

/// Puts questions to `out` and reads the answers from `input`.
pub(super) struct Ask<R, W> {
    pub(super) input: R,
    pub(super) out: W,
}

impl<R: BufRead, W: Write> Ask<R, W> {
    /// All that a first project needs. `args` says the folder.
    ///
    /// # Errors
    ///
    /// When the answers end, or one makes no sense five times.
    pub(super) fn all(&mut self, args: InitArgs) -> anyhow::Result<InitArgs> {
        self.say("A first project. Enter takes what stands in brackets, Ctrl-C ends it with nothing written.\n")?;
        let platform = self.ask("Which platform calls you: pybossa or appen?", Some("pybossa"), |answer| match answer {
            "pybossa" => Ok(Platform::Pybossa),
            "appen" => Ok(Platform::Appen),
            _ => Err("write `pybossa` or `appen`; for any other sender, see examples/projects/generic of the source".to_owned()),
        })?;
        let (url, project) = match platform {
            Platform::Pybossa => {
                let question =
                    "The server's address, as in a browser? (None at hand? `crowdhook practice` in another terminal starts one.)";
                let url = self.ask(question, None, checked::web_address)?;
                (Some(url), self.ask("The project's short name, as in the address of its page?", None, checked::some)?)
            }
            Platform::Appen => (None, self.ask("The job's id?", None, checked::some)?),
        };
        let (api_key_file, api_key_env) = self.ask_secret("the API key")?;
        let (signing_token_file, signing_token_env) = match platform {
            Platform::Pybossa => (None, None),
            Platform::Appen => self.ask_secret("the secret webhook token, which signs Appen's posts,")?,
        };
        let public_url = self.ask_or_none(
            "How does the platform reach this host, as in https://hooks.example.org?",
            "this machine alone",
            checked::web_address,
        )?;
        let vote = self.ask("Take a majority vote on the answers to each task: yes or no?", Some("yes"), yes_or_no)?;
        let pointer = if vote {
            let question = "On what in an answer? Of {\"animal\": \"robin\"}, /animal is the robin.";
            self.ask_or_none(question, "the whole answer", checked::pointer)?
        } else {
            None
        };
        let email = self.ask_or_none("Mail each result to which address?", "nobody", checked::email)?;
        let first = First {
            platform: Some(platform),
            url,
            project: Some(project),
            name: args.first.name.clone(),
            api_key_file,
            api_key_env,
            signing_token_file,
            signing_token_env,
            plugins: if vote { vec![Plugin::MajorityVote] } else { Vec::new() },
            pointer,
            email,
        };
        self.say("\n")?;
        Ok(InitArgs { public_url, first, ..args })
    }

    /// A file or a variable; neither for the file that we suggest.
    fn ask_secret(&mut self, what: &str) -> anyhow::Result<(Option<PathBuf>, Option<String>)> {
        let question = format!("Where does {what} lie? Not the key itself: a file, or {ENV}NAME for an environment variable.");
        let answer = self.ask_or_none(&question, "a file in `secrets`, told below", |answer| {
            answer.strip_prefix(ENV).map_or(Ok(answer.to_owned()), |name| checked::variable(name).map(|name| format!("{ENV}{name}")))
        })?;
        Ok(match answer {
            None => (None, None),
            Some(answer) => match answer.strip_prefix(ENV) {
                Some(name) => (None, Some(name.to_owned())),
                None => (Some(PathBuf::from(answer)), None),
            },
        })
    }

    fn ask_or_none<T>(&mut self, question: &str, none: &str, check: impl Fn(&str) -> Result<T, String>) -> anyhow::Result<Option<T>> {
        self.put(question, Some(none), |answer| if answer == none { Ok(None) } else { check(answer).map(Some) })
    }

    fn ask<T>(&mut self, question: &str, usual: Option<&str>, check: impl Fn(&str) -> Result<T, String>) -> anyhow::Result<T> {
        self.put(question, usual, check)
    }

    /// Puts a question until its answer makes sense.
    fn put<T>(&mut self, question: &str, usual: Option<&str>, check: impl Fn(&str) -> Result<T, String>) -> anyhow::Result<T> {
        for _ in 0..TRIES_MAX {
            self.say(&usual.map_or_else(|| format!("{question}\n> "), |usual| format!("{question} [{usual}]\n> ")))?;
            let mut line = String::new();
            let bytes = (&mut self.input).take(ANSWER_BYTES_MAX).read_line(&mut line)?;
            if bytes == 0 {
                break;
            }
            let answer = match (line.trim(), usual) {
                ("", Some(usual)) => usual,
                (answer, _) => answer,
            };
            match check(answer) {
                Ok(value) => return Ok(value),
                Err(why) => self.say(&format!("{why}\n"))?,
            }
        }
        Err(Advice::new(format!("no answer to: {question}"), "say it by flags instead: `crowdhook init --help`").into())
    }

    fn say(&mut self, text: &str) -> std::io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

fn yes_or_no(answer: &str) -> Result<bool, String> {
    match answer {
        "yes" | "y" => Ok(true),
        "no" | "n" => Ok(false),
        _ => Err("write `yes` or `no`".to_owned()),
    }
}
