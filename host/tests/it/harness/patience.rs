//! Waiting for something to become true: often looked at, never for long, and a panic that says what was waited for.

use std::time::Duration;

/// Nothing here takes so long, even on a machine that is busy with other things; a test that hangs fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often to look.
const LOOK: Duration = Duration::from_millis(10);

/// Looks until there is something, and gives it.
pub async fn eventually<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_as(|| what.to_owned(), look).await
}

/// The same with words that are found only when they are needed.
pub async fn eventually_as<T>(what: impl Fn() -> String, look: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(PATIENCE, what, look).await
}

/// The same for what takes so long at most, where that is known to be long.
pub async fn eventually_within<T>(wait: Duration, what: impl Fn() -> String, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looked = tokio::time::timeout(wait, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK).await;
        }
    });
    looked.await.unwrap_or_else(|_| panic!("not within {} s: {}", wait.as_secs(), what()))
}

/// Looks until it is so.
pub async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    eventually(what, async || look().await.then_some(())).await;
}
