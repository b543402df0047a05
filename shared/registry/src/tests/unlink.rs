//! Unlinking: what it takes from an account's row, and who may link it again.

use super::*;
use crate::dead_letters::forget_dead_letter;
use crate::unlink::{begin_unlink, finish_unlink};

fn linked(registry: &SqliteRegistry) -> AccountId {
    let account = block_on(upsert_account(registry, &account(1, 1, "work"))).unwrap().account;
    block_on(set_channel(registry, account, Some((id(4), at(7))))).unwrap();
    account
}

fn begin(registry: &SqliteRegistry, account: AccountId, user: u128) -> Option<AccountStatus> {
    block_on(begin_unlink(registry, account, id(user))).unwrap()
}

fn status(registry: &SqliteRegistry, account: AccountId) -> AccountStatus {
    block_on(account_by_id(registry, account)).unwrap().unwrap().status
}

#[test]
fn unlinking_twice_is_once_and_only_the_owner_may() {
    let registry = registry();
    let account = linked(&registry);
    assert_eq!((begin(&registry, account, 2), begin(&registry, id(9), 1)), (None, None));
    assert_eq!(status(&registry, account), AccountStatus::Active);
    for _ in 0..2 {
        assert_eq!(begin(&registry, account, 1), Some(AccountStatus::Unlinking));
    }
    for _ in 0..2 {
        block_on(finish_unlink(&registry, account)).unwrap();
        let row = block_on(account_by_id(&registry, account)).unwrap().unwrap();
        assert_eq!((row.status, row.email.as_str()), (AccountStatus::Unlinked, ""));
        assert_eq!((row.channel, row.channel_expires_at), (None, None));
    }
    assert_eq!(begin(&registry, account, 1), Some(AccountStatus::Unlinked));
    assert_eq!(block_on(accounts_of_user(&registry, id(1))), Ok(Vec::new()));
    assert_eq!(block_on(find_user_by_subject(&registry, &Subject::google("work"))), Ok(None));
}

#[test]
fn nothing_is_finished_that_was_not_begun() {
    let registry = registry();
    let account = linked(&registry);
    block_on(finish_unlink(&registry, account)).unwrap();
    let row = block_on(account_by_id(&registry, account)).unwrap().unwrap();
    assert_eq!((row.status, row.email.as_str()), (AccountStatus::Active, "work@example.com"));
}

#[test]
fn what_was_under_way_before_does_not_bring_an_account_back() {
    let registry = registry();
    let account = linked(&registry);
    begin(&registry, account, 1);
    for late in [AccountStatus::Active, AccountStatus::Revoked] {
        block_on(set_account_status(&registry, account, late)).unwrap();
        assert_eq!(status(&registry, account), AccountStatus::Unlinking);
    }
    block_on(finish_unlink(&registry, account)).unwrap();
    block_on(set_account_status(&registry, account, AccountStatus::Active)).unwrap();
    block_on(set_channel(&registry, account, Some((id(4), at(7))))).unwrap();
    let row = block_on(account_by_id(&registry, account)).unwrap().unwrap();
    assert_eq!((row.status, row.channel), (AccountStatus::Unlinked, None));
}

#[test]
fn relinking_waits_and_is_then_open_to_anybody() {
    let registry = registry();
    let first = linked(&registry);
    begin(&registry, first, 1);
    for user in [1, 2] {
        let again = account(8, user, "work");
        assert_eq!(block_on(upsert_account(&registry, &again)), Err(RegistryError::UnlinkUnderWay));
    }
    block_on(finish_unlink(&registry, first)).unwrap();
    let theirs = NewAccount { now: at(60), ..account(8, 2, "work") };
    let relinked = block_on(upsert_account(&registry, &theirs)).unwrap();
    assert_eq!((relinked.account, relinked.user, relinked.status), (first, id(2), AccountStatus::Active));
    assert_eq!((relinked.email.as_str(), relinked.created_at), ("work@example.com", at(60)));
    // It is theirs now, and a repeat of what ended the first link does not touch it.
    block_on(finish_unlink(&registry, first)).unwrap();
    assert_eq!((begin(&registry, first, 1), status(&registry, first)), (None, AccountStatus::Active));
    let mine = account(9, 1, "work");
    assert_eq!(block_on(upsert_account(&registry, &mine)), Err(RegistryError::AccountTaken));
}

#[test]
fn accounts_being_unlinked_are_looked_after_whatever_their_channels() {
    let registry = registry();
    let account = linked(&registry);
    block_on(set_channel(&registry, account, Some((id(4), at(9_999))))).unwrap();
    let due = || block_on(accounts_needing_maintenance(&registry, at(0), 10, None)).unwrap().accounts;
    assert_eq!(due(), []);
    begin(&registry, account, 1);
    assert_eq!(due(), [account]);
    block_on(finish_unlink(&registry, account)).unwrap();
    assert_eq!(due(), []);
}

#[test]
fn letters_are_forgotten_by_themselves_and_with_their_account() {
    let registry = registry();
    let account = linked(&registry);
    for (number, object) in [(1, account.to_string()), (2, account.to_string()), (3, "acc_unroutable".into())]
    {
        let letter = IndexedLetter {
            letter: id::<DeadLetterId>(number),
            object,
            queue: "tminus-sync".to_owned(),
            reason: "retries used up".to_owned(),
            created_at: at(0),
        };
        block_on(index_dead_letter(&registry, &letter)).unwrap();
    }
    let left = || {
        let letters = block_on(newest_dead_letters(&registry, 10)).unwrap();
        letters.into_iter().map(|letter| letter.letter).collect::<Vec<_>>()
    };
    block_on(forget_dead_letter(&registry, "acc_unroutable", id(1))).unwrap();
    assert_eq!(left(), [id(3), id(2), id(1)]);
    for _ in 0..2 {
        block_on(forget_dead_letter(&registry, &account.to_string(), id(1))).unwrap();
        assert_eq!(left(), [id(3), id(2)]);
    }
    // Only with an account that is unlinked.
    block_on(finish_unlink(&registry, account)).unwrap();
    assert_eq!(left(), [id(3), id(2)]);
    begin(&registry, account, 1);
    block_on(finish_unlink(&registry, account)).unwrap();
    assert_eq!(left(), [id(3)]);
}
