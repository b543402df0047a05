use std::rc::Rc;

use tminus_domain::ids::EventId;
use tminus_domain::time::Timestamp;
use tminus_user_graph::contract::{EventCursor, EventPage, ListEvents};
use tminus_user_graph::reading_contract::EventFilter;

use super::*;

const RANGE: &str = "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00%2B01:00";

/// A signed-in world whose graph answers every list with a next page, and what the graph was asked.
fn world() -> (World, Rc<RefCell<Vec<ListEvents>>>) {
    let world = World::new();
    world.sign_in("ann");
    let asked: Rc<RefCell<Vec<ListEvents>>> = Rc::default();
    let record = Rc::clone(&asked);
    world.ports.objects.on(move |_: &str, ask: ListEvents| {
        record.borrow_mut().push(ask);
        let next = EventCursor {
            start: Timestamp::parse_rfc3339("2026-01-02T00:00:00.000Z").unwrap(),
            event: id::<EventId>(5),
            occurrence: None,
        };
        Ok(EventPage { events: Vec::new(), next: Some(next), search: None })
    });
    (world, asked)
}

fn next(answer: &ApiResponse) -> String {
    json(answer)["next_cursor"].as_str().unwrap().to_owned()
}

#[test]
fn a_list_is_asked_for_as_the_query_says() {
    let (world, asked) = world();
    assert_eq!(world.get(&format!("/v1/events?{RANGE}&limit=7")).status, 200);
    let time = |text| Timestamp::parse_rfc3339(text).unwrap();
    let expected = ListEvents {
        from: time("2026-01-01T00:00:00Z"),
        to: time("2026-01-31T23:00:00Z"),
        filter: EventFilter::default(),
        limit: 7,
        after: None,
    };
    assert_eq!(*asked.borrow(), [expected]);
    // A `+` that was not encoded arrives as a blank.
    world.get("/v1/events?from=2026-01-01T00:00:00+01:00&to=2026-01-02T00:00:00Z");
    let last = asked.borrow().last().cloned().unwrap();
    assert_eq!((last.from, last.limit), (time("2025-12-31T23:00:00Z"), 100));
}

#[test]
fn a_cursor_continues_its_query() {
    let (world, asked) = world();
    let cursor = next(&world.get(&format!("/v1/events?{RANGE}")));
    assert!(cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    assert_eq!(world.get(&format!("/v1/events?{RANGE}&limit=3&cursor={cursor}")).status, 200);
    let after = asked.borrow().last().unwrap().after.unwrap();
    assert_eq!((after.start.to_rfc3339().as_str(), after.event), ("2026-01-02T00:00:00.000Z", id(5)));
}

#[test]
fn a_cursor_of_another_query_or_user_is_refused() {
    let (world, asked) = world();
    let cursor = next(&world.get(&format!("/v1/events?{RANGE}")));
    let other = RANGE.replace("01-01", "01-02");
    let bob = format!("/v1/admin/users/{}/events?{RANGE}&cursor={cursor}", id::<UserId>(77));
    for answer in [world.get(&format!("/v1/events?{other}&cursor={cursor}")), world.admin("GET", &bob, "")] {
        assert_eq!(refusal(&answer), refused(400, "cursor_of_another_query"));
        assert_eq!(json(&answer)["error"]["field"], "cursor");
    }
    for malformed in [format!("{cursor}x"), "%21".to_owned(), "A".repeat(2000)] {
        let answer = world.get(&format!("/v1/events?{RANGE}&cursor={malformed}"));
        assert_eq!(refusal(&answer), refused(400, "cursor_invalid"));
    }
    assert_eq!(asked.borrow().len(), 1);
}

#[test]
fn ranges_and_limits_are_bounded() {
    let (world, asked) = world();
    let good = [
        "from=2026-01-01T00:00:00Z&to=2027-02-05T00:00:00Z&limit=500",
        "from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00.001Z&limit=1",
    ];
    for query in good {
        assert_eq!(world.get(&format!("/v1/events?{query}")).status, 200, "{query}");
    }
    let bad = [
        "",
        "from=2026-01-01T00:00:00Z",
        "from=planted&to=2026-01-01T00:00:00Z",
        "from=2026-01-01&to=2026-01-02",
        "from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
        "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
        "from=2026-01-01T00:00:00Z&to=2027-02-05T00:00:00.001Z",
        "from=1026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
        "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&limit=0",
        "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&limit=501",
        "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&limit=-1",
        "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&limit=planted",
        "from=2026-01-01T00:00:00Z&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z",
    ];
    for query in bad {
        let answer = world.get(&format!("/v1/events?{query}"));
        assert_eq!(refusal(&answer), refused(400, "invalid_parameter"), "{query}");
        assert!(json(&answer)["error"]["field"].is_string(), "{query}");
        assert!(!text(&answer).contains("planted"));
    }
    assert_eq!(asked.borrow().len(), good.len());
}

#[test]
fn before_the_first_account_there_are_no_events() {
    let world = World::new();
    world.sign_in("ann");
    assert_eq!(text(&world.get(&format!("/v1/events?{RANGE}"))), r#"{"events":[],"next_cursor":null}"#);
}

#[test]
fn events_need_a_session() {
    let (world, asked) = world();
    world.forget_cookies();
    assert_eq!(refusal(&world.get(&format!("/v1/events?{RANGE}"))), refused(401, "unauthenticated"));
    assert!(asked.borrow().is_empty());
}
