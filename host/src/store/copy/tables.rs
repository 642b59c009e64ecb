//! What a store holds, table by table, in the form that both engines have in common. Both readers and both writers go by it.
//!
//! A table's columns are SQLite's but where an engine keeps something another way: then an expression says how it is read there. What an
//! engine makes of the rest by itself (the lanes of PostgreSQL, how many wait) is no column here: its writer makes it.

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    /// A whole number of 64 bits.
    Number,
    /// A number that stands for a word.
    Word,
    /// Yes or no.
    Flag,
    /// A number with a fraction.
    Real,
    /// A text of ours.
    Name,
    /// A text that others wrote: it may hold any character.
    Text,
    /// The same, packed in SQLite where it is long.
    Packed,
    /// An id or a digest.
    Bytes,
    /// A dedup key: a text, or the beginning of one with a digest.
    Key,
}

/// How an engine keeps a column.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Kept {
    /// The column that is written; none where it is made of others.
    pub(in crate::store) into: Option<&'static str>,
    /// What is read.
    pub(in crate::store) from: &'static str,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Column {
    pub(in crate::store) name: &'static str,
    pub(in crate::store) kind: Kind,
    pub(in crate::store) sqlite: Kept,
    pub(in crate::store) postgres: Kept,
}

/// A table.
#[derive(Debug)]
pub(in crate::store) struct Table {
    pub(in crate::store) name: &'static str,
    /// So many columns, the first ones, are its key.
    pub(in crate::store) key: usize,
    pub(in crate::store) columns: &'static [Column],
    /// Rows of PostgreSQL that are wanted.
    pub(in crate::store) postgres_where: &'static str,
}

impl Table {
    /// The columns of its key.
    pub(in crate::store) fn key(&self) -> impl Iterator<Item = &'static Column> {
        self.columns.iter().take(self.key)
    }

    /// The number of a column.
    pub(in crate::store) fn at(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

const fn table(name: &'static str, key: usize, columns: &'static [Column]) -> Table {
    Table { name, key, columns, postgres_where: "TRUE" }
}

const fn column(name: &'static str, kind: Kind) -> Column {
    let kept = Kept { into: Some(name), from: name };
    Column { name, kind, sqlite: kept, postgres: kept }
}

const fn number(name: &'static str) -> Column {
    column(name, Kind::Number)
}

const fn word(name: &'static str) -> Column {
    column(name, Kind::Word)
}

const fn flag(name: &'static str) -> Column {
    column(name, Kind::Flag)
}

const fn name(name: &'static str) -> Column {
    column(name, Kind::Name)
}

const fn text(name: &'static str) -> Column {
    column(name, Kind::Text)
}

const fn packed(name: &'static str) -> Column {
    column(name, Kind::Packed)
}

const fn bytes(name: &'static str) -> Column {
    column(name, Kind::Bytes)
}

impl Column {
    /// It has another name in PostgreSQL.
    const fn called_in_postgres(mut self, name: &'static str) -> Self {
        self.postgres = Kept { into: Some(name), from: name };
        self
    }

    /// PostgreSQL makes something else of it, of which it can be read again.
    const fn read_in_postgres(mut self, from: &'static str) -> Self {
        self.postgres = Kept { into: None, from };
        self
    }

    /// It is another table's: needed to make something of it.
    const fn looked_up(mut self, from: &'static str) -> Self {
        self.sqlite = Kept { into: None, from };
        self.postgres = self.sqlite;
        self
    }

    /// What it says is that.
    const fn says(mut self, from: &'static str) -> Self {
        self.sqlite.from = from;
        self.postgres.from = from;
        self
    }
}

/// The connection of a delivery, where a row names its outlet.
const OF_OUTLET: &str = "(SELECT connection FROM outlet WHERE outlet.id = member)";

/// The task of an invocation: its lane is made of it.
const OF_EVENT: &str = "(SELECT task FROM event WHERE event.id = invocation.event)";

/// One that was given up while it was leased has its dead letter: with the lease goes its place.
const NOT_DOOMED: &str = "NOT doomed";

/// All tables, in an order in which each names only those before it.
pub(in crate::store) static TABLES: [Table; 26] = [
    table(
        "counter",
        1,
        &[
            flag("one"),
            number("event"),
            number("invocation"),
            number("delivery"),
            number("version"),
            number("runs"),
            number("dead"),
            number("deliveries_dead"),
            number("set_aside"),
        ],
    ),
    table("project", 1, &[number("id"), name("name")]),
    table("scope", 1, &[number("id"), number("project"), name("plugin"), number("state_bytes")]),
    table("version", 1, &[number("id"), name("digest")]),
    table("binding", 1, &[number("project"), name("address"), name("platform_id")]),
    table(
        "event",
        1,
        &[
            number("id"),
            bytes("uuid"),
            number("project"),
            word("platform"),
            name("kind"),
            text("task"),
            number("occurred_at"),
            number("received_at"),
            word("origin"),
            word("standing"),
            name("emitted_by"),
            bytes("root"),
            number("depth"),
            number("generation"),
            column("dedup", Kind::Key),
            packed("payload"),
            number("derived"),
        ],
    ),
    table("seen", 2, &[number("project"), column("key", Kind::Key), bytes("event")]),
    table("newest", 3, &[number("project"), text("task"), name("kind"), text("freshness")]),
    Table {
        postgres_where: NOT_DOOMED,
        ..table(
            "invocation",
            2,
            &[
                number("event"),
                number("id"),
                number("scope").called_in_postgres("member"),
                word("origin"),
                number("generation"),
                flag("rerun"),
                number("due"),
                number("attempts"),
                number("traps"),
                number("parked_times"),
                number("parked_since"),
                text("task").looked_up(OF_EVENT),
            ],
        )
    },
    table(
        "run",
        2,
        &[
            number("event"),
            number("id"),
            number("scope"),
            flag("done"),
            number("component"),
            number("settings"),
            number("started_at"),
            number("duration_ms"),
            number("cpu_ms"),
            name("outcome"),
            text("reason"),
            packed("log"),
            packed("read"),
            number("memory_bytes"),
        ],
    ),
    table(
        "dead_letter",
        1,
        &[number("id"), number("event"), number("scope"), number("attempts"), number("died_at"), text("reason"), number("generation")],
    ),
    table("state", 2, &[number("scope"), text("key"), number("version"), text("value")]),
    table("once", 2, &[number("scope"), text("key")]),
    table("task_result", 3, &[number("project"), text("task"), number("revision"), number("scope"), number("event"), packed("info")]),
    table("content", 1, &[number("id"), bytes("digest"), packed("body")]),
    table("snapshot", 2, &[bytes("root"), number("generation"), number("content")]),
    Table {
        postgres_where: NOT_DOOMED,
        ..table(
            "delivery",
            1,
            &[
                number("id"),
                bytes("uuid"),
                number("project"),
                number("scope"),
                name("connection").read_in_postgres(OF_OUTLET),
                text("task"),
                flag("saves").read_in_postgres("saves IS NOT NULL"),
                packed("effect"),
                bytes("event"),
                number("attempts"),
                number("due"),
                number("requested_at"),
                text("reason"),
                text("once"),
                flag("in_doubt"),
                number("replays"),
                // PostgreSQL does not tell those apart that yield for what they are and those that yield for an attempt.
                flag("yields").says("yields OR attempts > 0"),
            ],
        )
    },
    table(
        "delivered",
        1,
        &[
            number("id"),
            bytes("uuid"),
            number("scope"),
            name("connection").read_in_postgres(OF_OUTLET),
            text("task"),
            packed("effect"),
            bytes("event"),
            number("attempts"),
            number("requested_at"),
            number("ended_at"),
            word("ending"),
            text("note"),
            text("once"),
            flag("in_doubt"),
            number("replays"),
        ],
    ),
    table(
        "badge",
        1,
        &[
            number("id"),
            bytes("uuid"),
            number("project"),
            text("worker"),
            text("badge"),
            text("shown"),
            number("scope"),
            bytes("event"),
            number("awarded_at"),
            number("revoked_at"),
            text("reason"),
        ],
    ),
    table("mark", 2, &[number("project"), name("name"), text("value")]),
    table("quarantine", 1, &[number("scope"), number("since"), name("component"), name("settings"), text("reason")]),
    table(
        "analysed",
        2,
        &[
            number("project"),
            text("task"),
            number("event"),
            number("at"),
            flag("decided"),
            column("agreement", Kind::Real),
            packed("analysis"),
        ],
    ),
    table("agreement", 3, &[number("project"), flag("decided"), number("tenth"), number("tasks")]),
    table("worker", 2, &[number("project"), text("worker"), number("answers"), number("agreeing")]),
    table("counted", 1, &[flag("one"), number("event")]),
    table(
        "sample",
        1,
        &[number("minute"), number("events"), number("runs"), number("waiting"), number("deliveries_waiting"), number("dead")],
    ),
];
