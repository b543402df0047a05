//! Held sweeps: listed, looked at, decided on.

use tminus_domain::ids::{CalendarId, EventId, RunId};
use tminus_user_graph::policy_contract::{
    DecideHold, Decided, Decision, GetHold, HeldEvent, Hold, HoldPage, Holds, ListHolds,
};

use super::*;

fn hold() -> Hold {
    Hold {
        account: id(1),
        calendar: id(2),
        run: id(3),
        missing: 40,
        total: 50,
        since: "2026-01-02T00:00:00.000Z".to_owned(),
    }
}

/// A signed-in world whose graph holds a sweep of calendar 2.
fn world() -> (World, UserId) {
    let world = World::new();
    let user = world.sign_in("ann");
    world.ports.objects.on(|_: &str, _: ListHolds| Ok(Holds { holds: vec![hold()] }));
    world.ports.objects.on(|_: &str, ask: GetHold| {
        let event = HeldEvent { event: id(4), title: None, start: "2026-01-02".to_owned() };
        let known = ask.calendar == hold().calendar;
        Ok(HoldPage {
            hold: known.then(hold),
            events: if known { vec![event] } else { Vec::new() },
            next: known.then(|| id(4)),
        })
    });
    world.ports.objects.on(|_: &str, decide: DecideHold| {
        Ok(Decided { events: if decide.run == hold().run { 40 } else { 0 } })
    });
    (world, user)
}

fn target(calendar: u128) -> String {
    format!("/v1/holds/{}", id::<CalendarId>(calendar))
}

#[test]
fn holds_are_those_of_whoever_is_signed_in() {
    let (world, user) = world();
    let listed = json(&world.get("/v1/holds"));
    assert_eq!(listed, json!({"holds": [hold()]}));
    assert_eq!(world.ports.objects.sent::<ListHolds>()[0].0, user.to_string());
    let nobody = World::new();
    for path in ["/v1/holds".to_owned(), target(2)] {
        assert_eq!(refusal(&nobody.get(&path)), refused(401, "unauthenticated"));
    }
    nobody.sign_in("bob");
    assert_eq!(text(&nobody.get("/v1/holds")), r#"{"holds":[]}"#, "before the first account");
    assert_eq!(refusal(&nobody.get(&target(2))), refused(404, "not_found"));
}

#[test]
fn a_hold_is_looked_at_page_by_page() {
    let (world, _) = world();
    let event: EventId = id(4);
    let page = json(&world.get(&target(2)));
    let events = json!([{"event": event, "title": null, "start": "2026-01-02"}]);
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(page, json!({"hold": hold(), "events": events, "next_cursor": cursor}));
    world.get(&format!("{}?cursor={cursor}&limit=7", target(2)));
    let asked: Vec<_> = world.ports.objects.sent::<GetHold>().into_iter().map(|(_, ask)| ask).collect();
    let ask = |after, limit| GetHold { calendar: id(2), after, limit };
    assert_eq!(asked, [ask(None, 100), ask(Some(event), 7)]);
    assert_eq!(refusal(&world.get(&target(9))), refused(404, "not_found"), "nothing is held");
    let other = world.get(&format!("{}?cursor={cursor}", target(3)));
    assert_eq!(refusal(&other), refused(400, "cursor_of_another_query"));
    for query in ["limit=0", "limit=501", "after=planted"] {
        let answer = world.get(&format!("{}?{query}", target(2)));
        assert_eq!(refusal(&answer), refused(400, "invalid_parameter"), "{query}");
    }
    assert_eq!(refusal(&world.get(&format!("/v1/holds/{event}"))), refused(404, "not_found"));
}

#[test]
fn a_decision_names_its_run() {
    let (world, user) = world();
    let decide = |body: &Value| world.change_with("POST", &target(2), &body.to_string());
    for (word, decision, status) in [("approve", Decision::Approve, 202), ("reject", Decision::Reject, 200)] {
        let answer = decide(&json!({"run": id::<RunId>(3), "decision": word}));
        assert_eq!((answer.status, text(&answer)), (status, r#"{"events":40}"#.to_owned()));
        let sent = world.ports.objects.sent::<DecideHold>();
        let expected = DecideHold { calendar: id(2), run: id(3), decision };
        assert_eq!(sent.last().unwrap(), &(user.to_string(), expected));
    }
    let late = decide(&json!({"run": id::<RunId>(8), "decision": "approve"}));
    assert_eq!(text(&late), r#"{"events":0}"#);
}

#[test]
fn half_a_decision_is_none() {
    let (world, _) = world();
    let run = id::<RunId>(3);
    for body in [
        json!({"decision": "approve"}),
        json!({"run": run}),
        json!({"run": id::<CalendarId>(3), "decision": "approve"}),
        json!({"run": run, "decision": "delete"}),
        json!({"run": run, "decision": true}),
        json!({"run": run, "decision": "approve", "all": true}),
        json!(null),
    ] {
        let answer = world.change_with("POST", &target(2), &body.to_string());
        assert_eq!(refusal(&answer), refused(400, "body_invalid"), "{body}");
    }
    assert!(world.ports.objects.sent::<DecideHold>().is_empty());
}
