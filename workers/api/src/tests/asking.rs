//! What was, why, and what would be: asked of the graph, and answered in its words.

use tminus_domain::ids::{EventId, JournalId};
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectError;
use tminus_user_graph::explaining_contract::{
    AsOf, GetAsOf, JournalPage, ListJournal, Preview, PreviewPolicy,
};
use tminus_user_graph::own_contract::{ListSettingsJournal, SettingsPage, Subject};

use super::*;

const PREVIEW: &str = "/v1/policy/preview";

fn world() -> World {
    let world = World::new();
    world.sign_in("ann");
    world
}

fn event(path: &str) -> String {
    format!("/v1/events/{}{path}", id::<EventId>(5))
}

#[test]
fn before_it_was_seen_and_after_it_was_forgotten_have_codes_of_their_own() {
    let world = world();
    let target = event("/as-of?at=2026-01-01T00:00:00Z");
    let then = Timestamp::from_millis(1_770_000_000_000);
    for (answer, status, code, details) in [
        (AsOf::NotYet { since: then }, 404, "not_yet", json!({"since": then})),
        (AsOf::Forgotten { earliest: then }, 410, "forgotten", json!({"earliest": then})),
    ] {
        world.ports.objects.on(move |_: &str, _: GetAsOf| Ok(answer.clone()));
        let answer = world.get(&target);
        assert_eq!(refusal(&answer), refused(status, code));
        assert_eq!(json(&answer)["error"]["details"], details);
    }
    for bad in ["/as-of", "/as-of?at=yesterday", "/as-of?at=1767225600000"] {
        let answer = world.get(&event(bad));
        assert_eq!(refusal(&answer), refused(400, "invalid_parameter"), "{bad}");
        assert_eq!(json(&answer)["error"]["field"], "at");
    }
}

#[test]
fn journals_come_in_pages() {
    let world = world();
    let place: JournalId = id(9);
    world
        .ports
        .objects
        .on(move |_: &str, _: ListJournal| Ok(JournalPage { entries: Vec::new(), next: Some(place) }));
    world.ports.objects.on(move |_: &str, _: ListSettingsJournal| {
        Ok(SettingsPage { now: Some(json!({"a": 1})), entries: Vec::new(), next: Some(place) })
    });
    let cursor = |target: &str| json(&world.get(target))["next_cursor"].as_str().unwrap().to_owned();
    let settings = "/v1/settings/journal?subject=policy";
    let (of_event, of_settings) = (cursor(&event("/journal")), cursor(settings));
    world.get(&event(&format!("/journal?cursor={of_event}&limit=3")));
    let asked = world.ports.objects.sent::<ListJournal>().pop().unwrap().1;
    assert_eq!(asked, ListJournal { event: id(5), limit: 3, before: Some(place) });
    assert_eq!(json(&world.get(&format!("{settings}&cursor={of_settings}")))["now"], json!({"a": 1}));
    let asked = world.ports.objects.sent::<ListSettingsJournal>().pop().unwrap().1;
    assert_eq!(asked, ListSettingsJournal { subject: Subject::Policy, limit: 100, before: Some(place) });
    for target in [
        event(&format!("/journal?cursor={of_settings}")),
        format!("/v1/events/{}/journal?cursor={of_event}", id::<EventId>(6)),
        format!("/v1/settings/journal?subject=working_hours&cursor={of_settings}"),
    ] {
        assert_eq!(refusal(&world.get(&target)), refused(400, "cursor_of_another_query"), "{target}");
    }
    for subject in ["", "all", "acc_00000000000000000000000000"] {
        let answer = world.get(&format!("/v1/settings/journal?subject={subject}"));
        assert_eq!(refusal(&answer), refused(400, "invalid_parameter"), "{subject}");
    }
}

#[test]
fn without_a_graph_nothing_was_and_nothing_is_expected() {
    let world = world();
    for path in ["", "/journal", "/as-of?at=2026-01-01T00:00:00Z", "/explanation"] {
        assert_eq!(refusal(&world.get(&event(path))), refused(404, "not_found"), "{path}");
    }
    let settings = json(&world.get("/v1/settings/journal?subject=policy"));
    assert_eq!(settings, json!({"now": null, "entries": [], "next_cursor": null}));
    assert_eq!(json(&world.get("/v1/conservation"))["balanced"], true);
    assert_eq!(json(&world.get("/v1/constraints")), json!({"constraints": [], "next_cursor": null}));
    // A time without a value is no time.
    assert_eq!(refusal(&world.get("/v1/constraints?to=")), (400, "invalid_parameter".to_owned()));
}

/// A graph that previews three steps of ten events each.
fn previewing() -> World {
    let world = world();
    world.ports.objects.on(|_: &str, ask: PreviewPolicy| {
        let before = ask.so_far.unwrap_or_default();
        let done = before.done.saturating_add(10);
        Ok(Preview { done, of: 30, next: (done < 30).then(|| id(u128::from(done))), ..before })
    });
    world
}

fn hours(day: &str) -> Value {
    json!({"set_working_hours": {"zone": "Europe/Berlin", "days": [day], "from": "09:00", "to": "17:00"}})
}

fn ask(world: &World, change: &Value, so_far: &Value) -> ApiResponse {
    world.change_with("POST", PREVIEW, &json!({"change": change, "so_far": so_far}).to_string())
}

#[test]
fn a_preview_goes_on_with_what_it_answered() {
    let world = previewing();
    let mut so_far = Value::Null;
    for done in [10, 20, 30] {
        let answer = ask(&world, &hours("mon"), &so_far);
        assert_eq!(answer.status, 200, "{}", text(&answer));
        let answer = json(&answer);
        assert_eq!((&answer["preview"]["done"], &answer["preview"]["of"]), (&done.into(), &30.into()));
        so_far = answer["so_far"].clone();
        assert_eq!(so_far.is_null(), done == 30);
    }
}

#[test]
fn nobody_puts_numbers_into_a_preview() {
    let world = previewing();
    let so_far = json(&ask(&world, &hours("mon"), &Value::Null))["so_far"].as_str().unwrap().to_owned();
    let asked = world.ports.objects.sent::<PreviewPolicy>().len();
    let payload = so_far.split('.').nth(3).unwrap();
    let forged = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap().replace("10", "11");
    let forged = so_far.replace(payload, &URL_SAFE_NO_PAD.encode(forged));
    assert_ne!(forged, so_far);
    for bad in [forged.as_str(), payload, "", "1.k1.9999999999.e30.AAAA"] {
        let answer = ask(&world, &hours("mon"), &bad.into());
        assert_eq!(refusal(&answer), refused(400, "cursor_invalid"), "{bad}");
        assert_eq!(json(&answer)["error"]["field"], "so_far");
    }
    let other = ask(&world, &hours("tue"), &so_far.as_str().into());
    assert_eq!(refusal(&other), refused(400, "cursor_of_another_query"), "of another change");
    world.sign_in("bob");
    let other = ask(&world, &hours("mon"), &so_far.as_str().into());
    assert_eq!(refusal(&other), refused(400, "cursor_of_another_query"), "of another person");
    assert_eq!(world.ports.objects.sent::<PreviewPolicy>().len(), asked);
}

#[test]
fn a_preview_is_good_for_an_hour_and_for_one_policy() {
    let world = previewing();
    let so_far = json(&ask(&world, &hours("mon"), &Value::Null))["so_far"].clone();
    world
        .ports
        .objects
        .on(|_: &str, _: PreviewPolicy| Err(ObjectError::Unfit { reason: "begin again".to_owned() }));
    assert_eq!(refusal(&ask(&world, &hours("mon"), &so_far)), refused(422, "unprocessable"));
    world.ports.clock.advance_seconds(3_601);
    assert_eq!(refusal(&ask(&world, &hours("mon"), &so_far)), refused(400, "cursor_invalid"));
}

#[test]
fn half_a_change_is_not_previewed() {
    let world = previewing();
    let zone = json!({"set_working_hours": {"zone": "Mars/Olympus", "days": ["mon"], "from": "09:00", "to": "17:00"}});
    for change in [json!(null), json!({}), json!({"put_edge": {}}), json!({"remove_all": {}}), zone] {
        assert_eq!(refusal(&ask(&world, &change, &Value::Null)), refused(400, "body_invalid"), "{change}");
    }
    assert!(world.ports.objects.sent::<PreviewPolicy>().is_empty());
}
