//! Rules 12 and 29: an account is unlinked, whatever happens on the way, and may be linked again.

use serde_json::{Value, json};
use tminus_ports::ObjectClass;
use tminus_simulation::Stage;
use tminus_simulation::world::Side;

use crate::support::{EVENTS, NINE, NOON, ONE, TEN};

/// Two accounts, each with an event that the other shows.
fn linked(seed: u64) -> Stage {
    let mut stage = Stage::settled(seed, 2);
    let _ = stage.add(0, "of the first", NINE, TEN);
    let _ = stage.add(1, "of the second", NOON, ONE);
    stage.settle();
    assert_eq!(stage.shown(0), Stage::blocks(&[(NOON, ONE)]));
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
    stage
}

fn unlink(stage: &mut Stage) -> Option<u16> {
    let account = stage.accounts[1];
    stage.world.unlink(&mut stage.person, account)
}

/// What the object of the second account still holds, table by table.
fn rows_left(stage: &Stage) -> Vec<String> {
    let object = format!("ACCOUNT {} ", stage.accounts[1]);
    let state = stage.world.state().into_iter();
    state.filter_map(|row| row.strip_prefix(&object).map(str::to_owned)).collect()
}

fn is_of_a_tombstone(row: &str) -> bool {
    row.starts_with("tombstone ") || row.starts_with("schema_version ")
}

/// The account is gone everywhere, and its owner's calendars are as they were.
fn is_unlinked(stage: &Stage, when: &str) {
    let email = &stage.emails[1];
    assert_eq!(stage.world.overlays(email), Vec::<String>::new(), "{when}: the overlay is there");
    assert_eq!(stage.shown(0), [], "{when}: its events are blocked elsewhere");
    let events = stage.graph(EVENTS);
    assert!(events.iter().all(|event| !event.contains("of the second")), "{when}: {events:?}");
    let titles: Vec<_> =
        stage.world.events(email).into_iter().map(|event| event["summary"].clone()).collect();
    assert_eq!(titles, [json!("of the second")], "{when}: its owner's events are not as they were");
    let channels = stage
        .world
        .google(|google| google.channels.values().filter(|channel| channel.email == *email).count());
    assert_eq!(channels, 0, "{when}: channels are open");
    let left = rows_left(stage);
    assert!(left.iter().all(|row| is_of_a_tombstone(row)), "{when}: {left:#?}");
    assert!(!left.iter().any(|row| row.contains("example.com")), "{when}: {left:?}");
    let registry = stage.world.state();
    let mut line = registry.iter().filter(|row| row.starts_with("registry accounts "));
    let line = line.find(|row| row.contains(&stage.accounts[1].to_string())).unwrap();
    assert!(line.contains("unlinked") && !line.contains(email.as_str()), "{when}: {line}");
}

#[test]
fn rule_29_unlinking_leaves_nothing_but_a_tombstone() {
    let mut stage = linked(29);
    assert_eq!(unlink(&mut stage), Some(202));
    stage.settle();
    is_unlinked(&stage, "in the end");
    assert_eq!(stage.world.dead_letters(), Vec::<String>::new());
}

#[test]
fn rule_29_a_crash_at_any_effect_of_unlinking_heals() {
    for side in [Side::Before, Side::After] {
        let mut crashes = 0;
        for effect in 0.. {
            let mut stage = linked(29);
            stage.world.crash_at(effect, side);
            let mut answer = unlink(&mut stage);
            if answer.is_none_or(|status| status >= 500) {
                // The person asks again.
                answer = unlink(&mut stage);
            }
            assert_eq!(answer, Some(202), "crash {side:?} effect {effect}");
            stage.settle();
            is_unlinked(&stage, &format!("crash {side:?} effect {effect}"));
            if stage.world.no_crash() {
                break;
            }
            crashes += 1;
        }
        assert!(crashes > 20, "only {crashes} effects");
    }
}

/// All messages are lost again and again: the object's timer is what drives it.
#[test]
fn rule_29_unlinking_goes_on_when_all_messages_are_lost() {
    let mut stage = linked(29);
    assert_eq!(unlink(&mut stage), Some(202));
    for _ in 0..6 {
        stage.world.restart(true);
        stage.run_until_queued("BACKFILL_QUEUE");
    }
    stage.settle();
    is_unlinked(&stage, "in the end");
}

/// Blocks stand in the primary calendar, and a write is on its way when the account is unlinked: it arrives late, as
/// late as a call can. Nothing is purged before, so it is found and removed.
#[test]
fn rule_29_a_write_that_was_under_way_is_waited_for() {
    let mut stage = linked(29);
    let email = stage.emails[1].clone();
    assert_eq!(stage.world.link_primary(&mut stage.person, &email), Some(stage.accounts[1]));
    stage.settle();
    let _ = stage.add(0, "late", "2026-02-03T09:00:00Z", "2026-02-03T10:00:00Z");
    stage.run_until_queued("MIRROR_QUEUE");
    stage.world.hold("batch", Side::Before);
    stage.deliver_first("MIRROR_QUEUE");
    assert_eq!(stage.world.held(), 1);
    let sent = stage.world.now();
    assert_eq!(unlink(&mut stage), Some(202));
    stage.run_until(|stage| {
        let step = stage.account(1, "/* s */ SELECT 1 FROM account WHERE unlink_step = 'closing'");
        !step.is_empty() || stage.world.now().millis() - sent.millis() > 40_000
    });
    stage.world.resume();
    stage.settle();
    is_unlinked(&stage, "after a late write");
}

/// The first look at the calendar shows none of our events, since lists lag: it takes two to believe it.
#[test]
fn rule_29_one_empty_list_does_not_end_the_purge() {
    let mut stage = linked(29);
    let email = stage.emails[1].clone();
    assert_eq!(stage.world.link_primary(&mut stage.person, &email), Some(stage.accounts[1]));
    stage.settle();
    assert_eq!(stage.world.events(&email).len(), 2, "a block in the primary calendar");
    let mut looks = 0;
    stage.world.tamper(move |operation, answer| {
        let (true, Ok(answer)) = (operation == "events.list", answer) else { return };
        let mut list: Value = serde_json::from_slice(&answer.body).unwrap();
        if looks < 2 {
            list["items"].as_array_mut().unwrap().retain(|item| !item.to_string().contains("tminus.mark"));
            answer.body = serde_json::to_vec(&list).unwrap();
        }
        // One list of each of the two calendars.
        looks += 1;
    });
    assert_eq!(unlink(&mut stage), Some(202));
    stage.settle();
    stage.world.no_tamper();
    is_unlinked(&stage, "after an empty list");
}

/// A chunk of the account is on its way into the graph, and arrives when the graph has forgotten the account.
#[test]
fn rule_29_the_graph_refuses_what_still_comes_of_the_account() {
    let mut stage = linked(29);
    let email = stage.emails[1].clone();
    let late = stage.add(1, "late", "2026-02-03T09:00:00Z", "2026-02-03T10:00:00Z");
    stage.run_until_queued("DELTA_QUEUE");
    stage.world.hold("apply_chunk", Side::Before);
    stage.deliver_first("DELTA_QUEUE");
    assert_eq!(unlink(&mut stage), Some(202));
    stage.run_until(|stage| stage.graph("/* l */ SELECT 1 FROM linked_accounts").len() == 1);
    stage.world.resume();
    stage.settle();
    stage.world.delete(&email, &email, &late);
    stage.lose_pushes();
    is_unlinked(&stage, "after a late chunk");
    for (binding, text) in stage.world.delivered() {
        stage.world.redeliver(binding, text);
    }
    stage.settle();
    is_unlinked(&stage, "after every message again");
}

/// The owner took the grant away first: nothing can be tidied up there, the rest is done all the same.
#[test]
fn rule_29_a_grant_that_is_gone_does_not_hold_up_the_end() {
    let mut stage = linked(29);
    let email = stage.emails[1].clone();
    stage.world.google(|google| google.oauth.revoke(&email, None));
    assert_eq!(unlink(&mut stage), Some(202));
    stage.settle();
    let left = rows_left(&stage);
    assert!(left.iter().all(|row| is_of_a_tombstone(row)), "{left:#?}");
    assert_eq!(stage.shown(0), []);
}

/// Linking again during the unlink is refused, and works once it is done.
#[test]
fn rule_29_linking_again_waits_for_the_end() {
    let mut stage = linked(29);
    let email = stage.emails[1].clone();
    assert_eq!(unlink(&mut stage), Some(202));
    stage.world.advance_millis(1_000);
    assert_eq!(stage.world.link(&mut stage.person, &email), None);
    stage.settle();
    is_unlinked(&stage, "in the end");
    let again = stage.world.link(&mut stage.person, &email).expect("a link");
    stage.accounts[1] = again;
    stage.settle();
    assert_eq!(stage.shown(0), Stage::blocks(&[(NOON, ONE)]));
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}

/// The account's object begins anew, and what it fetches must not be taken for old.
#[test]
fn rule_12_generations_survive_an_unlink() {
    let mut stage = linked(12);
    let email = stage.emails[1].clone();
    for _ in 0..3 {
        crate::support::mark(&stage, 1, stage.primary(1), tminus_domain::dirty::DirtyLevel::Full);
        stage.settle();
    }
    let generation: u32 = stage.of_calendar(1, "PRIMARY", "generation").parse().unwrap();
    assert_eq!(unlink(&mut stage), Some(202));
    stage.settle();
    let account = stage.accounts[1];
    let again = stage.world.link(&mut stage.person, &email).expect("a link");
    if again == account {
        stage.settle();
        assert!(stage.of_calendar(1, "PRIMARY", "generation").parse::<u32>().unwrap() > generation);
    } else {
        let tombstone = stage.world.rows(
            ObjectClass::Account,
            &account.to_string(),
            "/* t */ SELECT CAST(generation AS TEXT) FROM tombstone",
        );
        assert!(tombstone[0].get::<String>(0).unwrap().parse::<u32>().unwrap() >= generation);
        stage.accounts[1] = again;
        stage.settle();
    }
    assert_eq!(stage.shown(0), Stage::blocks(&[(NOON, ONE)]));
}

/// Delivers the first message that maintains the second account.
fn maintain_the_second(stage: &mut Stage) {
    let second = stage.accounts[1].to_string();
    let asks = |text: &str| text.contains(r#""kind":"maintain""#) && text.contains(&second);
    let message = stage.world.waiting().into_iter().find(|message| asks(&message.text)).unwrap();
    stage.world.deliver(message.seq);
}

/// The first maintenance dies between making the overlay and learning its id, and the account is unlinked before the
/// next: the calendar is there, and nobody has written its id down.
#[test]
fn rule_29_an_overlay_that_was_being_made_is_removed_too() {
    let mut stage = Stage::linked(29, 2);
    stage.world.crash_on("calendars.insert", Side::After);
    maintain_the_second(&mut stage);
    assert_eq!(stage.world.overlays(&stage.emails[1]).len(), 1);
    assert_eq!(unlink(&mut stage), Some(202));
    stage.settle();
    assert_eq!(stage.world.overlays(&stage.emails[1]), Vec::<String>::new());
    let left = rows_left(&stage);
    assert!(left.iter().all(|row| is_of_a_tombstone(row)), "{left:#?}");
}

/// Maintenance is under way when the account is unlinked, and goes on afterwards. What is left in the end: overlays,
/// rows of the object, calendars in the graph, channels.
fn left_by_maintenance(effect: &str, side: Side, cron: bool) -> (usize, usize, usize, usize) {
    let mut stage = Stage::linked(29, 2);
    stage.world.hold(effect, side);
    maintain_the_second(&mut stage);
    assert_eq!(stage.world.held(), 1, "{effect}");
    assert_eq!(unlink(&mut stage), Some(202));
    stage.world.settle(8_000);
    stage.world.resume();
    stage.settle();
    if cron {
        stage.world.run_cron();
        stage.settle();
    }
    let calendars = format!("/* c */ SELECT 1 FROM calendars WHERE account_id = '{}'", stage.accounts[1]);
    let email = stage.emails[1].clone();
    let channels = stage
        .world
        .google(|google| google.channels.values().filter(|channel| channel.email == email).count());
    (
        stage.world.overlays(&email).len(),
        rows_left(&stage).iter().filter(|row| !is_of_a_tombstone(row)).count(),
        stage.graph(&calendars).len(),
        channels,
    )
}

const MAINTENANCE: &[(&str, Side)] = &[
    ("calendarList.list", Side::After),
    ("overlay_creating", Side::Before),
    ("calendars.insert", Side::Before),
    ("calendars.insert", Side::After),
    ("overlay_ready", Side::Before),
    ("put_calendars", Side::Before),
    ("put_calendars", Side::After),
    ("events.watch", Side::Before),
    ("channel_opened", Side::Before),
    ("end_maintenance", Side::Before),
    ("end_maintenance", Side::After),
];

#[test]
fn rule_29_maintenance_that_is_under_way_brings_nothing_back() {
    for (effect, side) in MAINTENANCE {
        assert_eq!(left_by_maintenance(effect, *side, true), (0, 0, 0, 0), "{effect} {side:?}");
    }
}

#[test]
fn rule_29_the_end_of_maintenance_does_not_end_the_unlink() {
    for (effect, side) in MAINTENANCE {
        assert_eq!(left_by_maintenance(effect, *side, false), (0, 0, 0, 0), "{effect} {side:?}");
    }
}
