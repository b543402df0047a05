//! Grants that are refused, at the wrong time (protocol rules 29 and 30).

use tminus_simulation::Stage;
use tminus_simulation::world::Side;

use crate::support::{NINE, NOON, ONE, TEN, stage, unlink};

/// An old refresh is on its way to its refusal, the user consents again, maintenance ends and a run begins under the
/// new consent: the refusal does not end that run, and nothing is left dirty without a timer.
#[test]
fn a_refusal_that_comes_late_does_not_end_a_run_of_the_new_consent() {
    let mut stage = Stage::settled(30, 2);
    let id = stage.add(0, "secret", NINE, TEN);
    stage.settle();
    let email = stage.emails[0].clone();
    stage.world.advance_millis(2 * 3_600_000);
    stage.shift(0, &id, NOON, ONE);
    stage.deliver_pushes();
    stage.world.google(|google| google.oauth.revoke(&email, None));
    stage.world.hold("oauth.token", Side::After);
    stage.deliver_first("SYNC_QUEUE");
    assert_eq!(stage.world.held(), 1);
    assert!(stage.world.link(&mut stage.person, &email).is_some());
    stage.run_until(|stage| !stage.queued("DELTA_QUEUE").is_empty());
    stage.run_until(|stage| {
        stage.account(0, "/* m */ SELECT 1 FROM account WHERE maintainer IS NOT NULL").is_empty()
    });
    stage.world.resume();
    stage.lose_pushes();
    stage.settle();
    assert_eq!(stage.of_primary(0, "dirty"), "0");
    assert_eq!(stage.shown(1), Stage::blocks(&[(NOON, ONE)]));
}

/// The owner took the grant away, and every step of unlinking is refused a token: none of them asks for maintenance
/// at once, so that the token endpoint is not asked again and again.
#[test]
fn unlinking_without_a_grant_asks_for_few_tokens() {
    let mut stage = stage(2);
    let email = stage.emails[1].clone();
    stage.world.advance_millis(2 * 3_600_000);
    stage.world.google(|google| google.oauth.revoke(&email, None));
    unlink(&mut stage);
    let (tokens, messages) = (stage.world.calls("oauth.token"), stage.world.delivered().len());
    stage.settle();
    let (tokens, messages) =
        (stage.world.calls("oauth.token") - tokens, stage.world.delivered().len() - messages);
    assert!(tokens < 20 && messages < 40, "{tokens} tokens, {messages} messages");
    assert_eq!(stage.shown(0), []);
}
