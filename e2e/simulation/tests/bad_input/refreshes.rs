//! Refreshes of an access token. Only a clear `invalid_grant` ends a consent: any doubt must not log people out.

use serde_json::json;
use tminus_account::contract::GetStatus;
use tminus_simulation::Stage;
use tminus_simulation::logs::logged;

use crate::support::{Bad, CANARY, heal, kept_nowhere, nothing_is_left, shows, slot};

/// A refusal of the token endpoint, with a text for people.
fn refused(status: u16, error: &str) -> Bad {
    Bad::Body(status, json!({"error": error, "error_description": CANARY}).to_string())
}

fn state(stage: &Stage) -> String {
    stage.world.call(&stage.accounts[0].to_string(), &GetStatus {}).unwrap().state.as_str().to_owned()
}

/// Both access tokens have ended and the next three refreshes are answered so: the accounts stay active, and when the
/// provider is well again everything is right without a new consent.
#[test]
fn a_refresh_that_fails_is_tried_again_and_logs_nobody_out() {
    let cases = [
        refused(401, "invalid_client"),
        refused(400, "unauthorized_client"),
        refused(400, "invalid_request"),
        refused(400, "redirect_uri_mismatch"),
        refused(400, "unsupported_grant_type"),
        refused(400, "internal_failure"),
        refused(403, "rate_limit_exceeded"),
        refused(429, "slow_down"),
        refused(500, "internal_failure"),
        refused(503, "temporarily_unavailable"),
        refused(500, "invalid_grant"),
        Bad::Body(400, format!("invalid_grant {CANARY}")),
        Bad::Body(400, json!({"error": {"code": "invalid_grant", "message": CANARY}}).to_string()),
        Bad::html(400),
        Bad::html(502),
        Bad::html(200),
        Bad::huge(200),
        Bad::huge(500),
        Bad::too_large(),
        Bad::Body(200, format!(r#"{{"access_token":"{CANARY}"#)),
        Bad::Body(200, json!({"expires_in": 3600}).to_string()),
        Bad::Body(200, json!({"access_token": [CANARY], "expires_in": 3600}).to_string()),
        Bad::Body(200, "null".to_owned()),
        Bad::Body(204, String::new()),
        Bad::Closed,
        Bad::Lost,
    ];
    let (stage, lines) = logged(|| {
        let mut stage = Stage::settled(201, 2);
        for (nth, bad) in cases.iter().enumerate() {
            let ((first, first_end), (second, second_end)) = (slot(2 * nth), slot(2 * nth + 1));
            stage.world.advance_millis(2 * 3_600_000);
            let _ = stage.add(0, "of the one that fails", &first, &first_end);
            let _ = stage.add(1, "of the other", &second, &second_end);
            bad.answer(&stage, "oauth.token", None, 3);
            stage.world.settle(60_000);
            assert_eq!(state(&stage), "active", "{}", bad.name());
            heal(&stage);
            stage.settle();
            assert!(shows(&stage, 1, 2 * nth) && shows(&stage, 0, 2 * nth + 1), "{}", bad.name());
        }
        stage
    });
    kept_nowhere(&stage, &lines);
    nothing_is_left(&stage);
}

/// An endpoint that is out for a day: nothing is lost, whatever messages were given up meanwhile.
#[test]
fn an_endpoint_that_is_out_for_a_day_loses_nothing() {
    for bad in [refused(500, "internal_failure"), refused(401, "invalid_client"), Bad::Closed, Bad::html(200)]
    {
        let mut stage = Stage::settled(202, 2);
        stage.world.advance_millis(2 * 3_600_000);
        bad.answer(&stage, "oauth.token", None, 0);
        let (start, end) = slot(0);
        let _ = stage.add(0, "waits", &start, &end);
        let before = stage.world.calls("oauth.token");
        stage.world.settle(86_400_000);
        let asked = stage.world.calls("oauth.token") - before;
        assert!((2..=400).contains(&asked), "{asked} times in a day: {}", bad.name());
        assert_eq!(state(&stage), "active");
        heal(&stage);
        stage.world.settle(2 * 3_600_000);
        assert!(shows(&stage, 1, 0), "{}", bad.name());
    }
}

#[test]
fn only_invalid_grant_ends_a_consent() {
    let (stage, lines) = logged(|| {
        let mut stage = Stage::settled(203, 2);
        for (nth, status) in [400, 401, 403].into_iter().enumerate() {
            let email = stage.emails[0].clone();
            stage.world.advance_millis(2 * 3_600_000);
            let (start, end) = slot(nth);
            let _ = stage.add(0, "waits", &start, &end);
            refused(status, "invalid_grant").answer(&stage, "oauth.token", None, 1);
            stage.world.settle(60_000);
            assert_eq!(state(&stage), "revoked", "{status}");
            assert!(!shows(&stage, 1, nth));
            let lists = stage.world.calls("events.list");
            stage.world.settle(3_600_000);
            assert!(stage.world.calls("events.list") <= lists + 2, "nothing is asked in vain");
            assert!(stage.world.link(&mut stage.person, &email).is_some());
            stage.settle();
            assert!(shows(&stage, 1, nth), "a new consent wakes it");
        }
        stage
    });
    kept_nowhere(&stage, &lines);
}

/// An answer that does not say how long the token lasts, or lies.
#[test]
fn a_lifetime_that_is_missing_or_absurd_is_survived() {
    for lifetime in [json!(null), json!(0), json!(-5), json!("3599"), json!(1e300), json!(i64::MAX)] {
        let mut stage = Stage::settled(204, 2);
        let wrong = lifetime.clone();
        stage.world.tamper(move |operation, answer| {
            if let (true, Ok(answer)) = (operation == "oauth.token", answer) {
                let mut tokens: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
                tokens["expires_in"] = wrong.clone();
                answer.body = serde_json::to_vec(&tokens).unwrap();
            }
        });
        stage.world.advance_millis(2 * 3_600_000);
        for nth in 0..3 {
            let (start, end) = slot(nth);
            let _ = stage.add(0, "shown", &start, &end);
            stage.world.settle(60_000);
            stage.world.advance_millis(3_600_000);
        }
        stage.world.no_tamper();
        stage.settle();
        assert_eq!(stage.shown(1).len(), 3, "{lifetime}");
        assert_eq!(state(&stage), "active");
    }
}
