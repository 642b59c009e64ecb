//! A million random steps, compared with the plainest model there is. `cargo xtask soak model` runs it.

use super::fresh;
use crate::store::conformance::bench::number;
use crate::store::conformance::model::try_steps;

/// Steps of a store at most; half as many on the average.
const STEPS_MAX: usize = 400;
/// Stores that one seed decides about.
const CASES: u32 = 50;

#[test]
#[ignore = "takes minutes: `cargo xtask soak model`"]
fn soak() {
    let (steps, first) = (number("STEPS", 1_000_000) as u64, number("SEED", 1) as u64);
    let (mut taken, mut seed) = (0, first);
    while taken < steps {
        taken += try_steps(fresh, seed, CASES, STEPS_MAX);
        seed += 1;
    }
    println!("model: {taken} steps on {} stores, seeds {first} to {}: as the model says", (seed - first) * u64::from(CASES), seed - 1);
}
