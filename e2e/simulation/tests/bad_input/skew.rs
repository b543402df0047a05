//! Our clock ten minutes ahead of the provider's, and ten behind.

use serde_json::json;
use tminus_simulation::Stage;
use tminus_simulation::stage::second_calendar;
use tminus_simulation::world::World;

use crate::support::{nothing_is_left, shows, slot};

const TEN_MINUTES_MS: i64 = 600_000;
const SKEWS: [i64; 2] = [TEN_MINUTES_MS, -TEN_MINUTES_MS];

/// Two accounts, linked and settled while the clocks disagree.
fn settled(seed: u64, skew: i64) -> Stage {
    let world = World::new(seed);
    world.skew_provider_ms(skew);
    let emails: Vec<String> = (0..2).map(|at| format!("account{at}@example.com")).collect();
    for email in &emails {
        world.person_at_google(email);
        world.calendar_at_google(email, &second_calendar(email));
    }
    let mut person = world.sign_in(&emails[0]);
    let accounts = emails.iter().map(|email| world.link(&mut person, email).unwrap()).collect();
    let mut stage = Stage { world, person, emails, accounts };
    stage.settle();
    stage
}

#[test]
fn people_sign_in_link_and_see_their_blocks() {
    for skew in SKEWS {
        let mut stage = settled(401, skew);
        let (start, end) = slot(0);
        let id = stage.add(0, "made", &start, &end);
        stage.world.settle(1_000);
        assert!(shows(&stage, 1, 0), "{skew}: within a second");
        let (start, end) = slot(1);
        stage.shift(0, &id, &start, &end);
        stage.world.settle(1_000);
        assert!(shows(&stage, 1, 1), "{skew}: within a second");
        let email = stage.emails[0].clone();
        stage.world.delete(&email, &email, &id);
        stage.settle();
        assert_eq!(stage.shown(1), [], "{skew}");
        nothing_is_left(&stage);
    }
}

/// Tokens last as long as the provider says from now on, whatever its clock shows: none is used past its end.
#[test]
fn access_tokens_are_refreshed_before_they_end() {
    for skew in SKEWS {
        let mut stage = settled(402, skew);
        let refused = |stage: &Stage| {
            let failures = stage.world.google(|google| google.counters.failures.clone());
            failures
                .into_iter()
                .filter(|(name, _)| name.ends_with(" 401"))
                .map(|(_, count)| count)
                .sum::<u64>()
        };
        for nth in 0..6 {
            let (start, end) = slot(nth);
            let _ = stage.add(0, "made", &start, &end);
            stage.settle();
            assert!(shows(&stage, 1, nth));
            stage.world.advance_millis(59 * 60_000);
        }
        assert_eq!(refused(&stage), 0, "{skew}: a token was used that had ended");
    }
}

/// A channel's end is told by the provider's clock, a day before which it is replaced by ours.
#[test]
fn channels_are_replaced_before_they_end() {
    for skew in SKEWS {
        let mut stage = settled(403, skew);
        for nth in 0..15 {
            let (start, end) = slot(nth);
            let _ = stage.add(0, "pushed", &start, &end);
            stage.world.settle(10_000);
            assert!(shows(&stage, 1, nth), "{skew}: no push on day {nth}");
            for _ in 0..4 {
                stage.world.advance_millis(6 * 3_600_000 - 2_500);
                stage.world.run_cron();
                stage.world.settle(1_000);
            }
        }
    }
}

/// What a hand changed is compared by the provider's times alone: it is undone, and an echo is no change.
#[test]
fn echoes_and_edits_by_hand_are_told_apart() {
    for skew in SKEWS {
        let mut stage = settled(404, skew);
        let (start, end) = slot(0);
        let _ = stage.add(0, "made", &start, &end);
        stage.settle();
        let writes = stage.world.writes();
        stage.world.push_all();
        stage.settle();
        assert_eq!(stage.world.writes(), writes, "{skew}: an echo was taken for a change");
        let (email, overlay) = (stage.emails[1].clone(), stage.overlay(1));
        let id = stage.world.events(&overlay)[0]["id"].as_str().unwrap().to_owned();
        let patch = json!({"end": {"dateTime": slot(1).1}});
        stage.world.patch(&email, &overlay, &id, &patch).unwrap();
        stage.settle();
        assert!(shows(&stage, 1, 0), "{skew}: an edit by hand was taken for old news");
    }
}

/// A cursor, a lease and a page carry no clock of the provider's: a calendar fetched wholly stays as it is.
#[test]
fn a_full_run_changes_nothing() {
    for skew in SKEWS {
        let mut stage = settled(405, skew);
        let (start, end) = slot(0);
        let _ = stage.add(0, "made", &start, &end);
        stage.settle();
        let events = stage.graph("/* e */ SELECT * FROM canonical_events");
        let calendar = stage.primary(0);
        let level = tminus_domain::dirty::DirtyLevel::Full;
        let full = tminus_account::contract::MarkDirty { calendar, level };
        stage.world.call(&stage.accounts[0].to_string(), &full).unwrap();
        stage.settle();
        assert_eq!(stage.graph("/* e */ SELECT * FROM canonical_events"), events);
    }
}
