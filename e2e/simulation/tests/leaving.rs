//! An account leaves (protocol rule 29): what is ours goes with it, what is its owner's stays, and nothing on the way
//! can stop it.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests"
)]

use fake_google::faults::{Effect, Fault};
use serde_json::{Value, json};
use tminus_ports::ObjectClass;
use tminus_simulation::Stage;
use tminus_simulation::stage::timed;
use tminus_simulation::world::Side;

const NINE: &str = "2026-02-02T09:00:00Z";
const TEN: &str = "2026-02-02T10:00:00Z";
const NOON: &str = "2026-02-02T12:00:00Z";
const ONE: &str = "2026-02-02T13:00:00Z";

/// A settled stage of accounts of which the first two have an event each.
fn stage(accounts: usize) -> Stage {
    let mut stage = Stage::settled(29, accounts);
    let _ = stage.add(0, "secret", NINE, TEN);
    let _ = stage.add(1, "leaving", NOON, ONE);
    stage.settle();
    stage
}

/// Asks to unlink the second account; the answer's status and body, if there is one.
fn ask(stage: &mut Stage) -> Option<(u16, Value)> {
    let path = format!("/v1/accounts/{}", stage.accounts[1]);
    let answer = stage.world.api(&mut stage.person.browser, "DELETE", &path, "")?;
    Some((answer.status, serde_json::from_slice(&answer.body).unwrap()))
}

/// Asks as often as it takes, as a person does.
fn unlink(stage: &mut Stage) {
    while ask(stage).is_none_or(|(status, _)| status != 202) {}
}

/// That nothing of the second account is left but what its owner had before, and a tombstone.
fn left(stage: &Stage, when: &str) {
    let email = &stage.emails[1];
    assert_eq!(stage.world.overlays(email), Vec::<String>::new(), "{when}");
    let events: Vec<String> =
        stage.world.events(email).iter().map(|event| event["summary"].to_string()).collect();
    assert_eq!(events, ["\"leaving\""], "{when}");
    assert_eq!(stage.shown(0), [], "{when}");
    let account = stage.accounts[1].to_string();
    for table in ["account", "auth", "calendars", "timers", "watch_channels", "dead_letters"] {
        let rows =
            stage.world.rows(ObjectClass::Account, &account, &format!("/* rows */ SELECT 1 FROM {table}"));
        assert!(rows.is_empty(), "{table} {when}");
    }
    let registry: Vec<String> = stage
        .world
        .state()
        .into_iter()
        .filter(|line| line.starts_with("registry accounts") && line.contains(&account))
        .collect();
    assert!(registry.len() == 1 && registry[0].contains("\"unlinked\""), "{registry:?} {when}");
    assert!(!registry[0].contains(email.as_str()), "{when}");
}

#[test]
fn what_is_ours_goes_and_the_others_go_on() {
    let mut stage = stage(3);
    assert_eq!(stage.shown(2), Stage::blocks(&[(NINE, TEN), (NOON, ONE)]));
    let account = stage.accounts[1];
    let begun = json!({"account_id": account, "status": "unlinking"});
    assert_eq!(ask(&mut stage), Some((202, begun.clone())));
    assert_eq!(ask(&mut stage), Some((202, begun)), "a repeat is the same");
    stage.settle();
    left(&stage, "in the end");
    assert_eq!(ask(&mut stage).unwrap().1["status"], "unlinked");
    assert_eq!(stage.shown(2), Stage::blocks(&[(NINE, TEN)]));
    let _ = stage.add(2, "later", NOON, ONE);
    stage.settle();
    assert_eq!(stage.shown(0), Stage::blocks(&[(NOON, ONE)]));
    left_alone(&stage);
    assert_eq!(stage.world.dead_letters(), Vec::<String>::new());
}

/// Nothing is written into the account that left.
fn left_alone(stage: &Stage) {
    assert_eq!(stage.world.overlays(&stage.emails[1]), Vec::<String>::new());
    assert_eq!(stage.world.events(&stage.emails[1]).len(), 1);
}

#[test]
fn an_account_that_was_unlinked_is_linked_again_under_its_id() {
    let mut stage = stage(2);
    let email = stage.emails[1].clone();
    unlink(&mut stage);
    assert_eq!(stage.world.link(&mut stage.person, &email), None, "not before it is through");
    stage.settle();
    left(&stage, "in the end");
    assert_eq!(stage.world.link(&mut stage.person, &email), Some(stage.accounts[1]));
    stage.settle();
    assert_eq!(stage.shown(0), Stage::blocks(&[(NOON, ONE)]));
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}

#[test]
fn in_a_primary_calendar_only_what_is_ours_goes() {
    let mut stage = stage(2);
    let email = stage.emails[1].clone();
    stage.world.link_primary(&mut stage.person, &email).unwrap();
    stage.settle();
    let blocks =
        |stage: &Stage| stage.world.mirrors(&email).iter().filter(|event| event.mark.is_some()).count();
    assert_eq!(blocks(&stage), 1);
    unlink(&mut stage);
    stage.settle();
    assert_eq!(blocks(&stage), 0);
    assert_eq!(stage.world.events(&email).len(), 1);
}

#[test]
fn an_overlay_that_holds_an_event_of_its_owner_stays_with_it() {
    let mut stage = stage(2);
    let (email, overlay) = (stage.emails[1].clone(), stage.overlay(1));
    stage.world.insert(&email, &overlay, &timed("mine", NINE, TEN));
    unlink(&mut stage);
    stage.settle();
    let kept = stage.world.events(&overlay);
    assert_eq!((kept.len(), kept[0]["summary"].as_str()), (1, Some("mine")));
}

#[test]
fn a_grant_that_is_gone_does_not_keep_an_account() {
    let mut stage = stage(2);
    let email = stage.emails[1].clone();
    stage.world.google(|google| google.oauth.revoke(&email, None));
    unlink(&mut stage);
    stage.settle();
    assert_eq!(stage.shown(0), []);
    assert_eq!(ask(&mut stage).unwrap().1["status"], "unlinked");
}

#[test]
fn a_provider_that_fails_only_delays_it() {
    for operation in ["events.list", "batch", "channels.stop", "calendars.delete", "oauth.revoke"] {
        let mut stage = stage(2);
        let effect =
            Effect { status: Some(503), reason: Some("backendError".to_owned()), ..Effect::default() };
        stage.world.google(|google| google.faults.push(Fault::on(operation, 2, effect)));
        unlink(&mut stage);
        stage.settle();
        left(&stage, operation);
    }
}

#[test]
fn an_object_that_was_away_when_its_owner_asked_is_told_later() {
    let mut stage = stage(2);
    let account = stage.accounts[1].to_string();
    stage.world.cut_off(&account);
    assert_eq!(ask(&mut stage).unwrap().0, 503);
    stage.world.reach_all();
    stage.settle();
    stage.world.run_cron();
    stage.settle();
    left(&stage, "without being asked again");
}

#[test]
fn maintenance_that_is_under_way_delays_it_until_its_own_end() {
    let mut stage = stage(2);
    let email = stage.emails[1].clone();
    stage.world.link(&mut stage.person, &email).unwrap();
    stage.world.hold("put_calendars", Side::Before);
    stage.run_until(|stage| stage.world.held() == 1);
    unlink(&mut stage);
    stage.world.settle(1_000);
    stage.world.resume();
    stage.settle();
    left(&stage, "in the end");
}

#[test]
fn a_crash_at_any_effect_does_not_keep_an_account() {
    for side in [Side::Before, Side::After] {
        let mut crashes = 0;
        for effect in 0.. {
            let mut stage = stage(2);
            stage.world.crash_at(effect, side);
            unlink(&mut stage);
            stage.settle();
            left(&stage, &format!("crash {side:?} effect {effect}"));
            if stage.world.no_crash() {
                break;
            }
            crashes += 1;
        }
        assert!(crashes > 15, "only {crashes} effects");
    }
}

#[test]
fn losing_everything_in_memory_and_on_its_way_does_not_keep_an_account() {
    for steps in 0..25 {
        let mut stage = stage(2);
        unlink(&mut stage);
        for _ in 0..steps {
            if !stage.world.step() {
                stage.world.advance_millis(1_000);
            }
        }
        stage.world.restart(true);
        stage.settle();
        left(&stage, &format!("killed after {steps} steps"));
    }
}
