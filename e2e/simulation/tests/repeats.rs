//! Everything may arrive twice: each message, each command of each object.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

use serde_json::json;
use tminus_ports::ObjectClass;
use tminus_simulation::Stage;
use tminus_simulation::stage::timed;
use tminus_simulation::world::Repeat;

const NINE: &str = "2026-02-02T09:00:00Z";
const TEN: &str = "2026-02-02T10:00:00Z";
const NOON: &str = "2026-02-02T12:00:00Z";

/// A first sync, an event made, moved and deleted, a refused token, an expired cursor, a failed list, a new channel.
fn life(stage: &mut Stage, mut go_on: impl FnMut(&mut Stage)) {
    let email = stage.emails[0].clone();
    go_on(stage);
    // A page that does not fit one message. Their owner is free: no block shows.
    for _ in 0..9 {
        let mut long = timed("long", NINE, TEN);
        long["description"] = json!("x".repeat(15_000));
        long["transparency"] = json!("transparent");
        stage.world.insert(&email, &email, &long);
    }
    go_on(stage);
    let kept = stage.world.insert(&email, &email, &timed("kept", NINE, TEN));
    let event = stage.world.insert(&email, &email, &timed("secret", NINE, TEN));
    go_on(stage);
    let id = event["id"].as_str().unwrap();
    stage.world.patch(&email, &email, id, &json!({"end": {"dateTime": NOON}})).unwrap();
    stage.world.google(|google| google.expire_access_tokens(&email));
    go_on(stage);
    stage.world.delete(&email, &email, id);
    for push in stage.world.pushes() {
        stage.world.lose_push(push);
    }
    stage.world.google(|google| google.expire_sync_tokens(&email));
    stage.world.patch(&email, &email, kept["id"].as_str().unwrap(), &json!({"summary": "kept too"})).unwrap();
    go_on(stage);
    // A week later the channels have to be replaced.
    stage.world.advance_millis(6 * 86_400_000 + 3_600_000);
    stage.world.run_cron();
    go_on(stage);
    stage.world.redeliver("SYNC_QUEUE", "no message".to_owned());
    go_on(stage);
}

fn doubled() -> Vec<Repeat> {
    let mut stage = Stage::linked(5, 2);
    stage.world.double_commands();
    life(&mut stage, Stage::settle);
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
    stage.world.repeats()
}

fn twice_is_once(class: ObjectClass, name: &str) {
    let repeats: Vec<_> =
        doubled().into_iter().filter(|repeat| repeat.class == class && repeat.name == name).collect();
    assert!(!repeats.is_empty(), "{name} was never sent");
    for repeat in repeats {
        assert_eq!(repeat.changed, Vec::<String>::new(), "{name} twice is not once");
    }
}

macro_rules! commands {
    ($($test:ident: $class:ident $name:literal;)*) => {$(
        #[test]
        fn $test() {
            twice_is_once(ObjectClass::$class, $name);
        }
    )*};
}

commands! {
    mark_dirty_twice_is_once: Account "mark_dirty";
    page_fetched_twice_is_once: Account "page_fetched";
    chunk_applied_twice_is_once: Account "chunk_applied";
    commit_run_twice_is_once: Account "commit_run";
    run_failed_twice_is_once: Account "run_failed";
    begin_write_twice_is_once: Account "begin_write";
    end_write_twice_is_once: Account "end_write";
    begin_maintenance_twice_is_once: Account "begin_maintenance";
    overlay_creating_twice_is_once: Account "overlay_creating";
    overlay_ready_twice_is_once: Account "overlay_ready";
    put_calendars_twice_is_once: Account "put_calendars";
    channel_opened_twice_is_once: Account "channel_opened";
    channel_closed_twice_is_once: Account "channel_closed";
    end_maintenance_twice_is_once: Account "end_maintenance";
    store_unroutable_twice_is_once: Account "store_unroutable";
    put_graph_calendars_twice_is_once: UserGraph "put_calendars";
    apply_chunk_twice_is_once: UserGraph "apply_chunk";
    conclude_full_run_twice_is_once: UserGraph "conclude_full_run";
    claim_mirrors_twice_is_once: UserGraph "claim_mirrors";
    settle_mirrors_twice_is_once: UserGraph "settle_mirrors";
}

/// A series with an exception, one that is moved and cut, an invitation to one occurrence, a declined meeting, hands on
/// instances in an overlay.
fn series(stage: &mut Stage) {
    let emails = stage.emails.clone();
    let at = |time: &str| json!({"dateTime": time, "timeZone": "Europe/Berlin"});
    let daily = json!({
        "summary": "secret", "start": at("2026-02-02T09:00:00"), "end": at("2026-02-02T10:00:00"),
        "recurrence": ["RRULE:FREQ=DAILY;COUNT=4"],
    });
    let (organizer, guest) = (emails[0].clone(), emails[1].clone());
    stage.settle();
    let id = stage.world.insert(&organizer, &organizer, &daily)["id"].as_str().unwrap().to_owned();
    let second = format!("{id}_20260203T080000Z");
    stage.world.google(|google| google.move_by(&organizer, &second, 120)).unwrap();
    stage.settle();
    stage.world.google(|google| google.invite_to_instance(&organizer, &second, &guest)).unwrap();
    stage.settle();
    let meeting =
        stage.world.google(|google| google.invite(&organizer, &[&guest], daily.as_object().unwrap()));
    stage.settle();
    let meeting = meeting.unwrap().stored.text("id").unwrap().to_owned();
    stage.world.google(|google| google.respond(&guest, &meeting, "declined")).unwrap();
    stage.settle();
    let overlay = stage.overlay(1);
    let mirror = stage.world.contents(&overlay).series[0]["id"].as_str().unwrap().to_owned();
    stage.world.delete(&guest, &overlay, &format!("{mirror}_20260204T080000Z"));
    stage.settle();
    stage.world.google(|google| google.move_by(&organizer, &id, 60)).unwrap();
    stage.world.patch(&organizer, &organizer, &meeting, &json!({"recurrence": ["RRULE:FREQ=DAILY;COUNT=2"]}));
    stage.settle();
    stage.world.google(|google| google.expire_sync_tokens(&overlay));
    stage.world.delete(&organizer, &organizer, &id);
    stage.settle();
}

macro_rules! commands_of_series {
    ($($test:ident: $class:ident $name:literal;)*) => {$(
        #[test]
        fn $test() {
            let mut stage = Stage::linked(22, 2);
            stage.world.double_commands();
            series(&mut stage);
            let mut repeats = stage.world.repeats();
            repeats.retain(|repeat| repeat.class == ObjectClass::$class && repeat.name == $name);
            assert!(!repeats.is_empty(), "{} was never sent", $name);
            for repeat in repeats {
                assert_eq!(repeat.changed, Vec::<String>::new(), "{} twice is not once", $name);
            }
        }
    )*};
}

commands_of_series! {
    fetch_again_twice_is_once: Account "fetch_again";
    apply_chunk_with_series_twice_is_once: UserGraph "apply_chunk";
    conclude_full_run_with_series_twice_is_once: UserGraph "conclude_full_run";
    claim_mirrors_of_series_twice_is_once: UserGraph "claim_mirrors";
    settle_mirrors_of_series_twice_is_once: UserGraph "settle_mirrors";
}

/// What a life with series leaves behind is the same whether each command is sent once or twice.
#[test]
fn a_life_with_series_is_the_same_with_every_command_twice() {
    let shown = |is_doubled: bool| {
        let mut stage = Stage::linked(22, 2);
        if is_doubled {
            stage.world.double_commands();
        }
        series(&mut stage);
        [0, 1].map(|account| {
            let shown = stage.world.contents(&stage.overlay(account)).shown.into_iter();
            shown.map(|shown| (shown.start, shown.end)).collect::<Vec<_>>()
        })
    };
    let once = shown(false);
    assert_eq!(once[1].len(), 2, "the meeting that was declined, cut to two: {once:?}");
    assert_eq!(shown(true), once);
}

/// The same message fetches its page again, under a higher generation: one run, and nothing but its lease moves.
#[test]
fn begin_run_twice_is_one_run() {
    let run = |row: &String| row.split('"').find(|text| text.starts_with("run_")).map(str::to_owned);
    let repeats: Vec<_> = doubled().into_iter().filter(|repeat| repeat.name == "begin_run").collect();
    assert!(!repeats.is_empty());
    for repeat in repeats {
        assert!(repeat.changed.iter().all(|row| row.starts_with("calendars ")), "{:#?}", repeat.changed);
        if let [before, after] = repeat.changed.as_slice() {
            assert_eq!(run(before), run(after));
        }
    }
}

#[test]
fn linking_twice_is_once() {
    let mut stage = Stage::settled(6, 2);
    let (state, writes) = (stage.world.state(), stage.world.writes());
    let email = stage.emails[1].clone();
    let account = stage.world.link(&mut stage.person, &email).unwrap();
    assert_eq!(account, stage.accounts[1]);
    stage.settle();
    assert_eq!((stage.world.state(), stage.world.writes()), (state, writes));
}

/// Whether another message waits that asks for the same calendar: a repeat may do what that one would.
fn asked_again(stage: &Stage, text: &str) -> bool {
    let calendar = |text: &str| {
        let message: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        message["body"]["calendar"].as_str().map(str::to_owned)
    };
    let own = calendar(text);
    own.is_some()
        && stage.world.waiting().iter().any(|other| {
            matches!(other.binding, "SYNC_QUEUE" | "BACKFILL_QUEUE") && calendar(&other.text) == own
        })
}

/// The rows that a repeat must not change: all but the lease of a calendar whose page is fetched again.
fn rows(stage: &Stage) -> Vec<String> {
    let lease = |line: &String| line.starts_with("ACCOUNT ") && line.contains(" calendars ");
    stage.world.state().into_iter().filter(|line| !lease(line)).collect()
}

/// Every message of these queues is delivered twice in a row; the second time changes nothing.
fn messages_twice(bindings: &[&str]) {
    let mut stage = Stage::linked(7, 2);
    let mut doubled = 0;
    life(&mut stage, |stage| {
        let end = stage.world.now().plus_seconds(3_600);
        loop {
            let first =
                stage.world.waiting().into_iter().find(|message| message.not_before <= stage.world.now());
            if let Some(push) = stage.world.pushes().first() {
                stage.world.deliver_push(*push);
            } else if let Some(message) = first {
                stage.world.deliver(message.seq);
                if !bindings.contains(&message.binding) || asked_again(stage, &message.text) {
                    continue;
                }
                let (state, writes) = (rows(stage), stage.world.writes());
                stage.world.redeliver(message.binding, message.text.clone());
                let again = stage.world.waiting().last().unwrap().seq;
                stage.world.deliver(again);
                let after = rows(stage);
                let new: Vec<_> = after.iter().filter(|line| !state.contains(line)).collect();
                assert!(after == state, "{} changed {new:#?}", message.text);
                assert_eq!(stage.world.writes(), writes, "{}", message.text);
                doubled += 1;
            } else if stage.world.run_alarms() == 0 {
                match stage.world.next_event().filter(|next| *next <= end) {
                    Some(next) => stage.world.advance_millis(next.millis() - stage.world.now().millis()),
                    None => break,
                }
            }
        }
    });
    assert!(doubled > 0);
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}

#[test]
fn sync_messages_twice_are_once() {
    messages_twice(&["SYNC_QUEUE", "BACKFILL_QUEUE"]);
}

#[test]
fn delta_messages_twice_are_once() {
    messages_twice(&["DELTA_QUEUE", "DELTA_BULK_QUEUE"]);
}

#[test]
fn mirror_messages_twice_are_once() {
    messages_twice(&["MIRROR_QUEUE", "MIRROR_BULK_QUEUE"]);
}

#[test]
fn dead_letters_twice_are_once() {
    messages_twice(&["SYNC_DLQ"]);
}
