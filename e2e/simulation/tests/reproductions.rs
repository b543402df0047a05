//! Histories that once failed, as small as they could be made. What each one showed is its test's name.

#![allow(clippy::unwrap_used, reason = "tests")]

use tminus_simulation::generate::{Habits, History};
use tminus_simulation::model::Calls::{Batch, CalendarList, Watch};
use tminus_simulation::model::Op;
use tminus_simulation::model::Op::{
    Alarms, Create, Delete, DeleteMirror, Deliver, DeliverNext, Fault, Lose, MoveMirror, Push, Pushes,
    Redeliver, Resync, Together, Wait,
};
use tminus_simulation::model::Shape::{AllDay, Free, Tentative, Timed};
use tminus_simulation::model::Trouble::{AnswerLost, Unavailable};
use tminus_simulation::run::run;

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
