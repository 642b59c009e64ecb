//! What every engine must keep: one test for each promise of [`Store`], instantiated for an engine by [`suite`].
//!
//! An engine brings a function that opens a store on data of the test's own, and again on the same data.

use std::sync::Arc;

use super::Store;
use crate::clock::Clock;

pub(super) mod accepting;
pub(super) mod bench;
pub(super) mod browsing;
pub(super) mod delivering;
pub(super) mod finishing;
pub(super) mod forgetting;
pub(super) mod giving_up;
pub(super) mod keeping;
pub(super) mod leasing;
pub(super) mod model;
pub(super) mod replaying;
pub(super) mod state;

/// Opens a store on the data that it stands for, anew each time it is called.
pub(super) type Open = Box<dyn Fn(&Clock, usize) -> Arc<dyn Store> + Send + Sync>;

/// Makes a test of each case, for the engine whose stores `$fresh` opens: a function that gives an [`Open`] on no data yet,
/// or none where the engine is not here, and says so.
macro_rules! suite {
    ($fresh:path) => {
        $crate::store::conformance::cases! { $fresh;
            accepting: a_new_event_is_recorded_with_its_invocations,
                a_repeat_is_counted_as_one,
                equal_keys_of_two_projects_are_two_events,
                long_keys_are_told_apart,
                an_event_that_is_set_aside_gets_no_invocations,
                a_rerun_is_handled_again_under_the_next_generation,
                a_rerun_of_what_still_waits_is_folded_in,
                a_rerun_runs_those_plugins_that_it_does_not_wait_for,
                a_rerun_of_what_was_never_seen_is_new,
                a_rerun_takes_dead_letters_with_it,
                a_snapshot_is_kept_with_a_new_event_and_with_no_other,
                a_plugin_that_never_had_an_event_joins_it,
                a_plugin_joins_what_an_event_led_to,
                a_stale_revision_is_superseded,
                an_equal_revision_is_handled,
                a_thousand_events_come_in_one_batch,
                a_batch_may_hold_the_same_event_twice,
                nothing_is_recorded_when_too_much_waits,
                one_plugin_has_no_more_than_three_quarters_of_the_room,
                derived_events_come_in_when_too_much_waits,
                an_unconfirmed_event_is_dropped_and_its_key_is_free,
                the_latest_events_of_a_project_come_by_pages,
                what_was_accepted_is_there_after_a_restart;
            leasing: invocations_about_one_task_go_one_at_a_time_and_in_order,
                invocations_without_a_task_go_side_by_side,
                a_parked_invocation_holds_up_those_behind_it,
                a_retry_waits_until_it_is_due,
                projects_take_turns,
                plugins_of_a_project_take_turns,
                no_plugin_has_more_than_its_cap,
                further_attempts_leave_room_for_first_ones,
                what_happens_now_does_not_wait_for_a_backfill,
                a_connection_has_no_more_than_its_cap,
                a_lease_that_runs_out_is_given_to_another,
                a_renewed_lease_is_kept,
                attempts_traps_and_parking_are_counted,
                the_order_is_kept_over_a_restart,
                a_crash_frees_all_leases,
                a_waiting_claim_gets_what_comes_in,
                closing_ends_every_wait;
            finishing: a_finished_invocation_is_gone,
                what_was_finished_is_not_finished_again,
                a_lost_lease_records_nothing,
                every_run_is_kept,
                a_worker_has_each_badge_once,
                a_badge_that_was_taken_back_can_be_won_again,
                badges_are_listed_page_by_page,
                one_badge_is_listed_page_by_page,
                runs_of_any_outcome_are_kept,
                a_dead_letter_says_what_died_of_what,
                dead_letters_come_newest_first,
                an_emitted_event_is_handled_in_turn,
                an_emitted_event_keeps_the_generation_of_its_root,
                an_event_is_emitted_once_per_key,
                an_effect_is_asked_for_once_per_key,
                once_keys_of_two_plugins_are_two,
                once_keys_outlive_a_restart,
                a_task_result_gets_the_next_revision;
            state: entries_are_set_read_and_removed,
                entries_are_scanned_in_the_order_of_their_bytes,
                state_of_two_plugins_is_kept_apart,
                a_key_that_changed_is_a_conflict,
                a_key_that_came_is_a_conflict,
                a_key_that_was_removed_and_set_again_is_a_conflict,
                a_range_that_changed_is_a_conflict,
                a_range_that_did_not_change_is_none,
                a_conflict_leaves_nothing_and_keeps_the_lease,
                increments_never_conflict,
                an_increment_stops_at_the_limits,
                bytes_of_keys_and_values_are_counted;
            delivering: deliveries_about_one_task_leave_in_order,
                deliveries_through_two_connections_leave_side_by_side,
                a_later_delivery_waits_until_it_is_due,
                attempts_count_only_when_they_are_said_to,
                an_effect_without_a_connection_leaves_nowhere,
                a_newer_result_drops_the_one_that_has_not_left,
                a_result_under_way_ends_before_the_newer_one_leaves,
                a_delivery_whose_lease_ran_out_is_given_to_another,
                a_superseded_delivery_is_not_given_to_another,
                a_refusal_frees_the_once_key,
                a_key_whose_effect_may_have_happened_stays_spent,
                the_deliveries_of_an_event_are_told_with_their_receipts,
                deliveries_are_there_after_a_restart,
                deliveries_that_were_given_up_are_counted;
            giving_up: what_waits_becomes_a_dead_letter_at_once,
                what_stands_behind_what_is_given_up_moves_up,
                nothing_is_kept_of_a_run_that_was_given_up,
                the_next_one_waits_for_a_run_that_was_given_up,
                a_run_that_never_ends_holds_up_nothing_beyond_its_lease,
                what_a_held_plugin_is_to_do_is_given_up_too,
                a_plugin_does_not_join_what_it_gave_up,
                a_delivery_is_given_up_at_once,
                a_delivery_under_way_that_gets_through_is_delivered,
                a_delivery_under_way_that_fails_stays_given_up,
                what_was_given_up_and_replayed_is_another_delivery,
                a_once_key_of_what_was_given_up_stays_spent,
                what_is_not_unfinished_is_passed_over,
                what_was_given_up_is_so_after_a_crash;
            replaying: a_dead_invocation_is_run_again_from_its_first_attempt,
                only_what_is_wanted_is_replayed,
                a_replay_is_bounded_and_takes_the_oldest_first,
                nothing_is_replayed_when_too_much_waits,
                a_dead_delivery_leaves_again_under_its_old_id,
                a_result_that_was_overtaken_does_not_leave_again,
                a_once_key_that_was_spent_since_is_not_spent_twice,
                a_replayed_delivery_may_have_happened_before,
                an_event_is_replayed_for_those_it_does_not_wait_for,
                a_fresh_replay_begins_a_new_generation,
                a_plugin_that_is_held_gets_nothing_until_it_is_released,
                a_quarantine_outlives_a_restart;
            forgetting: what_came_in_and_went_nowhere_is_let_go_first,
                details_are_let_go_and_the_event_stays,
                what_waits_or_was_given_up_keeps_its_details,
                an_event_keeps_its_details_for_those_that_it_led_to,
                what_was_let_go_is_handled_again_only_when_the_platform_says_it_again,
                an_event_that_is_gone_is_handled_anew_by_a_rerun,
                an_old_event_goes_with_all_that_belongs_to_it,
                what_must_outlive_an_event_does,
                a_walk_goes_on_where_it_ended,
                a_worker_is_forgotten,
                what_is_handled_while_a_worker_is_forgotten_does_not_bring_them_back,
                what_a_run_under_way_writes_of_a_forgotten_worker_goes_too,
                a_walk_that_was_begun_in_the_older_order_is_begun_anew,
                another_projects_worker_is_not,
                a_project_is_forgotten_with_all_that_waits;
            keeping: snapshots_are_kept_by_root_and_generation,
                a_snapshot_may_be_put_again,
                a_name_is_bound_once,
                a_name_is_bound_to_another_when_somebody_says_so,
                how_far_something_has_come_is_kept,
                dedup_keys_are_told_with_their_events,
                an_event_is_given_back_as_it_came,
                what_is_unknown_is_none,
                totals_are_the_same_after_a_restart,
                vitals_tell_what_waits_and_since_when;
            browsing: pages_are_read_while_projects_and_plugins_are_new,
                events_are_found_by_what_is_said_of_them,
                pages_of_events_join_without_a_gap,
                a_long_search_ends_with_where_to_go_on,
                invocations_are_told_with_how_far_they_are,
                deliveries_are_found_wherever_they_are,
                analyses_are_counted_once_and_newer_ones_take_the_place_of_older,
                what_analyses_come_to_forgets_a_worker,
                a_worker_who_is_forgotten_is_not_counted_meanwhile,
                samples_are_thinned_out_and_let_go;
        }

        #[test]
        fn nothing_is_lost_and_nothing_done_twice() {
            $crate::store::conformance::model::nothing_is_lost_and_nothing_done_twice($fresh);
        }
    };
}
pub(in crate::store) use suite;

/// Makes the tests that [`suite`] lists.
macro_rules! cases {
    ($fresh:path; $($group:ident: $($case:ident),+;)+) => {
        $(mod $group {
            $(#[tokio::test]
            async fn $case() {
                let Some(open) = $fresh() else { return };
                let bench = $crate::store::conformance::bench::Bench::new(open);
                $crate::store::conformance::$group::$case(bench).await;
            })+
        })+
    };
}
pub(in crate::store) use cases;
