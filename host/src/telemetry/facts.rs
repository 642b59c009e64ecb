//! What is logged and counted alike: one function for each fact, as a method of [`Metrics`](super::Metrics). Lines bear the part of the
//! host that they are about as their target, so that `--log crowdhook::dispatch=debug` finds them.

use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;

pub use loads::ComponentSaid;
pub use work::{DeliveryAttempted, RunEnded, Verdict};

mod intake;
mod loads;
mod store;
mod work;

fn observe(histogram: &Histogram, took: Duration) {
    histogram.observe(took.as_secs_f64());
}
