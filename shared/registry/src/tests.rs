//! The registry on real SQLite.

mod unlink;

use futures::executor::block_on;
use tminus_domain::ids::{AccountId, ChannelId, DeadLetterId, PrefixedId, Ulid};
use tminus_domain::time::Timestamp;

use crate::accounts::{
    AccountStatus, NewAccount, account_by_id, accounts_of_user, find_account_by_subject, set_account_status,
    set_channel, upsert_account,
};
use crate::dead_letters::{IndexedLetter, index_dead_letter, newest_dead_letters};
use crate::maintenance::accounts_needing_maintenance;
use crate::oauth_states::{forget_states, use_state_once};
use crate::users::{NewUser, create_user_with_org, find_user_by_subject};
use crate::{RegistryError, RegistrySql as _, SqliteRegistry, Subject};

fn id<I: PrefixedId>(number: u128) -> I {
    I::from_ulid(Ulid::from_parts(1_767_225_600_000, number))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_767_225_600_000).plus_seconds(seconds)
}

fn person(number: u128, subject: &str, email: &str) -> NewUser {
    NewUser {
        org: id(number),
        user: id(number),
        subject: Subject::google(subject),
        email: email.to_owned(),
        now: at(0),
    }
}

fn account(number: u128, user: u128, subject: &str) -> NewAccount {
    NewAccount {
        account: id(number),
        user: id(user),
        subject: Subject::google(subject),
        email: format!("{subject}@example.com"),
        now: at(0),
    }
}

/// A registry with the people 1 and 2.
fn registry() -> SqliteRegistry {
    let registry = SqliteRegistry::in_memory().unwrap();
    for (number, subject) in [(1, "one"), (2, "two")] {
        let new = person(number, subject, &format!("{subject}@example.com"));
        assert_eq!(block_on(create_user_with_org(&registry, &new)), Ok(new.user));
    }
    registry
}

fn count(registry: &SqliteRegistry, table: &str) -> i64 {
    let statement = format!("/* count */ SELECT COUNT(*) FROM {table}");
    block_on(registry.query(&statement, &[])).unwrap()[0].get(0).unwrap()
}

#[test]
fn creating_a_user_twice_is_once() {
    let registry = registry();
    let again = person(9, "one", "one@example.com");
    assert_eq!(block_on(create_user_with_org(&registry, &again)), Ok(id(1)));
    assert_eq!((count(&registry, "users"), count(&registry, "orgs")), (2, 2));
}

#[test]
fn an_address_does_not_prove_a_person_and_a_refusal_leaves_nothing() {
    let registry = registry();
    let heir = person(9, "nine", "one@example.com");
    assert_eq!(block_on(create_user_with_org(&registry, &heir)), Err(RegistryError::EmailTaken));
    assert_eq!(block_on(find_user_by_subject(&registry, &heir.subject)), Ok(None));
    assert_eq!((count(&registry, "users"), count(&registry, "orgs")), (2, 2));
}

#[test]
fn linking_twice_is_once_and_renews_the_status() {
    let registry = registry();
    let first = block_on(upsert_account(&registry, &account(1, 1, "work"))).unwrap();
    block_on(set_account_status(&registry, first.account, AccountStatus::Revoked)).unwrap();
    let second = block_on(upsert_account(&registry, &account(2, 1, "work"))).unwrap();
    assert_eq!(second, first);
    assert_eq!(second.status, AccountStatus::Active);
    assert_eq!(block_on(accounts_of_user(&registry, id(1))).unwrap(), [first]);
}

#[test]
fn an_account_of_another_person_is_refused_unchanged() {
    let registry = registry();
    let first = block_on(upsert_account(&registry, &account(1, 1, "work"))).unwrap();
    let theirs = NewAccount { email: "x@example.com".to_owned(), ..account(2, 2, "work") };
    assert_eq!(block_on(upsert_account(&registry, &theirs)), Err(RegistryError::AccountTaken));
    assert_eq!(block_on(find_account_by_subject(&registry, &first.subject)).unwrap(), Some(first));
}

#[test]
fn a_linked_account_signs_its_owner_in_and_an_identity_goes_first() {
    let registry = registry();
    block_on(upsert_account(&registry, &account(1, 1, "work"))).unwrap();
    block_on(upsert_account(&registry, &account(2, 1, "two"))).unwrap();
    let who = |subject| block_on(find_user_by_subject(&registry, &Subject::google(subject))).unwrap();
    assert_eq!(who("work"), Some(id(1)));
    assert_eq!(who("two"), Some(id(2)));
    assert_eq!(who("nobody"), None);
}

#[test]
fn accounts_come_by_urgency_a_page_at_a_time() {
    let registry = registry();
    let expiries = [None, Some(50), Some(10), Some(999), Some(10), None];
    for (number, expiry) in (1_u32..).zip(expiries) {
        let new =
            block_on(upsert_account(&registry, &account(number.into(), 1, &format!("s{number}")))).unwrap();
        block_on(set_channel(&registry, new.account, expiry.map(|s| (id(number.into()), at(s))))).unwrap();
    }
    block_on(set_account_status(&registry, id(6), AccountStatus::Error)).unwrap();
    let walk = |limit| {
        let (mut seen, mut end) = (Vec::new(), None);
        loop {
            let page =
                block_on(accounts_needing_maintenance(&registry, at(100), limit, end.as_ref())).unwrap();
            seen.extend(page.accounts);
            end = page.next;
            if end.is_none() {
                return seen;
            }
        }
    };
    let expected: Vec<AccountId> = [3, 5, 2, 1].map(id).to_vec();
    for limit in [1, 2, 3, 100] {
        assert_eq!(walk(limit), expected, "pages of {limit}");
    }
}

#[test]
fn a_channel_is_recorded_and_forgotten() {
    let registry = registry();
    let new = block_on(upsert_account(&registry, &account(1, 1, "work"))).unwrap();
    let channel: ChannelId = id(4);
    block_on(set_channel(&registry, new.account, Some((channel, at(7))))).unwrap();
    let stored = block_on(account_by_id(&registry, new.account)).unwrap().unwrap();
    assert_eq!((stored.channel, stored.channel_expires_at), (Some(channel), Some(at(7))));
    block_on(set_channel(&registry, new.account, None)).unwrap();
    let stored = block_on(account_by_id(&registry, new.account)).unwrap().unwrap();
    assert_eq!((stored.channel, stored.channel_expires_at), (None, None));
}

#[test]
fn indexing_a_letter_twice_is_once() {
    let registry = registry();
    let letter = |number| IndexedLetter {
        letter: id::<DeadLetterId>(number),
        object: "acc_unroutable".to_owned(),
        queue: "tminus-sync".to_owned(),
        reason: "undecodable".to_owned(),
        created_at: at(0),
    };
    for number in [1, 2, 1] {
        block_on(index_dead_letter(&registry, &letter(number))).unwrap();
    }
    assert_eq!(block_on(newest_dead_letters(&registry, 10)).unwrap(), [letter(2), letter(1)]);
}

#[test]
fn a_state_is_used_once_and_its_row_is_swept_later() {
    let registry = registry();
    let once = || block_on(use_state_once(&registry, "h", at(600))).unwrap();
    assert!(once());
    assert!(!once());
    block_on(forget_states(&registry, at(600))).unwrap();
    assert!(!once());
    block_on(forget_states(&registry, at(601))).unwrap();
    assert_eq!(count(&registry, "oauth_states"), 0);
}

#[test]
fn nothing_personal_shows_in_debug() {
    let registry = registry();
    let new = account(1, 1, "planted");
    let stored = block_on(upsert_account(&registry, &new)).unwrap();
    let shown = format!("{new:?} {stored:?} {:?}", person(1, "planted", "planted@example.com"));
    assert!(!shown.contains("planted"), "{shown}");
}
