//! `crowdhook store`.

use std::path::PathBuf;

use super::report::Advice;
use super::{Common, output};
use crate::config::load::{self, Env, database_address};
use crate::config::{Address, AddressWrong as Wrong, StoreAt};
use crate::id::Digest;
use crate::store::copy::{self, CopyError, Place, Step, Sum};
use crate::store::postgres;

/// What stands before a data folder.
const SQLITE: &str = "sqlite:";

pub(super) const COPY_EXAMPLES: &str = "\
Examples:
  crowdhook store copy --to postgres://crowdhook@db.example.org/crowdhook
  CROWDHOOK_DB=postgres://crowdhook:…@db.example.org/crowdhook crowdhook store copy --from sqlite:data --to-env CROWDHOOK_DB
  crowdhook store copy --from-env CROWDHOOK_DB --to sqlite:/var/lib/crowdhook";

/// The store itself.
#[derive(Debug, clap::Subcommand)]
pub(super) enum StoreCommand {
    /// Copy a stopped host's store from its data folder to a PostgreSQL database, or back
    ///
    /// All goes over: what waits, what was given up, what plugins keep, all that is known for ever; and each row keeps its number. Both
    /// sides are then read and compared, and shown with how many rows each table has and with their SHA-256. A copy that breaks off leaves
    /// nothing, and what it is made of stays as it is.
    ///
    /// Stop all hosts before. What they had leased is free in the copy, and a delivery that was under way may leave again under the same
    /// key. Afterwards name the copy in the settings and start the host there; start none on the old store any more, or all that waits in
    /// both is done twice.
    ///
    /// A side that is left out is the one that the settings name. An address that holds a password comes from a variable: what stands on a
    /// command line is seen by everybody on the machine.
    #[command(after_help = COPY_EXAMPLES)]
    Copy(CopyArgs),
}

/// From where to where.
#[derive(Debug, clap::Args)]
pub(super) struct CopyArgs {
    /// The store: `sqlite:` and a data folder, or the address of a database, with `?schema=NAME` where it is not `crowdhook`
    #[arg(long, value_name = "STORE", conflicts_with = "from_env", required_unless_present_any = ["from_env", "to", "to_env"])]
    from: Option<String>,
    /// The variable that holds it
    #[arg(long, value_name = "VARIABLE")]
    from_env: Option<String>,
    /// Where it is to be, where no store is yet
    #[arg(long, value_name = "STORE", conflicts_with = "to_env")]
    to: Option<String>,
    /// The variable that holds it
    #[arg(long, value_name = "VARIABLE")]
    to_env: Option<String>,
}

/// Does what was asked.
pub(super) async fn run(command: StoreCommand, common: &Common) -> anyhow::Result<()> {
    let StoreCommand::Copy(args) = command;
    let from = side(args.from.as_deref(), args.from_env.as_deref(), common)?;
    let to = side(args.to.as_deref(), args.to_env.as_deref(), common)?;
    let progress = output::Progress::new(common.json);
    let copied = copy::copy(&from, &to, &|step| progress.say(&so_far(step))).await;
    progress.end();
    let sums = copied.map_err(|error| {
        let help = error.help();
        Advice::new(shown(&error), help)
    })?;
    if common.json {
        let tables = sums.iter().map(|(table, sum)| serde_json::json!({ "table": table, "rows": sum.rows, "sha256": sum.digest }));
        return output::json(&serde_json::json!({ "from": engine(&from), "to": engine(&to), "tables": tables.collect::<Vec<_>>() }));
    }
    tell(&to, &sums)
}

/// With what led to it, which is said once.
fn shown(error: &CopyError) -> String {
    let cause = std::error::Error::source(error);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

fn tell(to: &Place, sums: &[(&'static str, Sum)]) -> anyhow::Result<()> {
    let mut table = output::Table::new(&["table", "rows", "sha-256"]);
    for (name, sum) in sums {
        table.row(vec![(*name).to_owned(), sum.rows.to_string(), Digest::short(&sum.digest)]);
    }
    table.print()?;
    let rows: u64 = sums.iter().map(|(_, sum)| sum.rows).sum();
    let next = match to {
        Place::Sqlite(folder) => format!("name it as `data` in the settings (`{}`), without a `store`", folder.display()),
        Place::Postgres(_) => "name its address as `store` in the settings".to_owned(),
    };
    output::lines(&format!(
        "\ncopied: {rows} rows of {} tables, the same on both sides\nnext: {next}, start the host, and start none on the old store any more",
        sums.len()
    ))
}

fn so_far(Step { comparing, table, rows }: Step) -> String {
    let what = if comparing { "compared" } else { "copied" };
    format!("{rows} rows of `{table}` {what}")
}

fn engine(place: &Place) -> &'static str {
    match place {
        Place::Sqlite(_) => "sqlite",
        Place::Postgres(_) => "postgres",
    }
}

/// A side as it was named, or else as the settings name it.
fn side(text: Option<&str>, variable: Option<&str>, common: &Common) -> anyhow::Result<Place> {
    match (text, variable) {
        (Some(text), _) => Ok(parse(text, false)?),
        (None, Some(name)) => {
            let help = format!("set it before: `export {name}=postgres://…`");
            let text = Env::process().get(name).ok_or_else(|| Advice::new(format!("there is no variable `{name}`"), help))?;
            Ok(parse(&text, true)?)
        }
        (None, None) => {
            let host = load::host(common.config.as_deref())?;
            Ok(match &host.store {
                StoreAt::DataFolder => Place::Sqlite(host.data),
                StoreAt::Database(at) => Place::Postgres(database(database_address(at, &Env::process())?.0)),
            })
        }
    }
}

/// What a side is said to be. `is_secret`: it stands where nobody else reads it, and may hold a password.
fn parse(text: &str, is_secret: bool) -> Result<Place, Advice> {
    let help = "write `sqlite:` and a data folder, or `postgres://user@host/name`";
    if let Some(folder) = text.strip_prefix(SQLITE).filter(|folder| !folder.is_empty()) {
        return Ok(Place::Sqlite(PathBuf::from(folder)));
    }
    let address = Address::parse(text, is_secret).map_err(|wrong| match wrong {
        // It may be an address all the same, with a word in front of it that should not be there: it is not shown.
        Wrong::Scheme => Advice::new("what is named is no store", help),
        Wrong::Password => {
            let message = "the address holds a password, and everybody on this machine sees what stands on a command line";
            Advice::new(message, "put it into a variable and name that: `--from-env NAME` or `--to-env NAME`; and take another password")
        }
    })?;
    let place = database(address);
    postgres::check(&place.address, place.schema.as_deref()).map_err(|error| Advice::new(error.to_string(), help))?;
    Ok(Place::Postgres(place))
}

fn database(Address { url, schema }: Address) -> postgres::Place {
    postgres::Place { address: url, schema }
}

#[cfg(test)]
mod tests;
