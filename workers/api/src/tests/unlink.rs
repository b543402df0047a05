use tminus_account::contract::{AccountState, AccountStatus as ObjectStatus, GetStatus, Unlink};
use tminus_ports::{Command, ObjectError};
use tminus_queues::{SyncMessage, decode};
use tminus_registry::accounts::{AccountStatus, account_by_id};
use tminus_registry::unlink::finish_unlink;

use super::*;

/// Somebody with one linked account.
fn linked() -> (World, AccountId) {
    let world = World::new();
    world.sign_in("ann");
    let account = world.linked("work");
    world.ports.queues.take();
    world.ports.objects.on(|_: &str, _: Unlink| Ok(()));
    (world, account)
}

fn unlink(world: &World, account: AccountId) -> ApiResponse {
    world.change("DELETE", &format!("/v1/accounts/{account}"))
}

fn status(world: &World, account: AccountId) -> AccountStatus {
    block_on(account_by_id(&world.ports, account)).unwrap().unwrap().status
}

fn answered(answer: &ApiResponse, account: AccountId, status: &str) {
    assert_eq!(answer.status, 202, "{}", text(answer));
    assert_eq!(json(answer), json!({"account_id": account, "status": status}));
}

#[test]
fn unlinking_is_begun_and_twice_is_once() {
    let (world, account) = linked();
    for _ in 0..2 {
        answered(&unlink(&world, account), account, "unlinking");
        assert_eq!(status(&world, account), AccountStatus::Unlinking);
    }
    let told = world.ports.objects.sent::<Unlink>();
    assert!(told.len() == 2 && told.iter().all(|(object, _)| *object == account.to_string()));
    for nudge in world.ports.queues.on("BACKFILL_QUEUE") {
        assert_eq!(decode::<SyncMessage>(&nudge).unwrap().body, SyncMessage::Maintain { account });
    }
}

#[test]
fn the_operator_may_unlink_any_account() {
    let (world, account) = linked();
    world.forget_cookies();
    let target = |account: AccountId| format!("/v1/admin/accounts/{account}/unlink");
    answered(&world.admin("POST", &target(account), ""), account, "unlinking");
    assert_eq!(refusal(&world.admin("POST", &target(id(404)), "")), refused(404, "not_found"));
    let nobody = world.send(World::request("POST", &target(account)));
    assert_eq!(refusal(&nobody), refused(401, "unauthenticated"));
    block_on(finish_unlink(&world.ports, account)).unwrap();
    answered(&world.admin("POST", &target(account), ""), account, "unlinked");
}

#[test]
fn an_account_whose_object_is_gone_is_unlinked_at_once() {
    let (world, account) = linked();
    world.ports.objects.on(|_: &str, _: Unlink| Err(ObjectError::Gone));
    for _ in 0..2 {
        answered(&unlink(&world, account), account, "unlinked");
    }
    assert!(world.ports.queues.take().is_empty());
    assert_eq!(text(&world.get("/v1/accounts")), r#"{"accounts":[]}"#);
}

#[test]
fn the_wish_outlives_an_object_that_is_away() {
    let (world, account) = linked();
    world.ports.objects.set_unreachable(true);
    assert_eq!(refusal(&unlink(&world, account)), refused(503, "unavailable"));
    // Maintenance finds it there and tells the object.
    assert_eq!(status(&world, account), AccountStatus::Unlinking);
    world.ports.objects.set_unreachable(false);
    answered(&unlink(&world, account), account, "unlinking");
}

#[test]
fn an_account_that_leaves_says_so_and_is_linked_again_only_after() {
    let (world, account) = linked();
    world.ports.objects.on(move |_: &str, _: GetStatus| {
        Ok(ObjectStatus {
            account,
            state: AccountState::Active,
            overlay_ready: true,
            calendars: Vec::new(),
            dead_letters: 0,
        })
    });
    unlink(&world, account);
    assert_eq!(json(&world.get("/v1/accounts"))["accounts"][0]["status"], "unlinking");
    let created = || world.ports.objects.sent::<account::Create>().len();
    let before = created();
    assert_eq!(refusal(&world.link("work")), refused(409, "unlink_under_way"));
    assert_eq!(created(), before, "no object hears of it");
    block_on(finish_unlink(&world.ports, account)).unwrap();
    world.sign_in("bob");
    assert_eq!(world.linked("work"), account, "under its old id, for whoever links it now");
}

#[test]
fn an_object_that_is_not_through_refuses_a_link_too() {
    let world = World::new();
    world.sign_in("ann");
    world
        .ports
        .objects
        .on(|_: &str, _: account::Create| Err(ObjectError::Refused { reason: "unlinking".to_owned() }));
    assert_eq!(refusal(&world.link("work")), refused(409, "unlink_under_way"));
    let linked = world.ports.objects.called().iter().any(|call| call.command == graph::LinkAccount::NAME);
    assert!(!linked && world.ports.queues.take().is_empty());
}
