//! The address that `store` stands for: in the file itself, or in a variable or a file of its own.

use std::path::Path;

use super::{Env, SecretProblem, secret_in_file};
use crate::config::database::{Address, Wrong};
use crate::config::{AddressAt, Database, Problem, Problems, Severity};

/// The address of `database`, and what to warn of. Connects to nothing.
///
/// # Errors
///
/// When the variable or file that is to hold it does not, or holds something else.
pub fn database_address(database: &Database, env: &Env) -> Result<(Address, Problems), Problems> {
    let found = match &database.at {
        AddressAt::Here(address) => return Ok((address.clone(), Problems::default())),
        AddressAt::Env(name) => env.secret(name),
        AddressAt::File(path) => secret_in_file(path),
    };
    let at = |SecretProblem { why, help }| at(database, format!("`store` {why}"), help);
    let (text, warning) = found.map_err(at)?;
    let address = Address::parse(text.reveal(), true);
    let wrong = |wrong: Wrong| self::at(database, format!("what `store` stands for {wrong}"), wrong.help().to_owned());
    let warnings = warning.map(|warning| Problem { severity: Severity::Warning, ..at(warning) }.into());
    Ok((address.map_err(wrong)?, warnings.unwrap_or_default()))
}

fn at(database: &Database, message: String, help: String) -> Problem {
    let file: &Path = &database.file;
    Problem { line: database.line, ..Problem::of_file(file, message, Some(help)) }
}
