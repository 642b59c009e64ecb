//! The address of a PostgreSQL database that holds the store, as `store` of `crowdhook.toml` says it. Pure.

use crate::secret::Secret;

/// What an address begins with.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// What names the schema at the end of an address. It is ours; the server does not see it.
const SCHEMA: &str = "schema=";

/// Where a database is, and what is ours in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    /// For the server: what was written, without the schema. It may hold a password.
    pub url: Secret,
    /// The schema, where one is named.
    pub schema: Option<String>,
}

/// Why a text is no address of a database: the rest of a sentence that begins with its key. Does not show the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Wrong {
    #[error("is no address of a PostgreSQL database")]
    Scheme,
    #[error("holds a password, and secrets never stand in this file")]
    Password,
}

impl Wrong {
    pub(super) fn help(self) -> &'static str {
        match self {
            Self::Scheme => {
                "write `store = \"postgres://crowdhook@db.example.org/crowdhook\"`, or take it away to keep events in the data folder"
            }
            Self::Password => {
                "put the address into a variable or a file: `store = { env = \"NAME\" }`; and take another password, if this file was shared"
            }
        }
    }
}

impl Address {
    /// What `text` says. `is_secret`: it stands where nobody else reads it.
    pub(crate) fn parse(text: &str, is_secret: bool) -> Result<Self, Wrong> {
        let rest = SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme)).ok_or(Wrong::Scheme)?;
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let (of_schema, others): (Vec<&str>, Vec<&str>) =
            query.split('&').filter(|pair| !pair.is_empty()).partition(|pair| pair.starts_with(SCHEMA));
        let authority = rest.split(['/', '?']).next().unwrap_or(rest);
        let in_place = authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
        if !is_secret && (in_place || others.iter().any(|pair| pair.starts_with("password="))) {
            return Err(Wrong::Password);
        }
        let url = if others.is_empty() { place.to_owned() } else { format!("{place}?{}", others.join("&")) };
        let schema = of_schema.last().map(|pair| pair[SCHEMA.len()..].to_owned());
        Ok(Self { url: Secret::new(&url), schema })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_taken_out_of_an_address() {
        for (text, url, schema) in [
            ("postgres://db/crowd", "postgres://db/crowd", None),
            ("postgresql://me@db/crowd?schema=hooks", "postgresql://me@db/crowd", Some("hooks")),
            ("postgres:///crowd?host=/run/postgresql&schema=a&port=5433", "postgres:///crowd?host=/run/postgresql&port=5433", Some("a")),
            ("postgres://one:1,two:2/crowd?schema=", "postgres://one:1,two:2/crowd", Some("")),
        ] {
            let address = Address::parse(text, false).unwrap();
            assert_eq!((address.url.reveal(), address.schema.as_deref()), (url, schema), "{text}");
        }
    }

    #[test]
    fn a_password_may_stand_where_nobody_else_reads_it() {
        for text in ["postgres://me:word@db/crowd", "postgres://db/crowd?host=/run&password=word", "postgres://me:w@rd@db"] {
            assert_eq!(Address::parse(text, false), Err(Wrong::Password), "{text}");
            assert_eq!(Address::parse(text, true).unwrap().url.reveal(), text);
        }
        assert_eq!(Address::parse("mysql://db/crowd", true), Err(Wrong::Scheme));
        assert_eq!(Address::parse("data/crowdhook.db", false), Err(Wrong::Scheme));
    }
}
