//! What is read of a range: filters, free and busy, files.

use tminus_domain::event::Status;
use tminus_domain::hours::Zone;
use tminus_domain::ids::CalendarId;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectError;
use tminus_user_graph::contract::{EventCursor, EventPage, ListEvents, ListedEvent};
use tminus_user_graph::reading_contract::{EventFilter, FreeBusy, GetFreeBusy, Indexing};

use super::*;

const RANGE: &str = "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z";

fn start() -> Timestamp {
    Timestamp::parse_rfc3339("2026-01-02T09:00:00Z").unwrap()
}

fn listed(number: u128) -> ListedEvent {
    let content = json!({
        "title": format!("Plan {number}"),
        "when": {"timed": {"start": start(), "end": start().plus_seconds(3_600), "zone": null}},
        "status": "confirmed", "visibility": "default", "transparency": "opaque", "event_type": "default",
        "own_response": "notInvited", "series": "single",
    });
    ListedEvent {
        event: id(number),
        account: id(1),
        calendar: id(2),
        occurrence: None,
        content: serde_json::from_value(content).unwrap(),
        version: 1,
    }
}

/// A signed-in world whose graph lists an event a page, on so many pages.
fn world(pages: u128) -> World {
    let world = World::new();
    world.sign_in("ann");
    world.ports.objects.on(move |_: &str, ask: ListEvents| {
        let number = ask.after.map_or(1, |after| u128::from(after.event.ulid().random() as u64) + 1);
        let cursor = EventCursor { start: start(), event: id(number), occurrence: None };
        Ok(EventPage {
            events: vec![listed(number)],
            next: (number < pages).then_some(cursor),
            search: ask.filter.text.map(|_| Indexing { indexed: 1_000, of: 5_000 }),
        })
    });
    world
}

#[test]
fn a_list_is_of_what_the_filters_say() {
    let world = world(1);
    let (account, other, calendar) = (id::<AccountId>(1), id::<AccountId>(3), id::<CalendarId>(2));
    let filters = format!(
        "account={account},{other}&calendar={calendar}&status=tentative,confirmed&text=Plan+%22a+b%22"
    );
    let answer = world.get(&format!("/v1/events?{RANGE}&{filters}"));
    assert_eq!(json(&answer)["events"], json!([listed(1)]));
    assert_eq!(json(&answer)["search"], json!({"indexed": 1_000, "of": 5_000}));
    let asked = world.ports.objects.sent::<ListEvents>().pop().unwrap().1;
    let expected = EventFilter {
        accounts: vec![account, other],
        calendars: vec![calendar],
        statuses: vec![Status::Tentative, Status::Confirmed],
        text: Some("Plan \"a b\"".to_owned()),
    };
    assert_eq!(asked.filter, expected);
    assert_eq!(json(&world.get(&format!("/v1/events?{RANGE}"))).get("search"), None);
}

#[test]
fn a_filter_that_is_none_is_refused() {
    let world = world(1);
    let long = "x".repeat(201);
    for (field, value) in [
        ("account", "acc_1"),
        ("account", "cal_00000000000000000000000000"),
        ("account", "acc_00000000000000000000000000,"),
        ("calendar", "acc_00000000000000000000000000"),
        ("status", "CONFIRMED"),
        ("status", "confirmed;tentative"),
        ("text", &long),
    ] {
        let answer = world.get(&format!("/v1/events?{RANGE}&{field}={value}"));
        assert_eq!(refusal(&answer), refused(400, "invalid_parameter"), "{field}={value}");
        assert_eq!(json(&answer)["error"]["field"], field);
    }
    assert!(world.ports.objects.sent::<ListEvents>().is_empty());
}

#[test]
fn a_cursor_is_of_all_filters() {
    let world = world(2);
    let filtered = format!("/v1/events?{RANGE}&status=confirmed&text=plan");
    let cursor = json(&world.get(&filtered))["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(world.get(&format!("{filtered}&limit=1&cursor={cursor}")).status, 200);
    for other in
        ["status=confirmed", "text=plan", "status=confirmed&text=plans", "status=tentative&text=plan"]
    {
        let answer = world.get(&format!("/v1/events?{RANGE}&{other}&cursor={cursor}"));
        assert_eq!(refusal(&answer), refused(400, "cursor_of_another_query"), "{other}");
    }
}

#[test]
fn a_search_that_cannot_be_is_told_why() {
    let world = world(1);
    world
        .ports
        .objects
        .on(|_: &str, _: ListEvents| Err(ObjectError::Unfit { reason: "a letter at least".to_owned() }));
    let answer = world.get(&format!("/v1/events?{RANGE}&text=%21"));
    assert_eq!(refusal(&answer), refused(422, "unprocessable"));
    assert_eq!(json(&answer)["error"]["message"], "a letter at least");
}

#[test]
fn a_thousand_years_are_no_range_and_mars_is_no_zone() {
    let world = world(1);
    let years = "from=1026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z";
    for path in ["/v1/events", "/v1/events.ics", "/v1/free-busy"] {
        let answer = world.get(&format!("{path}?{years}"));
        assert_eq!(refusal(&answer), refused(400, "invalid_parameter"), "{path}");
        assert_eq!(json(&answer)["error"]["field"], "to");
    }
    for zone in ["Mars/Olympus", "CEST+2", "europe"] {
        let answer = world.get(&format!("/v1/free-busy?{RANGE}&zone={zone}"));
        assert_eq!(refusal(&answer), refused(400, "invalid_parameter"), "{zone}");
        assert_eq!(json(&answer)["error"]["field"], "zone");
    }
    assert!(world.ports.objects.called().iter().all(|called| !called.command.starts_with("get_free")));
}

#[test]
fn free_and_busy_are_asked_for_as_the_query_says() {
    let world = world(1);
    let empty = json(&world.get(&format!("/v1/free-busy?{RANGE}")));
    assert_eq!(empty, json!({"zone": "UTC", "busy": [], "free": null}), "before the first account");
    let zone: Zone = "Asia/Kathmandu".parse().unwrap();
    let answer = FreeBusy { zone, busy: Vec::new(), free: Some(Vec::new()) };
    world.ports.objects.on(move |_: &str, _: GetFreeBusy| Ok(answer.clone()));
    let account = id::<AccountId>(1);
    let answer = world.get(&format!("/v1/free-busy?{RANGE}&zone=Asia/Kathmandu&account={account}"));
    assert_eq!(json(&answer), json!({"zone": "Asia/Kathmandu", "busy": [], "free": []}));
    let asked = world.ports.objects.sent::<GetFreeBusy>().pop().unwrap().1;
    assert_eq!((asked.zone, asked.accounts), (Some(zone), vec![account]));
}

#[test]
fn a_file_is_whole_or_says_where_it_is_cut() {
    let whole = world(3).get(&format!("/v1/events.ics?{RANGE}"));
    assert_eq!(whole.header("content-type"), Some("text/calendar; charset=utf-8"));
    assert_eq!((text(&whole).matches("BEGIN:VEVENT").count(), whole.header("x-tminus-cut-at")), (3, None));
    let cut = world(1_000).get(&format!("/v1/events.ics?{RANGE}"));
    assert_eq!(text(&cut).matches("BEGIN:VEVENT").count(), 20);
    assert_eq!(cut.header("x-tminus-cut-at"), Some("2026-01-02T09:00:00.000Z"));
    assert!(text(&cut).ends_with("END:VCALENDAR\r\n"));
}

#[test]
fn before_the_first_account_a_file_is_empty() {
    let world = World::new();
    world.sign_in("ann");
    let file = text(&world.get(&format!("/v1/events.ics?{RANGE}")));
    assert!(file.starts_with("BEGIN:VCALENDAR\r\n") && !file.contains("VEVENT"));
}
