//! How many rows of a table fit into one answer, learnt from what came. Pure.
//!
//! An answer that is too large is thrown away, and it counts against the platform's ration all the same. So what fitted is kept, and more is
//! tried again now and then: the next try the later, the more of them failed in a row.

use super::PAGE_ROWS_MAX;

/// So many full pages come before more rows are tried.
const PATIENCE_MIN: u32 = 2;
/// The same after tries that failed: one answer in so many may be thrown away.
const PATIENCE_MAX: u32 = 64;

/// What is known of one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    rows: usize,
    /// Full pages of so many rows in a row.
    full: u32,
    /// So many of them it takes before more rows are tried.
    patience: u32,
}

impl Default for Fit {
    fn default() -> Self {
        Self { rows: PAGE_ROWS_MAX, full: 0, patience: PATIENCE_MIN }
    }
}

impl Fit {
    /// How many rows to ask for where `wanted` would do: at least one.
    pub(super) fn rows(self, wanted: usize) -> usize {
        wanted.clamp(1, self.rows)
    }

    /// Learns from a page: `asked` rows were asked for, and an answer for at most `fitted` came whole in the end, with so many `found` in
    /// it. None fitted when a single row had to come without what belongs to it.
    pub(super) fn learn(&mut self, asked: usize, fitted: usize, found: usize) {
        if fitted < asked {
            // What never held is tried less often; what held for a while may well do so again.
            self.patience = if self.full == 0 { self.patience.saturating_mul(2).min(PATIENCE_MAX) } else { PATIENCE_MIN };
            (self.rows, self.full) = (fitted.max(1), 0);
        } else if fitted == self.rows && found >= fitted {
            self.full = self.full.saturating_add(1);
            if self.full >= self.patience && self.rows < PAGE_ROWS_MAX {
                (self.rows, self.full) = (self.rows.saturating_mul(2).min(PAGE_ROWS_MAX), 0);
            }
        }
    }
}

#[cfg(test)]
mod tests;
