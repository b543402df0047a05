use tminus_account::contract::{
    AccountState, AccountStatus, CalendarStatus, GetStatus, MarkDirty, MarkedDirty,
};
use tminus_domain::dirty::{DirtyLevel, Lane};
use tminus_domain::ids::{CalendarId, DeadLetterId};
use tminus_domain::policy::CalendarRole;
use tminus_ports::Clock as _;
use tminus_queues::{SyncMessage, decode};
use tminus_registry::dead_letters::{IndexedLetter, index_dead_letter};

use super::*;

fn calendar(number: u128, role: CalendarRole) -> CalendarStatus {
    CalendarStatus {
        calendar: id(number),
        role,
        state: tminus_account::contract::CalendarState::Fine,
        dirty: DirtyLevel::Clean,
        running: false,
        synced_at: None,
        failures: 0,
        channel_expires_at: None,
    }
}

/// A world with the account 1: its calendars 1 (primary), 2 (overlay), 3 (only read). Calendar 2 needs no nudge.
fn world() -> World {
    let world = World::new();
    world.ports.objects.on(|object: &str, _: GetStatus| {
        if object != id::<AccountId>(1).to_string() {
            return Err(tminus_ports::ObjectError::Gone);
        }
        let roles = [CalendarRole::Primary, CalendarRole::Overlay, CalendarRole::ReadOnly];
        Ok(AccountStatus {
            account: id(1),
            state: AccountState::Active,
            overlay_ready: true,
            calendars: (1..).zip(roles).map(|(number, role)| calendar(number, role)).collect(),
            dead_letters: 0,
        })
    });
    world.ports.objects.on(|_: &str, mark: MarkDirty| {
        let lane = if mark.level == DirtyLevel::Full { Lane::Bulk } else { Lane::Live };
        Ok(MarkedDirty { nudge: (mark.calendar != id::<CalendarId>(2)).then_some(lane) })
    });
    world
}

fn target(number: u128, what: &str) -> String {
    format!("/v1/admin/accounts/{}/{what}", id::<AccountId>(number))
}

#[test]
fn admin_routes_need_one_of_the_tokens() {
    let world = world();
    let with = |value: Option<&str>| {
        let mut request = World::request("GET", &target(1, "status"));
        request.headers.extend(value.map(|value| ("authorization".to_owned(), value.to_owned())));
        world.send(request)
    };
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(ADMIN));
    let hash = format!("Bearer {hash}");
    for value in
        [None, Some(""), Some("Bearer"), Some("Bearer "), Some("Bearer wrong"), Some("Basic operator-token")]
            .into_iter()
            .chain([Some(hash.as_str())])
    {
        let answer = with(value);
        assert_eq!(refusal(&answer), refused(401, "unauthenticated"), "{value:?}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    for value in ["Bearer operator-token", "bearer older-token"] {
        assert_eq!(with(Some(value)).status, 200, "{value}");
    }
    world.sign_in("ann");
    assert_eq!(refusal(&world.get(&target(1, "status"))), refused(401, "unauthenticated"));
}

#[test]
fn a_resync_marks_what_is_watched_and_nudges_where_it_must() {
    let world = world();
    let answer = world.admin("POST", &target(1, "resync"), r#"{"level":"full"}"#);
    assert_eq!((answer.status, text(&answer).as_str()), (202, r#"{"marked":2,"nudged":1}"#));
    let marked: Vec<MarkDirty> = world.ports.objects.sent().into_iter().map(|(_, mark)| mark).collect();
    let mark = |number| MarkDirty { calendar: id(number), level: DirtyLevel::Full };
    assert_eq!(marked, [mark(1), mark(2)]);
    let nudges = world.ports.queues.take();
    let [("BACKFILL_QUEUE", nudge)] = nudges.as_slice() else { panic!("one nudge on the bulk lane") };
    let expected = SyncMessage::Calendar { account: id(1), calendar: id(1), mark: None };
    assert_eq!(decode::<SyncMessage>(nudge).unwrap().body, expected);
}

#[test]
fn a_resync_of_one_calendar_goes_by_the_lane_that_the_object_names() {
    let world = world();
    let body = format!(r#"{{"level":"incremental","calendar":"{}"}}"#, id::<CalendarId>(1));
    let answer = world.admin("POST", &target(1, "resync"), &body);
    assert_eq!(text(&answer), r#"{"marked":1,"nudged":1}"#);
    assert_eq!(world.ports.queues.on("SYNC_QUEUE").len(), 1);
}

#[test]
fn a_resync_that_makes_no_sense_is_refused() {
    let world = world();
    let unknown = format!(r#"{{"level":"full","calendar":"{}"}}"#, id::<CalendarId>(9));
    let cases = [
        (1, "", 400, "body_invalid"),
        (1, "{}", 400, "body_invalid"),
        (1, r#"{"level":"clean"}"#, 400, "body_invalid"),
        (1, r#"{"level":"full","planted":1}"#, 400, "body_invalid"),
        (1, r#"{"level":"full","calendar":"planted@example.com"}"#, 400, "body_invalid"),
        (1, unknown.as_str(), 404, "not_found"),
        (2, r#"{"level":"full"}"#, 404, "not_found"),
    ];
    for (number, body, status, code) in cases {
        let answer = world.admin("POST", &target(number, "resync"), body);
        assert_eq!(refusal(&answer), refused(status, code), "{body}");
    }
    let mut form = World::request("POST", &target(1, "resync"));
    form.headers = vec![
        ("authorization".to_owned(), format!("Bearer {ADMIN}")),
        ("content-type".to_owned(), "text/plain".to_owned()),
    ];
    form.body = br#"{"level":"full"}"#.to_vec();
    assert_eq!(refusal(&world.send(form)), refused(415, "unsupported_media_type"));
    assert!(world.ports.objects.sent::<MarkDirty>().is_empty() && world.ports.queues.take().is_empty());
}

#[test]
fn maintenance_is_nudged_for_an_account_that_exists() {
    let world = world();
    assert_eq!(text(&world.admin("POST", &target(1, "maintain"), "")), r#"{"nudged":1}"#);
    let nudges = world.ports.queues.on("BACKFILL_QUEUE");
    assert_eq!(decode::<SyncMessage>(&nudges[0]).unwrap().body, SyncMessage::Maintain { account: id(1) });
    assert_eq!(refusal(&world.admin("POST", &target(2, "maintain"), "")), refused(404, "not_found"));
}

#[test]
fn an_operator_sees_accounts_and_users() {
    let world = world();
    let status = json(&world.admin("GET", &target(1, "status"), ""));
    assert_eq!(
        (&status["state"], &status["calendars"][1]["role"]),
        (&"active".into(), &"BUSY_OVERLAY".into())
    );
    let user = world.sign_in("ann");
    let nobody = format!("/v1/admin/users/{user}/status");
    assert_eq!(refusal(&world.admin("GET", &nobody, "")), refused(404, "not_found"));
    world.linked("work");
    let status = json(&world.admin("GET", &nobody, ""));
    assert_eq!(status["accounts"][0]["email"], "work@example.com");
}

#[test]
fn dead_letters_of_all_and_of_none_are_listed() {
    let world = world();
    let letter = IndexedLetter {
        letter: id::<DeadLetterId>(1),
        object: "acc_unroutable".to_owned(),
        queue: "tminus-sync".to_owned(),
        reason: "undecodable".to_owned(),
        created_at: world.ports.now(),
    };
    block_on(index_dead_letter(&world.ports, &letter)).unwrap();
    let all = json(&world.admin("GET", "/v1/admin/dead_letters", ""));
    assert_eq!(all["dead_letters"][0]["account_id"], "acc_unroutable");
    let none = world.admin("GET", "/v1/admin/accounts/acc_unroutable/dead_letters", "");
    assert_eq!(text(&none), r#"{"account_id":"acc_unroutable","reachable":true,"dead_letters":[]}"#);
    assert_eq!(refusal(&world.admin("GET", &target(2, "dead_letters"), "")), refused(404, "not_found"));
}
