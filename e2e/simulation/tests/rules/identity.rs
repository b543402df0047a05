//! Rules 33 to 35: who signs in, which keys are whose, and what no log holds.

use tminus_ports::ObjectClass;
use tminus_simulation::Stage;
use tminus_simulation::logs::logged;
use tminus_simulation::stage::second_calendar;
use tminus_simulation::world::{Browser, World};

use crate::support::{NINE, NOON, ONE, TEN, change_account, fail, lose_answers};

/// The consent page's answer is used twice, and by another browser.
#[test]
fn rule_33_an_answer_of_the_consent_page_works_once_and_in_its_browser() {
    let world = World::new(33);
    world.person_at_google("ada@example.com");
    let mut browser = Browser::default();
    let callback = world.begin_consent(&mut browser, "/v1/auth/signin", &[("login_hint", "ada@example.com")]);
    let (path, query) = callback.unwrap();
    let stranger = world.api(&mut Browser::default(), "GET", &path, &query).unwrap();
    assert_eq!(stranger.status, 400);
    assert_eq!(world.api(&mut browser, "GET", &path, &query).unwrap().status, 200);
    assert_ne!(world.api(&mut browser, "GET", &path, &query).unwrap().status, 200);
}

#[test]
fn rule_33_an_account_of_another_user_is_refused() {
    let mut stage = Stage::settled(33, 1);
    stage.world.person_at_google("eve@example.com");
    let mut eve = stage.world.sign_in("eve@example.com");
    let theirs = stage.emails[0].clone();
    let tokens = stage.account(0, "/* t */ SELECT encrypted_tokens FROM auth");
    let query = [("login_hint", theirs.as_str())];
    let (path, query) = stage.world.begin_consent(&mut eve.browser, "/v1/auth/link", &query).unwrap();
    assert_eq!(stage.world.api(&mut eve.browser, "GET", &path, &query).unwrap().status, 409);
    stage.settle();
    assert_eq!(stage.account(0, "/* t */ SELECT encrypted_tokens FROM auth"), tokens);
    let graph = stage.world.rows(
        ObjectClass::UserGraph,
        &eve.user.to_string(),
        "/* t */ SELECT name FROM sqlite_master",
    );
    assert_eq!(graph.len(), 0);
}

/// The tokens of one account, put into another's object, do not open there: nothing is called with them.
#[test]
fn rule_34_sealed_tokens_open_only_for_their_account() {
    let mut stage = Stage::settled(34, 2);
    let row = |stage: &Stage, column: &str| {
        let statement = format!("/* t */ SELECT {column} FROM auth");
        let rows = stage.world.rows(ObjectClass::Account, &stage.accounts[0].to_string(), &statement);
        rows[0].get::<String>(0).unwrap()
    };
    let (sealed, wrapped) = (row(&stage, "encrypted_tokens"), row(&stage, "wrapped_key"));
    change_account(
        &stage,
        1,
        &format!("UPDATE auth SET encrypted_tokens = '{sealed}', wrapped_key = '{wrapped}'"),
    );
    let lists = stage.world.calls("events.list");
    let _ = stage.add(1, "secret", NINE, TEN);
    stage.world.settle(60_000);
    assert_eq!(stage.world.calls("events.list"), lists);
    assert_eq!(stage.shown(0), []);
}

/// A life with failures, logged in full: no address, title, calendar id or token stands in a line or in what is
/// kept of a failure.
#[test]
fn rule_35_no_log_holds_what_is_personal() {
    let (stage, lines) = logged(|| {
        let mut stage = Stage::linked(35, 2);
        stage.settle();
        let id = stage.add(0, "secret title", NINE, TEN);
        stage.settle();
        for (operation, status, reason) in [
            ("events.list", 404, "notFound"),
            ("events.list", 500, "backendError"),
            ("batch", 403, "quotaExceeded"),
            ("events.update", 400, "invalid"),
            ("oauth.token", 500, "backendError"),
            ("events.watch", 403, "forbidden"),
            ("calendarList.list", 503, "backendError"),
        ] {
            fail(&stage, operation, 1, status, reason);
        }
        lose_answers(&stage, "events.list", 1);
        stage.shift(0, &id, NOON, ONE);
        stage.world.advance_millis(6 * 86_400_000 + 3_600_000);
        stage.world.run_cron();
        stage.settle();
        stage.world.redeliver("SYNC_QUEUE", r#"{"ada@example.com": "secret title"}"#.to_owned());
        stage.settle();
        stage
    });
    assert!(lines.len() > 100, "only {} lines", lines.len());
    let mut personal = vec!["secret title".to_owned(), "example.com".to_owned(), "ya29".to_owned()];
    personal.extend(stage.emails.iter().map(|email| second_calendar(email)));
    personal.extend((0..2).map(|account| stage.overlay(account)));
    for line in &lines {
        for word in &personal {
            assert!(!line.contains(word.as_str()), "{word} in {line}");
        }
    }
    for account in 0..2 {
        let kept = stage.account(account, "/* k */ SELECT reason, body FROM dead_letters");
        assert!(kept.iter().all(|row| personal.iter().all(|word| !row.contains(word.as_str()))), "{kept:?}");
    }
    let errors =
        stage.graph("/* e */ SELECT error_message FROM event_mirrors WHERE error_message IS NOT NULL");
    assert!(errors.iter().all(|row| personal.iter().all(|word| !row.contains(word.as_str()))), "{errors:?}");
}
