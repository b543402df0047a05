//! Each step of unlinking, and what stops it.

use std::cell::RefCell;
use std::rc::Rc;

use tminus_account::contract::{
    ChannelClosed, EndMaintenance, FinishUnlink, KnownChannel, MaintenanceEnded, MaintenanceGrant, Overlay,
    ReportUnauthorized, Unlink, UnlinkDrained, UnlinkFailed, UnlinkGrant, UnlinkPurged, UnlinkStep,
    WrittenCalendar,
};
use tminus_domain::time::Timestamp;
use tminus_ports::Command;
use tminus_registry::accounts::AccountStatus;
use tminus_registry::unlink::begin_unlink;
use tminus_user_graph::contract::{UnlinkAccount, Unlinked};

use super::*;

fn written(number: u128, overlay: bool) -> WrittenCalendar {
    WrittenCalendar { calendar: id(number), provider_calendar_id: format!("c{number}"), overlay }
}

fn grant(step: UnlinkStep, with_token: bool) -> Maintenance {
    Maintenance::Unlinking(Box::new(UnlinkGrant {
        user: user(),
        overlay_calendar: id(5),
        generation: 4,
        step,
        token: with_token.then(token),
        written: vec![written(5, true), written(6, false)],
        channels: vec![KnownChannel {
            channel: id(9),
            resource_id: "resource".to_owned(),
            expires_at: Timestamp::from_millis(1),
        }],
    }))
}

/// A world whose account 1 is being unlinked and at this step.
fn world(step: UnlinkStep, with_token: bool) -> World {
    let world = World::new();
    block_on(begin_unlink(&world.ports, id(1), user())).unwrap();
    world.maintainer(Ok(grant(step, with_token)));
    world
        .ports
        .objects
        .on(|_: &str, _: UnlinkAccount| Ok(Unlinked { claimed_until: Some(Timestamp::from_millis(60_000)) }));
    world.ports.objects.on(|_: &str, _: UnlinkDrained| Ok(()));
    world.ports.objects.on(|_: &str, _: UnlinkPurged| Ok(()));
    world.ports.objects.on(|_: &str, _: UnlinkFailed| Ok(()));
    world.ports.objects.on(|_: &str, _: FinishUnlink| Ok(()));
    world.ports.objects.on(|_: &str, _: ChannelClosed| Ok(()));
    world.ports.objects.on(|_: &str, _: ReportUnauthorized| Ok(()));
    world
}

/// Every `C` that was sent to the account's object.
fn told<C: Command>(world: &World) -> Vec<C> {
    let sent = world.ports.objects.sent::<C>().into_iter();
    sent.filter(|(object, _)| *object == id::<AccountId>(1).to_string()).map(|(_, command)| command).collect()
}

fn found(world: &World) -> Vec<u32> {
    told::<UnlinkPurged>(world).into_iter().map(|purged| purged.found).collect()
}

#[test]
fn draining_tells_the_graph_first_and_twice_is_once() {
    let world = world(UnlinkStep::Draining, false);
    for _ in 0..2 {
        assert_eq!(world.maintain(), Verdict::Ack);
    }
    let names: Vec<&str> = world.ports.objects.called().iter().map(|call| call.command).collect();
    assert_eq!(names[..3], ["begin_maintenance", "unlink_account", "unlink_drained"]);
    assert_eq!(names[..3], names[3..], "a repeat says the same");
    let graph = world.ports.objects.sent::<UnlinkAccount>();
    assert_eq!(graph[0], (user().to_string(), UnlinkAccount { account: id(1), generation: 4 }));
    let claimed_until = Some(Timestamp::from_millis(60_000));
    assert_eq!(told::<UnlinkDrained>(&world)[0], UnlinkDrained { holder: id(7), claimed_until });
    assert!(world.asked().is_empty());
}

#[test]
fn a_graph_that_is_gone_has_nothing_to_drain() {
    let world = world(UnlinkStep::Draining, false);
    world.ports.objects.on(|_: &str, _: UnlinkAccount| Err(ObjectError::Gone));
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!(told::<UnlinkDrained>(&world)[0].claimed_until, None);
}

#[test]
fn only_what_is_provably_ours_and_live_is_deleted_each_as_it_was_listed() {
    let world = world(UnlinkStep::Purging, true);
    let mut copy = mirror(2, 1);
    copy["id"] = json!("copymadebyhand");
    let mut gone = mirror(3, 1);
    gone["status"] = json!("cancelled");
    let theirs = json!({"id": "theirs", "etag": "\"1\"", "status": "confirmed"});
    let elsewhere = mirror(4, 2);
    world.answers(200, &page(&[mirror(1, 1), copy, gone, theirs, elsewhere, json!({"odd": 1})], None));
    world.answers_batch(&[204]);
    // An empty page need not be the last.
    world.answers(200, &page(&[], Some("p2")));
    world.answers(200, &page(&[mirror(6, 1)], None));
    world.answers_batch(&[412]);
    assert_eq!(world.maintain(), Verdict::Ack);
    let [list, batch] = ["GET calendars/c5/events", "POST batch/calendar/v3"];
    let primary = "GET calendars/c6/events";
    assert_eq!(world.asked(), [list, batch, primary, primary, batch]);
    let bodies: Vec<String> = world
        .ports
        .http
        .asked()
        .into_iter()
        .map(|request| String::from_utf8(request.body).unwrap())
        .filter(|body| body.contains("DELETE"))
        .collect();
    for (body, number) in bodies.iter().zip([1, 6]) {
        assert_eq!(body.matches("DELETE /").count(), 1);
        assert!(body.contains(mirror(number, 1)["id"].as_str().unwrap()));
        assert!(body.contains(&format!("If-Match: \"{number}\"")) && body.contains("sendUpdates=none"));
    }
    assert_eq!(found(&world), [2]);
}

#[test]
fn a_pass_is_bounded_and_purging_twice_is_once() {
    let world = world(UnlinkStep::Purging, true);
    let many: Vec<Value> = (0..120).map(|number| mirror(number, 1)).collect();
    world.answers(200, &page(&many, None));
    for _ in 0..2 {
        world.answers_batch(&[204; 50]);
    }
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!(world.asked().len(), 3, "the second calendar is left to the next pass");
    // The same deletes once more find everything gone.
    world.answers(200, &page(&many[100..], None));
    world.answers_batch(&[410; 20]);
    world.answers(200, &page(&[], None));
    assert_eq!(world.maintain(), Verdict::Ack);
    world.answers(200, &page(&[], None));
    world.answers(404, &refusal(404));
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!(found(&world), [100, 20, 0]);
}

#[test]
fn what_nobody_can_delete_does_not_keep_an_account_for_ever() {
    let world = world(UnlinkStep::Purging, true);
    world.answers(403, &refusal(403));
    world.answers(200, &page(&[mirror(1, 1), mirror(2, 1)], None));
    world.answers_batch(&[403, 404]);
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!(found(&world), [1]);
}

#[test]
fn without_a_grant_every_step_leaves_the_provider_alone() {
    for step in [UnlinkStep::Draining, UnlinkStep::Purging, UnlinkStep::Closing] {
        let world = world(step, false);
        assert_eq!(world.maintain(), Verdict::Ack);
        assert!(world.asked().is_empty());
        let told = (told::<UnlinkDrained>(&world).len(), found(&world), told::<FinishUnlink>(&world).len());
        let expected = match step {
            UnlinkStep::Draining => (1, vec![], 0),
            UnlinkStep::Purging => (0, vec![0], 0),
            UnlinkStep::Closing => (0, vec![], 1),
        };
        assert_eq!(told, expected);
    }
}

#[test]
fn a_provider_that_fails_is_asked_again_later() {
    for (status, refused) in [(503, vec![]), (401, vec![ReportUnauthorized { token_version: 3 }])] {
        let world = world(UnlinkStep::Purging, true);
        world.answers(status, &refusal(status));
        assert_eq!(world.maintain(), Verdict::Ack);
        assert_eq!(told::<UnlinkFailed>(&world), [UnlinkFailed { holder: id(7), retry_after_s: 30 }]);
        assert_eq!(told::<ReportUnauthorized>(&world), refused);
        assert!(found(&world).is_empty());
    }
}

#[test]
fn closing_stops_channels_removes_the_overlay_and_forgets_the_address_and_twice_is_once() {
    let world = world(UnlinkStep::Closing, true);
    world.answers(204, &json!({}));
    world.answers(200, &page(&[mirror(1, 1)], None));
    world.answers(204, &json!({}));
    // Another overlay was made for the account, whose id nobody ever heard.
    let unknown = json!({"id": "c7", "accessRole": "owner", "description": format!("tminus-overlay:{}:n", id::<CalendarId>(5))});
    world.answers(200, &json!({"items": [unknown, {"id": "c8", "accessRole": "owner"}]}));
    world.answers(200, &page(&[], None));
    world.answers(204, &json!({}));
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!(
        world.asked(),
        [
            "POST channels/stop",
            "GET calendars/c5/events",
            "DELETE calendars/c5",
            "GET users/me/calendarList",
            "GET calendars/c7/events",
            "DELETE calendars/c7",
        ],
        "the calendar that we did not make is never deleted"
    );
    assert_eq!(told::<ChannelClosed>(&world), [ChannelClosed { channel: id(9) }]);
    assert_eq!(told::<FinishUnlink>(&world), [FinishUnlink { holder: id(7) }]);
    let once = world.row();
    assert_eq!((once.status, once.email.as_str()), (AccountStatus::Unlinked, ""));
    // Its answer was lost: everything is gone already.
    for body in [refusal(404), refusal(404)] {
        world.answers(404, &body);
    }
    world.answers(200, &json!({"items": []}));
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!(world.row(), once);
}

#[test]
fn an_overlay_with_events_of_others_is_left() {
    let mut copy = mirror(1, 1);
    copy["id"] = json!("copymadebyhand");
    for other in [json!({"id": "theirs", "etag": "\"1\""}), copy] {
        let world = world(UnlinkStep::Closing, true);
        world.answers(204, &json!({}));
        world.answers(200, &page(&[mirror(1, 1)], Some("p2")));
        world.answers(200, &page(&[other], None));
        world.answers(200, &json!({"items": []}));
        assert_eq!(world.maintain(), Verdict::Ack);
        assert!(!world.asked().iter().any(|asked| asked.starts_with("DELETE")));
        assert_eq!(told::<FinishUnlink>(&world).len(), 1);
    }
}

#[test]
fn an_object_that_is_gone_ends_only_what_was_begun() {
    let world = world(UnlinkStep::Closing, false);
    world.maintainer(Err(ObjectError::Gone));
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!(world.row().status, AccountStatus::Unlinked);

    let world = World::new();
    world.maintainer(Err(ObjectError::Gone));
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!((world.row().status, world.row().email.as_str()), (AccountStatus::Active, "one@example.com"));
}

#[test]
fn a_step_whose_answer_was_lost_is_left_to_the_object() {
    let world = world(UnlinkStep::Closing, false);
    world.ports.objects.on_perhaps(|_: &str, _: FinishUnlink| None);
    world.ports.objects.on(|_: &str, _: UnlinkFailed| Err(ObjectError::Gone));
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!(world.row().status, AccountStatus::Unlinked, "the tombstone was left, only nobody heard");

    let world = self::world(UnlinkStep::Draining, false);
    world.ports.objects.on_perhaps(|_: &str, _: UnlinkDrained| None);
    let other_step = ObjectError::Refused { reason: "another step".to_owned() };
    world.ports.objects.on(move |_: &str, _: UnlinkFailed| Err(other_step.clone()));
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!(world.row().status, AccountStatus::Unlinking);
}

#[test]
fn an_object_that_did_not_hear_of_it_is_told_once_its_seat_is_free() {
    let world = world(UnlinkStep::Draining, false);
    let order = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&order);
    world.ports.objects.on(move |_: &str, _: EndMaintenance| {
        seen.borrow_mut().push("end");
        Ok(MaintenanceEnded { first_expiry: None })
    });
    let seen = Rc::clone(&order);
    world.ports.objects.on(move |_: &str, _: Unlink| {
        seen.borrow_mut().push("unlink");
        Ok(())
    });
    let granted =
        MaintenanceGrant { user: user(), overlay_calendar: id(5), overlay: Overlay::Absent, token: token() };
    world.maintainer(Ok(Maintenance::Granted(Box::new(granted))));
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!(*order.borrow(), ["end", "unlink"]);
    world.maintainer(Ok(Maintenance::ConsentNeeded));
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!(*order.borrow(), ["end", "unlink", "unlink"]);
    assert!(world.asked().is_empty());
    assert_eq!(world.row().status, AccountStatus::Unlinking);
}
