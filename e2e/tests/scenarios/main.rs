//! Scenarios on the real runtime, one after the other on one runtime, each with people of its own. What follows all
//! of them is a look at the whole log: nothing that was planted may be in it.
//!
//! `cargo test -p tminus-e2e -- NAME` runs those whose name contains NAME.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod answers;
mod bad_input;
mod configuration;
mod deadlines;
mod dismissals;
mod edits;
mod filters;
mod holds;
mod isolation;
mod letters;
mod meetings;
mod mesh;
mod observability;
mod panics;
mod projection;
mod recovery;
mod redelivery;
mod refusals;
mod rules_accounts;
mod rules_mirrors;
mod rules_runs;
mod series;
mod series_policy;
mod shapes;
mod stage;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, anyhow};

use crate::stage::Stage;

type Scenario = (&'static str, fn(&Stage) -> Result<()>);

const SCENARIOS: &[Scenario] = &[
    ("create_blocks_the_others", edits::create),
    ("a_move_moves_the_blocks", edits::move_),
    ("a_title_alone_writes_nothing", edits::retitle),
    ("a_deletion_removes_the_blocks", edits::delete),
    ("all_day_events_stay_dates", edits::all_day),
    ("free_time_blocks_nothing", edits::free),
    ("two_calendars_in_one_account", edits::two_calendars),
    ("what_was_there_before_is_blocked_too", edits::backfill),
    ("events_of_every_shape", shapes::every_shape),
    ("a_series_is_one_event", series::one_event),
    ("exceptions_show_in_their_series", series::exceptions),
    ("series_are_split_cut_and_come_in_any_order", series::any_order),
    ("series_follow_the_policy", series_policy::follow),
    ("edges_say_what_is_shown", projection::edges),
    ("filters_say_what_is_copied", filters::all),
    ("a_meeting_in_two_accounts_needs_no_block", meetings::copies),
    ("one_occurrence_that_a_guest_declines", meetings::occurrences),
    ("an_occurrence_that_only_the_guest_lost", meetings::lost_occurrence),
    ("blocks_deleted_by_hand", dismissals::blocks),
    ("instances_deleted_by_hand", dismissals::instances),
    ("a_large_recompute_holds_up_nobody", holds::large_recompute),
    ("a_sweep_is_held_and_decided", holds::decided),
    ("what_no_calendar_can_mean_is_quarantined", bad_input::quarantined),
    ("three_accounts_meshed_with_echoes", mesh::three_accounts),
    ("every_message_twice_more_changes_nothing", redelivery::redelivery),
    ("a_killed_runtime_goes_on", recovery::restart),
    ("an_expired_token_is_refreshed_once", recovery::token_refresh),
    ("rules_01_27_a_push_outlives_a_kill", rules_runs::a_push_outlives_a_kill),
    ("rules_06_08_09_a_killed_run_is_taken_over", rules_runs::a_killed_run_is_taken_over),
    ("rule_13_a_restored_graph_is_read_anew", rules_runs::a_restored_graph_is_read_anew),
    ("rule_18_one_writer", rules_mirrors::one_writer),
    ("rules_20_21_lost_answers", rules_mirrors::lost_answers),
    ("rule_23_hands_in_the_overlay", rules_mirrors::hands_in_the_overlay),
    ("rule_25_one_overlay", rules_accounts::one_overlay),
    ("rule_29_unlinking", rules_accounts::unlinking),
    ("rule_30_consent", rules_accounts::consent),
    ("pushes_that_are_refused", refusals::pushes),
    ("callbacks_that_are_refused", refusals::callbacks),
    ("requests_that_are_refused", refusals::requests),
    ("ids_of_another_are_as_good_as_none", isolation::another_persons_ids),
    ("a_change_under_a_key_is_made_once", isolation::keys),
    ("why_an_event_is_or_is_not_mirrored", answers::why),
    ("what_an_event_was", answers::what_was),
    ("a_preview_says_what_a_change_does", answers::what_would_be),
    ("what_takes_place_and_when_one_is_free", answers::reads),
    ("what_is_made_here_blocks_every_account", answers::own_events),
    ("a_newer_message_is_tried_again_then_kept", letters::newer_version),
    ("an_undecodable_message_is_kept", letters::undecodable),
    ("a_bad_event_is_quarantined_alone", letters::bad_event),
    ("missing_configuration_is_named_at_once", configuration::launcher),
    ("a_worker_names_what_it_lacks", configuration::worker),
    ("a_provider_that_hangs_holds_up_its_own_message", deadlines::provider),
    ("a_panic_takes_nothing_with_it", panics::isolated),
    ("one_trace_runs_through_every_hop", observability::one_trace),
];

/// These look at what all the others left behind.
const AFTERWARDS: &[Scenario] = &[
    ("nobody_was_mailed", observability::nobody_was_mailed),
    ("every_request_is_one_of_googles", observability::google_understands),
    ("the_log_holds_nothing_private", observability::nothing_private),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let wanted =
        |(name, _): &&Scenario| filters.is_empty() || filters.iter().any(|f| name.contains(f.as_str()));
    let chosen: Vec<&Scenario> = SCENARIOS.iter().filter(wanted).chain(AFTERWARDS).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        chosen.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let stage = match Stage::start() {
        Ok(stage) => stage,
        Err(error) => {
            println!("the runtime did not start: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    println!("\nrunning {} scenarios, log in {}", chosen.len(), stage.world.runtime.log.display());
    let failed: Vec<_> = chosen.into_iter().filter(|scenario| !passes(&stage, scenario)).collect();
    if failed.is_empty() {
        println!("\nall scenarios passed\n");
        return ExitCode::SUCCESS;
    }
    println!("\n{} scenarios FAILED:", failed.len());
    failed.iter().for_each(|(name, _)| println!("    {name}"));
    ExitCode::FAILURE
}

fn passes(stage: &Stage, (name, scenario): &Scenario) -> bool {
    let started = Instant::now();
    stage.reset();
    let outcome = catch_unwind(AssertUnwindSafe(|| scenario(stage)));
    let took = started.elapsed().as_secs_f64();
    match outcome.unwrap_or_else(|_| Err(anyhow!("it panicked"))) {
        Ok(()) => {
            println!("{name} .. ok ({took:.1} s)");
            true
        }
        Err(error) => {
            println!("{name} .. FAILED ({took:.1} s)\n    {error:#}");
            false
        }
    }
}
