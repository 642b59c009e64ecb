//! Plugins: components in a sandbox. Takes an event, gives back what the plugin asks for and what it read. Knows nothing
//! of the inbox and the outbox, nor who calls.

pub mod load;
pub mod registry;
