//! Histories that once failed, as small as they could be made. What each one showed is its test's name.

#![allow(clippy::unwrap_used, reason = "tests")]

use tminus_simulation::generate::{Habits, History};
use tminus_simulation::model::Calls::{Batch, CalendarList, Watch};
use tminus_simulation::model::Op;
use tminus_simulation::model::Op::{
    Alarms, CopyMirror, Crash, Create, Delete, DeleteMirror, DeleteMirrorInstance, Deliver, DeliverNext,
    Dismissing, ExpireAccess, Fault, Invite, InviteToInstance, Live, Lose, MoveMirror, MoveMirrorInstance,
    Push, Pushes, Redeliver, Relink, Repeat, Rerule, Resync, Split, Together, Twist, Unlink, Wait,
};
use tminus_simulation::model::Shape::{AllDay, Free, Tentative, Timed};
use tminus_simulation::model::Trouble::{AnswerLost, Unavailable};
use tminus_simulation::model::Twist::{Decline, Move};
use tminus_simulation::run::run;
use tminus_simulation::world::Side::{After, Before};

#[track_caller]
fn holds(seed: u64, unsettled: bool, page_size: Option<usize>, ops: &[Op]) {
    let violations = run(&History {
        seed,
        accounts: 3,
        unsettled,
        page_size,
        habits: Habits::default(),
        ops: ops.to_vec(),
    });
    assert_eq!(violations, Vec::<String>::new());
}

#[test]
fn late_chunks_of_a_concluded_run_leave_no_rows() {
    holds(1, true, None, &[]);
}

#[test]
fn a_mirror_deleted_before_a_full_run_of_its_overlay_is_made_again() {
    let ops = [Create(25, 315, 15, Timed), Pushes, DeliverNext(7), DeleteMirror(164, 61009), Resync(119)];
    holds(79, false, None, &ops);
}

#[test]
fn what_changes_before_a_channel_opens_is_fetched_once_it_is_open() {
    let ops = [
        Fault(Watch, Unavailable, 2),
        DeliverNext(5),
        DeliverNext(2),
        Together(4),
        Create(27, 639, 3000, Timed),
    ];
    holds(2124, true, Some(3), &ops);
}

#[test]
fn an_overtaken_attempt_at_a_page_is_no_sighting() {
    let ops = [Create(87, 101, 60, AllDay), Together(3), Together(6), Wait(600), Delete(59780), Alarms];
    holds(3292, true, Some(2), &ops);
}

#[test]
fn one_message_delivered_twice_at_once_makes_one_overlay() {
    let ops = [
        Fault(CalendarList, Unavailable, 3),
        DeliverNext(6),
        Redeliver(29373),
        Redeliver(15167),
        Redeliver(39423),
        Together(4),
    ];
    let history = History {
        seed: 13415,
        accounts: 2,
        unsettled: true,
        page_size: Some(3),
        habits: Habits::default(),
        ops: ops.to_vec(),
    };
    assert_eq!(run(&history), Vec::<String>::new());
}

#[test]
fn an_edit_by_hand_after_a_lost_answer_is_undone() {
    let ops = [
        Create(243, 273, 0, Tentative),
        Create(6, 661, 60, Free),
        Push(36952),
        Lose(3375),
        Create(130, 499, 15, Timed),
        Pushes,
        Fault(Batch, AnswerLost, 1),
        DeliverNext(4),
        Deliver(50813),
        MoveMirror(4, 63132),
    ];
    holds(6132, false, Some(3), &ops);
}

/// What the provider does its own way: lists run backwards, tombstones of exceptions, orphans are cancelled.
const fn habits(backwards: bool, tombstones: bool, cancels_orphans: bool) -> Habits {
    Habits { backwards, tombstones, cancels_orphans }
}

#[track_caller]
fn series_hold(seed: u64, accounts: usize, page_size: Option<usize>, habits: Habits, ops: &[Op]) {
    let history = History { seed, accounts, unsettled: false, page_size, habits, ops: ops.to_vec() };
    assert_eq!(run(&history), Vec::<String>::new());
}

#[test]
fn a_cancelled_occurrence_is_written_once() {
    let ops =
        [Invite(215, 208, 494, 212), Twist(46245, 6, Decline), Repeat(163, 128, 194), Rerule(22442, 139)];
    series_hold(1, 3, None, habits(false, true, true), &ops);
}

#[test]
fn instances_that_were_left_behind_are_deleted_once() {
    let ops = [Invite(157, 71, 64, 218), Twist(14370, 4, Move(1440)), Live(3), Rerule(54238, 159)];
    series_hold(100, 3, None, habits(true, true, false), &ops);
}

#[test]
fn an_old_tombstone_of_an_instance_is_not_believed() {
    let ops = [Invite(177, 94, 520, 179), Live(3), DeleteMirrorInstance(248, 34367, 7)];
    series_hold(38, 3, Some(3), habits(true, true, false), &ops);
}

#[test]
fn an_occurrence_that_a_guest_declines_later_shows_what_its_organizer_changed_before() {
    let ops = [
        Repeat(160, 448, 156),
        Invite(189, 183, 310, 241),
        InviteToInstance(52935, 3, 236),
        Live(10),
        Twist(10166, 7, Decline),
    ];
    series_hold(154, 3, None, habits(true, false, true), &ops);
}

#[test]
fn an_instance_that_a_hand_deleted_comes_back_though_its_series_was_moved_too() {
    let ops = [
        Invite(230, 128, 337, 125),
        Delete(24563),
        Live(7200),
        DeleteMirrorInstance(172, 7170, 3),
        MoveMirror(133, 7277),
    ];
    series_hold(214, 3, None, habits(false, false, false), &ops);
}

#[test]
fn an_instance_that_goes_while_a_hand_has_moved_its_series_stays_away() {
    let ops = [Repeat(182, 368, 49), Live(10), MoveMirror(203, 8587), InviteToInstance(19225, 6, 22)];
    series_hold(237, 3, None, habits(true, true, true), &ops);
}

#[test]
fn an_exception_that_went_when_a_hand_moved_its_series_comes_back() {
    let ops = [Repeat(88, 85, 220), Live(90), Twist(25816, 2, Move(-1440)), MoveMirror(213, 64561)];
    series_hold(314, 2, None, habits(true, false, true), &ops);
}

#[test]
fn an_instance_that_a_hand_made_of_a_moved_series_goes_with_the_move() {
    let ops = [Repeat(189, 479, 176), Live(3), MoveMirror(189, 24946), MoveMirrorInstance(192, 49342, 4)];
    series_hold(45, 3, None, habits(true, true, false), &ops);
}

#[test]
fn what_a_target_declines_of_a_series_takes_the_exceptions_of_the_whole_along() {
    let ops =
        [Invite(210, 52, 237, 202), Twist(38254, 2, Decline), Twist(41497, 4, Move(-1440)), ExpireAccess(0)];
    series_hold(392, 3, None, habits(false, false, false), &ops);
}

#[test]
fn an_instance_that_goes_before_the_moved_series_is_written_stays_away() {
    let ops =
        [Invite(1, 0, 257, 29), Live(90), Split(0, 3, -60), MoveMirror(0, 0), InviteToInstance(2, 0, 0)];
    series_hold(1, 3, Some(1), habits(true, false, true), &ops);
}

#[test]
fn what_a_hand_made_of_an_instance_goes_when_the_series_repeats_no_more() {
    let ops = [Repeat(2, 488, 1), Live(10), Rerule(0, 11), MoveMirrorInstance(0, 0, 4)];
    series_hold(1466, 3, None, Habits::default(), &ops);
}

#[test]
fn a_mirror_whose_calendar_the_graph_was_not_told_of_can_be_dismissed() {
    let ops =
        [Crash(9, Before), Create(169, 91, 30, Timed), Live(10), Dismissing(true), DeleteMirror(67, 31563)];
    let history = History {
        seed: 1581,
        accounts: 2,
        unsettled: true,
        page_size: None,
        habits: Habits::default(),
        ops: ops.to_vec(),
    };
    assert_eq!(run(&history), Vec::<String>::new());
}

#[test]
fn an_exception_that_a_list_shows_before_the_end_of_its_series_stands_alone() {
    let ops = [Invite(0, 0, 66, 119), Live(90), Delete(0), InviteToInstance(0, 7, 1)];
    series_hold(3032, 3, Some(1), habits(true, false, false), &ops);
}

#[test]
fn an_unlinking_that_broke_off_ends_though_the_account_is_linked_again() {
    holds(3014, true, Some(1), &[DeliverNext(6), Crash(0, After), Unlink(12), Relink(18)]);
}

#[test]
fn an_overlay_with_an_event_of_others_is_left_when_its_account_is_linked_again() {
    let ops = [Create(93, 480, 0, Timed), Live(600), Unlink(1), CopyMirror(1, 0), Relink(0)];
    holds(2655, false, None, &ops);
}
