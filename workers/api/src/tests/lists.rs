use tminus_account::contract::{
    AccountState, AccountStatus, CalendarState, CalendarStatus, DeadLetter, GetStatus, ListDeadLetters,
};
use tminus_domain::dirty::DirtyLevel;
use tminus_domain::ids::DeadLetterId;
use tminus_domain::policy::CalendarRole;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectError;
use tminus_user_graph::contract::{GetStatus as GetGraphStatus, GraphStatus};

use super::*;

fn status(account: AccountId) -> AccountStatus {
    AccountStatus {
        account,
        state: AccountState::Revoked,
        overlay_ready: true,
        calendars: vec![CalendarStatus {
            calendar: id(3),
            role: CalendarRole::Primary,
            state: CalendarState::Fine,
            dirty: DirtyLevel::Clean,
            running: false,
            synced_at: Some(Timestamp::from_millis(5)),
            failures: 0,
            channel_expires_at: None,
        }],
        dead_letters: 2,
    }
}

#[test]
fn accounts_stand_as_their_objects_say_and_one_that_is_silent_hides_no_other() {
    let world = World::new();
    world.sign_in("ann");
    let (work, home) = (world.linked("work"), world.linked("home"));
    world.ports.objects.on(move |object: &str, _: GetStatus| {
        let silent = ObjectError::Unavailable { reason: "x".to_owned() };
        if object == home.to_string() { Err(silent) } else { Ok(status(work)) }
    });
    let accounts = json(&world.get("/v1/accounts"))["accounts"].clone();
    let of = |account: AccountId| {
        let all = accounts.as_array().unwrap();
        all.iter().find(|view| view["account_id"] == account.to_string()).unwrap().clone()
    };
    let (work, home) = (of(work), of(home));
    assert_eq!((&work["status"], &work["reachable"]), (&"revoked".into(), &true.into()));
    assert_eq!((&work["email"], &work["dead_letters"]), (&"work@example.com".into(), &2.into()));
    assert_eq!(work["calendars"][0]["synced_at"], 5);
    assert_eq!((&home["status"], &home["reachable"]), (&"active".into(), &false.into()));
}

#[test]
fn nobody_sees_the_accounts_of_another() {
    let world = World::new();
    world.sign_in("ann");
    world.linked("work");
    world.sign_in("bob");
    assert_eq!(text(&world.get("/v1/accounts")), r#"{"accounts":[]}"#);
    assert_eq!(text(&world.get("/v1/dead_letters")), r#"{"accounts":[]}"#);
}

#[test]
fn the_status_shows_graph_and_accounts() {
    let world = World::new();
    let user = world.sign_in("ann");
    assert_eq!(json(&world.get("/v1/status"))["graph"], Value::Null);
    world.linked("work");
    world.ports.objects.on(|_: &str, _: GetGraphStatus| {
        Ok(GraphStatus { events: 4, mirrors: vec![("ACTIVE".to_owned(), 8)], ..GraphStatus::default() })
    });
    let answer = json(&world.get("/v1/status"));
    assert_eq!(answer["user_id"], user.to_string());
    assert_eq!((&answer["graph"]["events"], &answer["graph"]["mirrors"]["ACTIVE"]), (&4.into(), &8.into()));
    assert_eq!(answer["accounts"].as_array().unwrap().len(), 1);
}

#[test]
fn dead_letters_are_listed_by_account() {
    let world = World::new();
    world.sign_in("ann");
    let account = world.linked("work");
    // Linking broke off: there is no object yet.
    assert_eq!(json(&world.get("/v1/dead_letters"))["accounts"][0]["dead_letters"], Value::Array(Vec::new()));
    world.ports.objects.on(|_: &str, _: ListDeadLetters| {
        let letter = DeadLetter {
            queue: "tminus-sync".to_owned(),
            message_key: "msg".to_owned(),
            reason: "retries used up".to_owned(),
            body: None,
        };
        Ok(vec![(id::<DeadLetterId>(1), letter, Timestamp::from_millis(9))])
    });
    let answer = json(&world.get("/v1/dead_letters"));
    let of_account = &answer["accounts"][0];
    assert_eq!(of_account["account_id"], account.to_string());
    assert_eq!(of_account["dead_letters"][0]["reason"], "retries used up");
    assert_eq!(of_account["dead_letters"][0]["stored_at"], 9);
}

#[test]
fn one_object_that_is_away_does_not_hide_the_letters_of_all_others() {
    let world = World::new();
    world.sign_in("ann");
    let (work, home) = (world.linked("work"), world.linked("home"));
    world.ports.objects.on_perhaps(move |object: &str, _: ListDeadLetters| {
        (object != home.to_string()).then(|| Ok(Vec::new()))
    });
    let answer = world.get("/v1/dead_letters");
    assert_eq!(answer.status, 200);
    let accounts = json(&answer)["accounts"].clone();
    for (account, reachable) in [(work, true), (home, false)] {
        let all = accounts.as_array().unwrap();
        let of = all.iter().find(|view| view["account_id"] == account.to_string()).unwrap();
        assert_eq!(of["reachable"], reachable);
    }
}
