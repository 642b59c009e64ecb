//! A walk through rows for one page of a listing, the same in every engine: it ends when the page is full, or when enough was looked at. Pure.

use super::browse::{Page, Place};

/// What a walk has found so far.
pub(super) struct Walk<T> {
    pub(super) rows: Vec<T>,
    limit: usize,
    looked_at: usize,
    looked_at_max: usize,
    last: Option<i64>,
}

impl<T> Walk<T> {
    pub(super) fn new(place: Place, looked_at_max: usize) -> Self {
        Self { rows: Vec::new(), limit: place.limit as usize, looked_at: 0, looked_at_max, last: None }
    }

    /// Whether there is room for a row more, and time to look at it.
    pub(super) fn goes_on(&self) -> bool {
        self.rows.len() < self.limit && self.looked_at < self.looked_at_max
    }

    pub(super) fn look_at(&mut self, row: i64) {
        self.looked_at += 1;
        self.last = Some(row);
    }

    /// The page; there is another one unless the walk came to the end.
    pub(super) fn page(self, is_at_end: bool) -> Page<T> {
        Page { next: self.last.filter(|_| !is_at_end), rows: self.rows }
    }
}
