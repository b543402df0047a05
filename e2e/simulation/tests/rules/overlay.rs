//! Rule 25: one overlay calendar, whatever answer is lost and however far lists lag.

use serde_json::Value;
use tminus_simulation::Stage;
use tminus_simulation::stage::timed;
use tminus_simulation::world::Side;

use crate::support::{NINE, NOON, ONE, TEN, lose_answers};

/// The overlay of an account of ours is left out of so many calendar lists.
fn hide_overlays(stage: &Stage, lists: u32) {
    let mut left = lists;
    stage.world.tamper(move |operation, answer| {
        let (true, Ok(answer)) = (operation == "calendarList.list", answer) else { return };
        if left > 0 {
            let mut list: Value = serde_json::from_slice(&answer.body).unwrap();
            let items = list["items"].as_array_mut().unwrap();
            let before = items.len();
            items.retain(|item| !item["description"].to_string().contains("tminus-overlay:"));
            left -= u32::from(items.len() < before);
            answer.body = serde_json::to_vec(&list).unwrap();
        }
    });
}

fn one_overlay(stage: &mut Stage) {
    stage.world.run_cron();
    stage.settle();
    assert_eq!(stage.world.overlays(&stage.emails[0]).len(), 1);
    assert_eq!(stage.shown(0), Stage::blocks(&[(NINE, TEN)]));
}

fn linked(seed: u64) -> Stage {
    let stage = Stage::linked(seed, 2);
    let _ = stage.add(1, "shown", NINE, TEN);
    stage
}

#[test]
fn rule_25_an_overlay_whose_answer_was_lost_is_found_by_its_nonce() {
    let mut stage = linked(25);
    lose_answers(&stage, "calendars.insert", 1);
    stage.settle();
    one_overlay(&mut stage);
    assert_eq!(stage.world.calls("calendars.insert"), 2, "one an account");
}

#[test]
fn rule_25_a_crash_around_the_insert_makes_no_second_overlay() {
    for (effect, side) in [
        ("overlay_creating", Side::After),
        ("calendars.insert", Side::Before),
        ("calendars.insert", Side::After),
        ("overlay_ready", Side::Before),
        ("overlay_ready", Side::After),
    ] {
        let mut stage = linked(25);
        stage.world.crash_on(effect, side);
        stage.settle();
        one_overlay(&mut stage);
    }
}

/// The answer is lost, and the next list does not hold the calendar yet: one list is no proof.
#[test]
fn rule_25_the_list_is_read_twice_before_another_is_made() {
    let mut stage = linked(25);
    lose_answers(&stage, "calendars.insert", 1);
    hide_overlays(&stage, 1);
    stage.settle();
    one_overlay(&mut stage);
    assert_eq!(stage.world.calls("calendars.insert"), 2, "one an account");
}

/// Two lists did not hold it: another was made, and the first appears. The empty one too many is removed.
#[test]
fn rule_25_an_empty_extra_is_removed() {
    let mut stage = linked(25);
    lose_answers(&stage, "calendars.insert", 1);
    hide_overlays(&stage, 2);
    stage.settle();
    stage.world.no_tamper();
    stage.world.advance_millis(6 * 86_400_000 + 3_600_000);
    one_overlay(&mut stage);
    assert_eq!(stage.world.calls("calendars.insert"), 3, "there were two for a while");
}

/// Someone put an event of theirs into it: it is not ours to remove.
#[test]
fn rule_25_an_extra_that_holds_events_is_left() {
    let mut stage = linked(25);
    lose_answers(&stage, "calendars.insert", 1);
    hide_overlays(&stage, 2);
    stage.run_until(|stage| stage.world.calls("calendars.insert") == 1);
    let email = stage.emails[0].clone();
    let first = stage.world.overlays(&email).first().cloned();
    let (owner, extra) = first.map_or_else(
        || (stage.emails[1].clone(), stage.world.overlays(&stage.emails[1])[0].clone()),
        |extra| (email, extra),
    );
    let theirs = stage.world.insert(&owner, &extra, &timed("theirs", NOON, ONE));
    stage.settle();
    stage.world.no_tamper();
    stage.world.advance_millis(6 * 86_400_000 + 3_600_000);
    stage.world.run_cron();
    stage.settle();
    assert!(stage.world.overlays(&owner).contains(&extra));
    assert!(stage.world.events(&extra).contains(&theirs));
}

/// The overlay is deleted by hand: another is made under the same id of ours, and every block is written again.
#[test]
fn rule_25_a_deleted_overlay_is_made_again_with_all_its_blocks() {
    let mut stage = linked(25);
    stage.settle();
    let (first, id) = (stage.overlay(0), stage.overlay_id(0));
    stage.world.google(|google| google.remove_calendar(&first));
    stage.world.advance_millis(6 * 86_400_000 + 3_600_000);
    one_overlay(&mut stage);
    assert_ne!(stage.overlay(0), first);
    assert_eq!(stage.overlay_id(0), id);
}
