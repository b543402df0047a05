use tminus_account::contract::{DiscardDeadLetter, FetchAgain, ReplayDeadLetter, UNROUTABLE};
use tminus_domain::ids::{CalendarId, DeadLetterId};
use tminus_ports::{Clock as _, ObjectError};
use tminus_registry::dead_letters::{IndexedLetter, index_dead_letter, newest_dead_letters};
use tminus_registry::unlink::begin_unlink;
use tminus_user_graph::contract::{GetStatus, GraphStatus, QuarantinedItem};

use super::*;

/// Somebody with one linked account; letter 1 lies in its object, letter 2 nowhere that can be read.
fn world() -> (World, AccountId) {
    let world = World::new();
    world.sign_in("ann");
    let account = world.linked("work");
    world.ports.objects.on(|_: &str, _: ReplayDeadLetter| Ok(()));
    world.ports.objects.on(|_: &str, _: DiscardDeadLetter| Ok(()));
    world.ports.objects.on(|_: &str, _: FetchAgain| Ok(()));
    for (number, object) in [(1, account.to_string()), (2, UNROUTABLE.to_owned())] {
        let letter = IndexedLetter {
            letter: id::<DeadLetterId>(number),
            object,
            queue: "tminus-sync".to_owned(),
            reason: "retries used up".to_owned(),
            created_at: world.ports.now(),
        };
        block_on(index_dead_letter(&world.ports, &letter)).unwrap();
    }
    (world, account)
}

fn listed(world: &World) -> Vec<DeadLetterId> {
    block_on(newest_dead_letters(&world.ports, 10)).unwrap().into_iter().map(|line| line.letter).collect()
}

fn letter(object: &str, number: u128) -> String {
    format!("accounts/{object}/dead_letters/{}", id::<DeadLetterId>(number))
}

#[test]
fn a_letter_is_replayed_by_its_owner_and_by_the_operator_and_twice_is_once() {
    let (world, account) = world();
    let path = format!("{}/replay", letter(&account.to_string(), 1));
    for answer in [
        world.change("POST", &format!("/v1/{path}")),
        world.change("POST", &format!("/v1/{path}")),
        world.admin("POST", &format!("/v1/admin/{path}"), ""),
    ] {
        assert_eq!(answer.status, 202, "{}", text(&answer));
        assert_eq!(json(&answer), json!({"letter_id": id::<DeadLetterId>(1), "status": "replayed"}));
        assert_eq!(listed(&world), [id(2)]);
    }
    let sent = world.ports.objects.sent::<ReplayDeadLetter>();
    assert_eq!(sent, vec![(account.to_string(), ReplayDeadLetter { id: id(1) }); 3]);
}

#[test]
fn a_letter_is_discarded_and_twice_is_once() {
    let (world, account) = world();
    for _ in 0..2 {
        let answer = world.change("DELETE", &format!("/v1/{}", letter(&account.to_string(), 1)));
        assert_eq!((answer.status, listed(&world)), (200, vec![id(2)]));
    }
    let answer = world.admin("DELETE", &format!("/v1/admin/{}", letter(UNROUTABLE, 2)), "");
    assert_eq!((answer.status, listed(&world)), (200, vec![]));
    let objects: Vec<String> =
        world.ports.objects.sent::<DiscardDeadLetter>().into_iter().map(|(object, _)| object).collect();
    assert_eq!(objects, [account.to_string(), account.to_string(), UNROUTABLE.to_owned()]);
}

#[test]
fn nobody_forgets_a_letter_that_lies_elsewhere() {
    let (world, account) = world();
    world.change("DELETE", &format!("/v1/{}", letter(&account.to_string(), 2)));
    assert_eq!(listed(&world), [id(2), id(1)]);
    // Only an operator reaches what belongs to nobody.
    let path = format!("/v1/{}", letter(UNROUTABLE, 2));
    assert_eq!(refusal(&world.change("DELETE", &path)), refused(404, "not_found"));
    let odd = format!("/v1/accounts/{account}/dead_letters/planted");
    assert_eq!(refusal(&world.change("DELETE", &odd)), refused(404, "not_found"));
}

#[test]
fn a_letter_that_says_too_little_is_not_replayable_and_stays() {
    let (world, account) = world();
    let refuse = |_: &str, _: ReplayDeadLetter| Err(ObjectError::Refused { reason: "unknown".to_owned() });
    world.ports.objects.on(refuse);
    let answer = world.change("POST", &format!("/v1/{}/replay", letter(&account.to_string(), 1)));
    assert_eq!(refusal(&answer), refused(409, "not_replayable"));
    world.ports.objects.on(|_: &str, _: ReplayDeadLetter| Err(ObjectError::Gone));
    let of_nobody = world.admin("POST", &format!("/v1/admin/{}/replay", letter(UNROUTABLE, 2)), "");
    assert_eq!(refusal(&of_nobody), refused(409, "not_replayable"));
    let of_nothing =
        world.admin("POST", &format!("/v1/admin/{}/replay", letter(&account.to_string(), 1)), "");
    assert_eq!(refusal(&of_nothing), refused(404, "not_found"));
    assert_eq!(listed(&world).len(), 2);
}

#[test]
fn letters_that_went_with_their_object_are_only_forgotten() {
    let (world, account) = world();
    world.ports.objects.on(|_: &str, _: DiscardDeadLetter| Err(ObjectError::Gone));
    let answer = world.admin("DELETE", &format!("/v1/admin/{}", letter(&account.to_string(), 1)), "");
    assert_eq!((answer.status, listed(&world)), (200, vec![id(2)]));
}

#[test]
fn items_in_quarantine_are_fetched_again_and_twice_is_once() {
    let (world, account) = world();
    let target = format!("/v1/accounts/{account}/quarantine/replay");
    assert_eq!(json(&world.change("POST", &target)), json!({"account_id": account, "asked": 0}));
    world.ports.objects.on(move |_: &str, _: GetStatus| {
        let item = |account, calendar: u128, event: Option<String>| QuarantinedItem {
            account,
            calendar: id::<CalendarId>(calendar),
            event_id: event,
            reason: "x".to_owned(),
            since: "x".to_owned(),
        };
        let mut quarantined: Vec<QuarantinedItem> =
            (0..1001).map(|number| item(account, 1, Some(format!("e{number}")))).collect();
        quarantined.push(item(account, 2, Some("other".to_owned())));
        quarantined.push(item(account, 2, None));
        quarantined.push(item(id(77), 3, Some("of another account".to_owned())));
        Ok(GraphStatus { quarantined, ..GraphStatus::default() })
    });
    for _ in 0..2 {
        let answer = world.change("POST", &target);
        assert_eq!((answer.status, json(&answer)["asked"].as_u64()), (202, Some(1002)));
    }
    let sent = world.ports.objects.sent::<FetchAgain>();
    assert!(sent.iter().all(|(object, again)| *object == account.to_string() && again.ids.len() <= 1000));
    let sizes: Vec<usize> = sent.iter().map(|(_, again)| again.ids.len()).collect();
    assert_eq!(sizes, [1000, 1, 1, 1000, 1, 1]);
}

#[test]
fn an_account_that_leaves_fetches_nothing_again() {
    let (world, account) = world();
    let user = block_on(tminus_registry::accounts::account_by_id(&world.ports, account));
    block_on(begin_unlink(&world.ports, account, user.unwrap().unwrap().user)).unwrap();
    let answer = world.change("POST", &format!("/v1/accounts/{account}/quarantine/replay"));
    assert_eq!(refusal(&answer), refused(409, "unlink_under_way"));
    assert!(world.ports.objects.sent::<FetchAgain>().is_empty());
}
