//! Rule 30: tokens are compared and set by version.

use tminus_account::contract::{GetStatus, ReportUnauthorized};
use tminus_simulation::Stage;
use tminus_simulation::world::Side;

use crate::support::{NINE, NOON, ONE, TEN, with_an_event};

const TOKENS: &str = "/* t */ SELECT encrypted_tokens, token_version FROM auth";

fn state(stage: &Stage) -> String {
    let status = stage.world.call(&stage.accounts[0].to_string(), &GetStatus {}).unwrap();
    status.state.as_str().to_owned()
}

/// The grant was revoked, an old refresh is on its way to its refusal, and the user consents again meanwhile.
#[test]
fn rule_30_the_refusal_of_an_old_refresh_does_not_revoke_a_new_consent() {
    let (mut stage, id) = with_an_event(30);
    let email = stage.emails[0].clone();
    stage.world.advance_millis(2 * 3_600_000);
    stage.shift(0, &id, NOON, ONE);
    stage.deliver_pushes();
    stage.world.google(|google| google.oauth.revoke(&email, None));
    stage.world.hold("oauth.token", Side::After);
    stage.deliver_first("SYNC_QUEUE");
    assert_eq!(stage.world.held(), 1);
    assert!(stage.world.link(&mut stage.person, &email).is_some());
    let tokens = stage.account(0, TOKENS);
    stage.world.resume();
    assert_eq!((state(&stage).as_str(), stage.account(0, TOKENS)), ("active", tokens));
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NOON, ONE)]));
}

/// The old refresh succeeds late: its token must not replace those of the new consent.
#[test]
fn rule_30_a_late_refresh_does_not_overwrite_a_new_consent() {
    let (mut stage, id) = with_an_event(30);
    let email = stage.emails[0].clone();
    stage.world.advance_millis(2 * 3_600_000);
    stage.shift(0, &id, NOON, ONE);
    stage.deliver_pushes();
    stage.world.hold("oauth.token", Side::After);
    stage.deliver_first("SYNC_QUEUE");
    assert!(stage.world.link(&mut stage.person, &email).is_some());
    let tokens = stage.account(0, TOKENS);
    stage.world.resume();
    assert_eq!(stage.account(0, TOKENS), tokens);
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NOON, ONE)]));
}

#[test]
fn rule_30_a_report_names_the_version_that_failed() {
    let stage = Stage::settled(30, 1);
    let account = stage.accounts[0].to_string();
    let tokens = stage.account(0, TOKENS);
    stage.world.call(&account, &ReportUnauthorized { token_version: 0 }).unwrap();
    stage.world.call(&account, &ReportUnauthorized { token_version: 99 }).unwrap();
    assert_eq!(stage.account(0, TOKENS), tokens, "neither is the present one");
    stage.world.call(&account, &ReportUnauthorized { token_version: 1 }).unwrap();
    assert_ne!(stage.account(0, TOKENS), tokens);
}

/// The list answers 401 for a token that was replaced while the list was on its way: the present one is kept.
#[test]
fn rule_30_a_late_401_costs_no_refresh_of_the_new_token() {
    let (mut stage, id) = with_an_event(30);
    let email = stage.emails[0].clone();
    stage.shift(0, &id, NOON, ONE);
    stage.deliver_pushes();
    stage.world.google(|google| google.expire_access_tokens(&email));
    stage.world.hold("events.list", Side::After);
    stage.deliver_first("SYNC_QUEUE");
    assert!(stage.world.link(&mut stage.person, &email).is_some());
    let refreshes = stage.world.calls("oauth.token");
    stage.world.resume();
    stage.settle();
    assert_eq!(stage.world.calls("oauth.token"), refreshes);
    assert_eq!(stage.shown(1), Stage::blocks(&[(NOON, ONE)]));
}

/// A grant that is gone is said once, to the registry too, and the account waits for a consent.
#[test]
fn rule_30_a_revoked_grant_stops_the_account_until_a_consent() {
    let (mut stage, id) = with_an_event(30);
    let email = stage.emails[0].clone();
    stage.world.google(|google| google.oauth.revoke(&email, None));
    stage.shift(0, &id, NOON, ONE);
    stage.settle();
    assert_eq!(state(&stage), "revoked");
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
    assert!(stage.world.link(&mut stage.person, &email).is_some());
    stage.settle();
    assert_eq!((state(&stage).as_str(), stage.shown(1)), ("active", Stage::blocks(&[(NOON, ONE)])));
}
