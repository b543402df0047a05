use tminus_domain::ids::CalendarId;
use tminus_domain::policy::CalendarKind;
use tminus_ports::ObjectError;
use tminus_queues::{SyncMessage, decode};
use tminus_registry::accounts::accounts_of_user;

use super::*;
use crate::cookies::SESSION;

const OVERLAY: &str = "openid email https://www.googleapis.com/auth/calendar.events.readonly \
     https://www.googleapis.com/auth/calendar.calendarlist.readonly \
     https://www.googleapis.com/auth/calendar.app.created";

#[test]
fn linking_needs_a_session() {
    let world = World::new();
    assert_eq!(refusal(&world.get("/v1/auth/link")), refused(401, "unauthenticated"));
}

#[test]
fn each_mode_asks_for_its_scopes_and_a_refresh_token() {
    let world = World::new();
    world.sign_in("ann");
    let primary = format!("{OVERLAY} https://www.googleapis.com/auth/calendar.events");
    let cases = [("", OVERLAY), ("?mode=overlay", OVERLAY), ("?mode=primary", primary.as_str())];
    for (query, scopes) in cases {
        let google = world.leave(&format!("/v1/auth/link{query}"));
        assert_eq!(google.param("scope").as_deref(), Some(scopes));
        assert_eq!(google.param("access_type").as_deref(), Some("offline"));
        assert_eq!(google.param("prompt").as_deref(), Some("consent"));
    }
    let google = world.leave("/v1/auth/link?login_hint=work%40example.com");
    assert_eq!(google.param("login_hint").as_deref(), Some("work@example.com"));
    assert_eq!(refusal(&world.get("/v1/auth/link?mode=planted")), refused(400, "invalid_parameter"));
    let long = format!("/v1/auth/link?login_hint={}", "a".repeat(300));
    assert_eq!(refusal(&world.get(&long)), refused(400, "invalid_parameter"));
}

#[test]
fn a_link_creates_both_objects_and_nudges_the_bulk_lane() {
    let world = World::new();
    let user = world.sign_in("ann");
    let account = world.linked("work");
    let stored = block_on(accounts_of_user(&world.ports, user)).unwrap();
    assert_eq!((stored.len(), stored[0].account, stored[0].email.as_str()), (1, account, "work@example.com"));

    let created = world.ports.objects.sent::<account::Create>();
    let [(object, create)] = created.as_slice() else { panic!("one creation") };
    assert_eq!((object, create.account, create.user), (&account.to_string(), account, user));
    assert_eq!(create.access.expose(), "ya29.planted");
    assert_eq!(create.refresh.as_ref().map(tminus_google::RefreshToken::expose), Some("1//planted"));
    assert_eq!(create.expires_at, tminus_ports::Clock::now(&world.ports).plus_seconds(3599));

    let graphs = world.ports.objects.sent::<graph::Create>();
    assert_eq!(graphs, [(user.to_string(), graph::Create { user })]);
    let overlay_calendar: CalendarId = id(900);
    let links = world.ports.objects.sent::<graph::LinkAccount>();
    assert_eq!(
        links,
        [(
            user.to_string(),
            graph::LinkAccount { account, overlay_calendar, kind: CalendarKind::BusyOverlay }
        )]
    );

    let nudges = world.ports.queues.take();
    let [("BACKFILL_QUEUE", nudge)] = nudges.as_slice() else { panic!("one nudge on the bulk lane") };
    assert_eq!(decode::<SyncMessage>(nudge).unwrap().body, SyncMessage::Maintain { account });
}

#[test]
fn linking_twice_is_the_same_account() {
    let world = World::new();
    world.sign_in("ann");
    let first = world.linked("work");
    assert_eq!(world.linked("work"), first);
    assert_ne!(world.linked("home"), first);
}

#[test]
fn a_link_that_broke_off_is_completed_by_linking_again() {
    let world = World::new();
    let user = world.sign_in("ann");
    world
        .ports
        .objects
        .on(|_: &str, _: graph::LinkAccount| Err(ObjectError::Unavailable { reason: "x".to_owned() }));
    assert_eq!(refusal(&world.link("work")), refused(503, "unavailable"));
    assert!(world.ports.queues.take().is_empty());
    let registered = block_on(accounts_of_user(&world.ports, user)).unwrap()[0].account;
    world.ports.objects.on(|_: &str, _: graph::LinkAccount| Ok(()));
    assert_eq!(world.linked("work"), registered);
    assert_eq!(world.ports.queues.take().len(), 1);
}

#[test]
fn missing_scopes_are_named_and_nothing_is_stored() {
    let world = World::new();
    let user = world.sign_in("ann");
    let google = world.leave("/v1/auth/link?mode=primary");
    world.google_grants("work", OVERLAY);
    let answer = world.come_back(&google.state);
    assert_eq!(refusal(&answer), refused(403, "scopes_missing"));
    let message = json(&answer)["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with(": https://www.googleapis.com/auth/calendar.events"), "{message}");
    assert_eq!(block_on(accounts_of_user(&world.ports, user)), Ok(Vec::new()));
    assert!(world.ports.objects.called().is_empty() && world.ports.queues.take().is_empty());
}

#[test]
fn googles_long_name_of_the_email_scope_is_as_good() {
    let world = World::new();
    world.sign_in("ann");
    let google = world.leave("/v1/auth/link");
    world.google_grants("work", &OVERLAY.replace("email", "https://www.googleapis.com/auth/userinfo.email"));
    assert_eq!(world.come_back(&google.state).status, 200);
}

#[test]
fn an_account_of_another_user_is_refused() {
    let world = World::new();
    world.sign_in("ann");
    world.linked("work");
    world.sign_in("bob");
    let before = world.ports.objects.called().len();
    let answer = world.link("work");
    assert_eq!(refusal(&answer), refused(409, "account_taken"));
    assert_eq!(world.ports.objects.called().len(), before);
}

#[test]
fn a_link_belongs_to_the_session_that_began_it() {
    let world = World::new();
    world.sign_in("ann");
    let anns = world.cookie(SESSION);
    let google = world.leave("/v1/auth/link");
    let oauth = world.cookie(crate::cookies::OAUTH);
    for subject in ["bob", "ann"] {
        // Somebody else, or the same person in another session.
        world.sign_in(subject);
        world.put_cookie(crate::cookies::OAUTH, oauth.clone());
        assert_eq!(refusal(&world.come_back(&google.state)), refused(403, "session_mismatch"));
    }
    world.put_cookie(SESSION, None);
    assert_eq!(refusal(&world.come_back(&google.state)), refused(401, "unauthenticated"));
    world.put_cookie(SESSION, anns);
    world.google_grants("work", OVERLAY);
    assert_eq!(world.come_back(&google.state).status, 200);
}

#[test]
fn no_token_stands_in_the_answer() {
    let world = World::new();
    world.sign_in("ann");
    let answer = world.link("work");
    assert!(!text(&answer).contains("planted") && !text(&answer).contains("example.com"));
}
