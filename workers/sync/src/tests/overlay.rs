//! The overlay: made once, looked for twice, never two of it.

use tminus_account::contract::{
    EndMaintenance, MaintenanceEnded, MaintenanceGrant, Overlay, OverlayCreating, OverlayMissed,
    OverlayReady, PutCalendars,
};
use tminus_user_graph::contract::PutCalendars as PutGraphCalendars;

use super::*;

const NONCE: &str = "00112233445566778899aabbccddeeff";

fn world(overlay: Overlay) -> World {
    let world = World::new();
    let granted =
        MaintenanceGrant { user: user(), overlay_calendar: overlay_calendar(), overlay, token: token() };
    world.maintainer(Ok(Maintenance::Granted(Box::new(granted))));
    world.ports.objects.on(|_: &str, _: OverlayCreating| Ok(()));
    world.ports.objects.on(|_: &str, _: OverlayMissed| Ok(()));
    world.ports.objects.on(|_: &str, _: OverlayReady| Ok(()));
    world.ports.objects.on(|_: &str, _: PutCalendars| Ok(Vec::new()));
    world.ports.objects.on(|_: &str, _: PutGraphCalendars| Ok(()));
    world.ports.objects.on(|_: &str, _: EndMaintenance| Ok(MaintenanceEnded { first_expiry: None }));
    world
}

fn overlay_calendar() -> CalendarId {
    id(5)
}

fn creating(missed: bool) -> Overlay {
    Overlay::Creating { nonce: NONCE.to_owned(), missed }
}

fn ready() -> Overlay {
    Overlay::Ready { provider_calendar_id: "own".to_owned() }
}

fn calendar(id: &str, description: &str) -> Value {
    json!({"id": id, "accessRole": "owner", "description": description})
}

fn primary() -> Value {
    json!({"id": "primary", "accessRole": "owner", "primary": true})
}

fn own_mark(nonce: &str) -> String {
    format!("Kept by T-Minus. tminus-overlay:{}:{nonce}", overlay_calendar())
}

impl World {
    fn lists(&self, calendars: &[Value]) {
        self.answers(200, &json!({ "items": calendars }));
    }

    /// Seconds after which maintenance is to be done again.
    fn again_after(&self) -> Option<u32> {
        let ended = self.ports.objects.sent::<EndMaintenance>();
        ended.last().unwrap().1.retry_after_s
    }

    fn ready(&self) -> Vec<String> {
        let sent = self.ports.objects.sent::<OverlayReady>();
        sent.into_iter().map(|(_, ready)| ready.provider_calendar_id).collect()
    }

    /// The calendars that the object was told of last.
    fn put(&self) -> Vec<String> {
        let sent = self.ports.objects.sent::<PutCalendars>();
        let put = sent.last().unwrap().1.calendars.iter();
        put.map(|seen| seen.provider_calendar_id.clone()).collect()
    }
}

const INSERT: &str = "POST calendars";
const LIST: &str = "GET users/me/calendarList";

#[test]
fn a_new_overlay_names_its_account_and_its_nonce() {
    let world = world(Overlay::Absent);
    world.lists(&[primary()]);
    world.answers(200, &json!({"id": "own"}));
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!(world.asked(), [LIST, INSERT]);
    let nonce = world.ports.objects.sent::<OverlayCreating>()[0].1.nonce.clone();
    let body: Value = serde_json::from_slice(&world.ports.http.asked()[1].body).unwrap();
    let mark = format!("tminus-overlay:{}:{nonce}", overlay_calendar());
    assert!(body["description"].as_str().unwrap().ends_with(&mark));
    assert_eq!((world.ready(), world.put()), (vec!["own".to_owned()], vec!["primary".into(), "own".into()]));
}

#[test]
fn an_overlay_whose_answer_was_lost_is_found_by_its_nonce() {
    // The second form was written before overlays named their account.
    for description in [own_mark(NONCE), format!("tminus-overlay:{NONCE}")] {
        for missed in [false, true] {
            let world = world(creating(missed));
            world.lists(&[primary(), calendar("own", &description)]);
            assert_eq!(world.maintain(), Verdict::Ack);
            assert_eq!((world.asked(), world.ready()), (vec![LIST.to_owned()], vec!["own".to_owned()]));
        }
    }
}

#[test]
fn the_list_is_read_twice_before_another_is_inserted() {
    let world = world(creating(false));
    world.lists(&[primary(), calendar("other", &own_mark("another nonce"))]);
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!(world.asked(), [LIST]);
    assert_eq!(world.ports.objects.sent::<OverlayMissed>().len(), 1);
    assert_eq!(world.again_after(), Some(10));
    assert!(world.ready().is_empty());

    let world = self::world(creating(true));
    world.lists(&[primary()]);
    world.answers(200, &json!({"id": "own"}));
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!(world.asked(), [LIST, INSERT]);
    assert_eq!((world.ready(), world.again_after()), (vec!["own".to_owned()], None));
}

#[test]
fn an_overlay_that_a_list_lacks_is_made_anew_only_if_it_is_gone() {
    let looked = "GET calendars/own/events";
    let world = world(ready());
    world.lists(&[primary()]);
    world.answers(200, &page(&[], None));
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!((world.asked(), world.again_after()), (vec![LIST.to_owned(), looked.to_owned()], None));

    let world = self::world(ready());
    world.lists(&[primary()]);
    world.answers(404, &refusal(404));
    world.answers(200, &json!({"id": "new"}));
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!((world.asked()[2].as_str(), world.ready()), (INSERT, vec!["new".to_owned()]));

    let world = self::world(ready());
    world.lists(&[primary()]);
    world.answers(503, &refusal(503));
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!((world.asked().len(), world.again_after()), (2, Some(30)));
}

#[test]
fn an_empty_overlay_too_many_is_removed_and_maintaining_twice_is_once() {
    let world = world(ready());
    let own = || calendar("own", &own_mark(NONCE));
    world.lists(&[primary(), own(), calendar("extra", &own_mark("lost"))]);
    world.answers(200, &page(&[], Some("p2")));
    world.answers(200, &page(&[], None));
    world.answers(204, &json!({}));
    assert_eq!(world.maintain(), Verdict::Ack);
    let looked = "GET calendars/extra/events";
    assert_eq!(world.asked(), [LIST, looked, looked, "DELETE calendars/extra"]);
    assert_eq!((world.put(), world.again_after()), (vec!["primary".to_owned(), "own".to_owned()], None));
    world.lists(&[primary(), own()]);
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!(world.asked().len(), 5);
}

#[test]
fn nothing_else_is_taken_for_one_too_many() {
    let world = world(ready());
    let of_another = format!("tminus-overlay:{}:{NONCE}", id::<CalendarId>(6));
    let shared = json!({"id": "shared", "accessRole": "writer", "description": own_mark("lost")});
    let marked_primary =
        json!({"id": "primary", "accessRole": "owner", "primary": true, "description": own_mark("lost")});
    world.lists(&[marked_primary, calendar("own", &own_mark(NONCE)), calendar("x", &of_another), shared]);
    assert_eq!(world.maintain(), Verdict::Ack);
    assert_eq!(world.asked(), [LIST]);
}

#[test]
fn one_too_many_that_holds_events_or_cannot_be_removed_is_left() {
    for (status, body) in [(200, page(&[json!({"id": "theirs"})], None)), (503, refusal(503))] {
        let world = world(ready());
        world.lists(&[primary(), calendar("own", &own_mark(NONCE)), calendar("extra", &own_mark("lost"))]);
        world.answers(status, &body);
        assert_eq!(world.maintain(), Verdict::Ack);
        assert_eq!(world.asked().len(), 2);
        assert_eq!((world.put().len(), world.again_after()), (3, None));
    }
}
