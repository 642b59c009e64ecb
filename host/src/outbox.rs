//! Effects wait here as deliveries until they have left.
//!
//! They are stored by the transaction that completes the invocation that asked for them, so this stage has no loop of
//! its own: [`crate::store::Store::finish`] fills it, [`crate::deliver`] empties it. What it promises is the store's:
//! an effect with a once key is there at most once for (project, plugin, key); deliveries of one (project, connection, task) leave
//! in order; a task result that has not left yet is dropped for a newer one.

pub use crate::store::{ClaimedDelivery as Delivery, DeliveryOutcome as Verdict};
