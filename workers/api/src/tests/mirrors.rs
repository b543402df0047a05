//! What is wanted of single mirrors, and of those that are deleted by hand.

use tminus_domain::ids::{CalendarId, EventId};
use tminus_ports::{Named, ObjectError};
use tminus_user_graph::policy_contract::{HandDeleted, MirrorWish, SetDismissed, SetHandDeleted};

use super::*;

/// A signed-in world whose graph takes every change.
fn world() -> (World, UserId) {
    let world = World::new();
    let user = world.sign_in("ann");
    world.ports.objects.on(|_: &str, _: SetHandDeleted| Ok(()));
    world.ports.objects.on(|_: &str, _: SetDismissed| Ok(()));
    (world, user)
}

fn target(event: impl std::fmt::Display, what: &str) -> String {
    format!("/v1/events/{event}/{what}")
}

#[test]
fn what_becomes_of_mirrors_deleted_by_hand_is_set_for_all_and_for_one() {
    let (world, user) = world();
    let event: EventId = id(5);
    let of_event = target(event, "hand-deleted");
    let dismiss = r#"{"becomes":"dismiss"}"#;
    let answer = world.change_with("PUT", "/v1/policy/hand-deleted", dismiss);
    assert_eq!((answer.status, text(&answer)), (200, dismiss.to_owned()));
    assert_eq!(world.change_with("PUT", &of_event, r#"{"becomes":"restore"}"#).status, 200);
    assert_eq!(text(&world.change("DELETE", &of_event)), r#"{"becomes":null}"#);
    let set = |event, becomes| (user.to_string(), SetHandDeleted { event, becomes });
    let expected = [
        set(None, Some(HandDeleted::Dismiss)),
        set(Some(event), Some(HandDeleted::Restore)),
        set(Some(event), None),
    ];
    assert_eq!(world.ports.objects.sent::<SetHandDeleted>(), expected);
}

#[test]
fn other_words_are_refused() {
    let (world, _) = world();
    for target in ["/v1/policy/hand-deleted".to_owned(), target(id::<EventId>(5), "hand-deleted")] {
        for body in [
            "",
            "null",
            "{}",
            r#"{"becomes":null}"#,
            r#"{"becomes":"delete"}"#,
            r#"{"becomes":"dismiss","event":"evt"}"#,
            "\u{0}",
        ] {
            let answer = world.change_with("PUT", &target, body);
            assert_eq!(refusal(&answer), refused(400, "body_invalid"), "{body}");
        }
        let mut request = world.with_cookies(World::request("PUT", &target));
        request.body = br#"{"becomes":"dismiss"}"#.to_vec();
        assert_eq!(refusal(&world.send(request)), refused(415, "unsupported_media_type"));
    }
    assert!(world.ports.objects.sent::<SetHandDeleted>().is_empty());
}

#[test]
fn a_mirror_is_dismissed_and_taken_back() {
    let (world, user) = world();
    let (event, calendar): (EventId, CalendarId) = (id(5), id(6));
    let dismissal = target(event, &format!("mirrors/{calendar}/dismissal"));
    for (method, wish) in [("PUT", MirrorWish::Dismissed), ("DELETE", MirrorWish::AsPolicy)] {
        let answer = world.change(method, &dismissal);
        let expected = json!({"event_id": event, "calendar_id": calendar, "wish": wish});
        assert_eq!((answer.status, json(&answer)), (200, expected));
        let sent = world.ports.objects.sent::<SetDismissed>();
        assert_eq!(sent.last().unwrap(), &(user.to_string(), SetDismissed { event, calendar, wish }));
    }
}

#[test]
fn what_is_named_must_be_there() {
    let (world, _) = world();
    let (event, calendar, account) = (id::<EventId>(5), id::<CalendarId>(6), id::<AccountId>(7));
    for (path, what) in [
        (target(account, "hand-deleted"), "event"),
        (target("evt_planted", "hand-deleted"), "event"),
        (target(calendar, &format!("mirrors/{calendar}/dismissal")), "event"),
        (target(event, &format!("mirrors/{account}/dismissal")), "calendar"),
        (target(event, &format!("mirrors/{calendar}/dismissal/")), "route"),
    ] {
        for method in ["PUT", "DELETE"] {
            let answer = world.change(method, &path);
            assert_eq!(refusal(&answer), refused(404, "not_found"), "{path}");
            assert_eq!(json(&answer)["error"]["message"], format!("there is no such {what}"));
        }
    }
    assert!(world.ports.objects.sent::<SetDismissed>().is_empty());
    world.ports.objects.on(|_: &str, _: SetDismissed| Err(ObjectError::Unknown { what: Named::Event }));
    let answer = world.change("PUT", &target(event, &format!("mirrors/{calendar}/dismissal")));
    assert_eq!(json(&answer)["error"]["message"], "there is no such event");
}
