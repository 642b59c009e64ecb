//! `state`: what the plugin remembers. Reads see what the call wrote before; what was read is checked at commit.

use super::super::bindings::crowdhook::plugin::state::{Entry, Host};
use super::super::guest::{Guest, Handling, Pending};
use super::Failure;
use crate::store::{StateChange, StateEntry, StateRead};

const KEY_BYTES_MAX: usize = 200;
const VALUE_BYTES_MAX: usize = 64 << 10;
const SCAN_ENTRIES_MAX: u32 = 100;
const SCAN_BYTES_MAX: usize = 1 << 20;
/// What a plugin may hold in a project.
const STATE_BYTES_MAX: u64 = 256 << 20;
/// Keys and values that one call may write, and what the host may have to remember of those that it reads: it is in memory until the call ends.
const WRITTEN_BYTES_MAX: usize = 16 << 20;
const READ_BYTES_MAX: usize = 64 << 20;
/// What an entry takes besides its key and its value.
const ENTRY_BYTES: usize = 64;

impl Host for Guest {
    async fn get(&mut self, key: String) -> Result<Option<String>, Failure> {
        check_key(&key)?;
        let handling = self.handling()?;
        match handling.written.get(&key).cloned() {
            Some(Pending::Set(value)) => Ok(Some(value)),
            Some(Pending::Removed) => Ok(None),
            Some(Pending::Added(by)) => {
                let stored = handling.look_up(&key).await?;
                Ok(Some(sum(stored.as_ref(), by)?))
            }
            None => Ok(handling.look_up(&key).await?.map(|entry| entry.value)),
        }
    }

    async fn set(&mut self, key: String, value: String) -> Result<(), Failure> {
        check_key(&key)?;
        if value.len() > VALUE_BYTES_MAX {
            return Err(Failure::OverLimit(format!("the value of `{key}` has {} bytes, and may have {VALUE_BYTES_MAX}", value.len())));
        }
        let handling = self.handling()?;
        handling.check_room(key.len() + value.len()).await?;
        handling.note_written(key.len() + value.len())?;
        handling.written.insert(key, Pending::Set(value));
        Ok(())
    }

    async fn remove(&mut self, key: String) -> Result<(), Failure> {
        check_key(&key)?;
        let handling = self.handling()?;
        handling.note_written(key.len())?;
        handling.written.insert(key, Pending::Removed);
        Ok(())
    }

    async fn increment(&mut self, key: String, by: i32) -> Result<(), Failure> {
        check_key(&key)?;
        let by = i64::from(by);
        let handling = self.handling()?;
        let next = match handling.written.get(&key) {
            Some(Pending::Set(value)) => Pending::Set(whole(&key, value)?.saturating_add(by).to_string()),
            Some(Pending::Removed) => Pending::Set(by.to_string()),
            Some(Pending::Added(before)) => Pending::Added(before.saturating_add(by)),
            None => {
                // Looked at only to refuse what is no number: not a read that commit would check.
                let stored = handling.reads.state(&key).await.map_err(|error| handling.store_failure(&error))?;
                stored.map_or(Ok(0), |entry| whole(&key, &entry.value))?;
                handling.check_room(key.len()).await?;
                Pending::Added(by)
            }
        };
        handling.note_written(key.len())?;
        handling.written.insert(key, next);
        Ok(())
    }

    async fn scan(&mut self, prefix: String, after: Option<String>, limit: u32) -> Result<Vec<Entry>, Failure> {
        if prefix.len() > KEY_BYTES_MAX {
            return Err(Failure::Invalid(format!("a prefix has at most {KEY_BYTES_MAX} bytes")));
        }
        self.handling()?.scan(&prefix, after, limit.clamp(1, SCAN_ENTRIES_MAX)).await
    }
}

impl Handling {
    /// The stored entry, the same each time in one call.
    async fn look_up(&mut self, key: &str) -> Result<Option<StateEntry>, Failure> {
        if let Some(known) = self.looked_up.get(key) {
            return Ok(known.clone());
        }
        let stored = self.reads.state(key).await.map_err(|error| self.store_failure(&error))?;
        self.note_read(2 * key.len() + stored.as_ref().map_or(0, |entry| entry.value.len()))?;
        let version = stored.as_ref().map_or(0, |entry| entry.version);
        self.state_reads.push(StateRead::Key { key: key.to_owned(), version });
        self.looked_up.insert(key.to_owned(), stored.clone());
        Ok(stored)
    }

    /// Stored entries and those written by this call, in the order of their keys.
    async fn scan(&mut self, prefix: &str, after: Option<String>, limit: u32) -> Result<Vec<Entry>, Failure> {
        let mut stored = self.scan_stored(prefix, after.as_deref(), limit).await?;
        // What this call removed leaves gaps that a second page has to fill.
        let mut exhausted = stored.len() < limit as usize;
        let mut kept = self.kept(&stored);
        while !exhausted && kept < limit as usize {
            let last = stored.last().map(|entry| entry.key.clone());
            let more = self.scan_stored(prefix, last.as_deref(), SCAN_ENTRIES_MAX).await?;
            exhausted = more.len() < SCAN_ENTRIES_MAX as usize;
            kept += self.kept(&more);
            stored.extend(more);
            // A store that answers at once gives nobody else a turn, and the limit of time no look.
            tokio::task::yield_now().await;
        }
        let end = if exhausted { None } else { stored.last().map(|entry| entry.key.clone()) };
        let mut entries: std::collections::BTreeMap<String, String> = stored
            .iter()
            .filter(|entry| !self.written.contains_key(&entry.key))
            .map(|entry| (entry.key.clone(), entry.value.clone()))
            .collect();
        let in_range = |key: &str| {
            key.starts_with(prefix) && after.as_deref().is_none_or(|after| key > after) && end.as_deref().is_none_or(|end| key <= end)
        };
        for (key, pending) in self.written.iter().filter(|(key, _)| in_range(key)) {
            let value = match pending {
                Pending::Removed => continue,
                Pending::Set(value) => value.clone(),
                Pending::Added(by) => sum(stored.iter().find(|entry| entry.key == *key), *by)?,
            };
            entries.insert(key.clone(), value);
        }
        let mut bytes = 0;
        let fits = |entry: &Entry| {
            bytes += entry.key.len() + entry.value.len();
            bytes <= SCAN_BYTES_MAX
        };
        Ok(entries.into_iter().map(|(key, value)| Entry { key, value }).take(limit as usize).take_while(fits).collect())
    }

    /// How many of these entries this call has not removed.
    fn kept(&self, stored: &[StateEntry]) -> usize {
        stored.iter().filter(|entry| !matches!(self.written.get(&entry.key), Some(Pending::Removed))).count()
    }

    async fn scan_stored(&mut self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<StateEntry>, Failure> {
        let entries = self.reads.scan(prefix, after, limit).await.map_err(|error| self.store_failure(&error))?;
        self.note_read(entries.iter().map(|entry| entry.key.len() + ENTRY_BYTES).sum())?;
        self.state_reads.push(StateRead::Range {
            prefix: prefix.to_owned(),
            after: after.map(str::to_owned),
            limit,
            seen: entries.iter().map(|entry| (entry.key.clone(), entry.version)).collect(),
        });
        Ok(entries)
    }

    fn note_written(&mut self, bytes: usize) -> Result<(), Failure> {
        self.state_written += bytes + ENTRY_BYTES;
        if self.state_written <= WRITTEN_BYTES_MAX {
            return Ok(());
        }
        Err(Failure::OverLimit(format!("what one call writes to its state may have {} MiB together", WRITTEN_BYTES_MAX >> 20)))
    }

    fn note_read(&mut self, bytes: usize) -> Result<(), Failure> {
        self.state_read += bytes + ENTRY_BYTES;
        if self.state_read <= READ_BYTES_MAX {
            return Ok(());
        }
        Err(Failure::OverLimit(format!("what one call reads of its state may have {} MiB together", READ_BYTES_MAX >> 20)))
    }

    async fn check_room(&mut self, bytes: usize) -> Result<(), Failure> {
        let held = self.reads.state_bytes().await.map_err(|error| self.store_failure(&error))?;
        if held.saturating_add(bytes as u64) > STATE_BYTES_MAX {
            return Err(Failure::OverLimit(format!("the plugin's state holds {held} bytes, and may hold {STATE_BYTES_MAX}")));
        }
        Ok(())
    }

    /// What this call changed, one change a key.
    pub(in crate::plugin) fn changes(&self) -> Vec<StateChange> {
        let change = |(key, pending): (&String, &Pending)| match pending {
            Pending::Set(value) => StateChange::Set(key.clone(), value.clone()),
            Pending::Removed => StateChange::Remove(key.clone()),
            Pending::Added(by) => StateChange::Increment(key.clone(), *by),
        };
        self.written.iter().map(change).collect()
    }
}

fn check_key(key: &str) -> Result<(), Failure> {
    if (1..=KEY_BYTES_MAX).contains(&key.len()) {
        return Ok(());
    }
    Err(Failure::Invalid(format!("a key has 1 to {KEY_BYTES_MAX} bytes, this one has {}", key.len())))
}

fn whole(key: &str, value: &str) -> Result<i64, Failure> {
    value.parse().map_err(|_| Failure::Invalid(format!("the value of `{key}` is no whole number")))
}

fn sum(stored: Option<&StateEntry>, by: i64) -> Result<String, Failure> {
    let before = stored.map_or(Ok(0), |entry| whole(&entry.key, &entry.value))?;
    Ok(before.saturating_add(by).to_string())
}
