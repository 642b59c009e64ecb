//! What stands in rows, whichever engine keeps them, and what a table comes to.

use sha2::{Digest as _, Sha256};

use crate::id::Digest;

/// A value. Texts are their bytes.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::store) enum Value {
    Nothing,
    Number(i64),
    Real(f64),
    Bytes(Vec<u8>),
}

impl Value {
    /// A number, a word or a flag.
    pub(in crate::store) fn number(&self) -> Option<i64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// A text.
    pub(in crate::store) fn text(&self) -> Option<&str> {
        if let Self::Bytes(bytes) = self { std::str::from_utf8(bytes).ok() } else { None }
    }

    /// About how much memory it takes.
    fn size(&self) -> usize {
        size_of::<Self>() + if let Self::Bytes(bytes) = self { bytes.len() } else { 0 }
    }
}

/// A row, in the order of the table's columns.
pub(in crate::store) type Row = Vec<Value>;

/// As many rows are handed on together, or as many bytes, whatever comes first.
const ROWS_MAX: usize = 512;
const BYTES_MAX: usize = 1 << 20;

/// Rows that are handed on together.
#[derive(Debug, Default)]
pub(in crate::store) struct Rows {
    pub(in crate::store) rows: Vec<Row>,
    bytes: usize,
}

impl Rows {
    /// Takes a row in, and gives all of them when they are enough.
    pub(in crate::store) fn add(&mut self, row: Row) -> Option<Vec<Row>> {
        self.bytes += row.iter().map(Value::size).sum::<usize>();
        self.rows.push(row);
        (self.rows.len() >= ROWS_MAX || self.bytes >= BYTES_MAX).then(|| std::mem::take(self).rows)
    }
}

/// What the rows of a table come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// How many there are.
    pub rows: u64,
    /// SHA-256 over all of them, in the order of the table's key: of each value one byte that says what it is, then eight of the number
    /// or of the length, the highest first, then the text.
    pub digest: Digest,
}

/// Counts rows, and takes their digest.
#[derive(Default)]
pub(in crate::store) struct Tally {
    rows: u64,
    hash: Sha256,
}

impl Tally {
    pub(in crate::store) fn add(&mut self, row: &Row) {
        self.rows += 1;
        for value in row {
            match value {
                Value::Nothing => self.hash.update([0]),
                Value::Number(number) => self.put(1, number.to_be_bytes()),
                Value::Real(number) => self.put(2, number.to_bits().to_be_bytes()),
                Value::Bytes(bytes) => {
                    self.put(3, (bytes.len() as u64).to_be_bytes());
                    self.hash.update(bytes);
                }
            }
        }
    }

    fn put(&mut self, what: u8, number: [u8; 8]) {
        self.hash.update([what]);
        self.hash.update(number);
    }

    pub(in crate::store) fn rows(&self) -> u64 {
        self.rows
    }

    pub(in crate::store) fn end(self) -> Sum {
        Sum { rows: self.rows, digest: Digest(self.hash.finalize().into()) }
    }
}
