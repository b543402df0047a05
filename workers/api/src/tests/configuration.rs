use super::settings;
use crate::Config;

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let error = Config::load(|_| None).unwrap_err();
    assert_eq!(
        error.problems,
        [
            "GOOGLE_CLIENT_ID is missing",
            "GOOGLE_CLIENT_SECRET is missing",
            "GOOGLE_AUTH_BASE_URL is missing",
            "GOOGLE_OAUTH_BASE_URL is missing",
            "PUBLIC_API_URL is missing",
            "STATE_KEYS is missing",
            "ADMIN_TOKEN_HASHES is missing",
        ]
    );
}

#[test]
fn what_is_malformed_is_named_and_not_shown() {
    let hash = "0".repeat(64);
    let three = format!("{hash},{hash},{hash}");
    let bad = [
        ("STATE_KEYS", "planted"),
        ("ADMIN_TOKEN_HASHES", "planted"),
        ("ADMIN_TOKEN_HASHES", ""),
        ("ADMIN_TOKEN_HASHES", &three),
        ("PUBLIC_API_URL", "planted"),
    ];
    for (name, value) in bad {
        let mut settings = settings();
        settings.insert(name.to_owned(), value.to_owned());
        let error = Config::load(|name| settings.get(name).cloned()).unwrap_err();
        assert_eq!(error.problems.len(), 1, "{error}");
        assert!(error.to_string().contains(name) && !error.to_string().contains("planted"), "{error}");
    }
}

#[test]
fn no_key_both_signs_and_seals_and_none_is_shown() {
    let settings = settings();
    let config = Config::load(|name| settings.get(name).cloned()).unwrap();
    for id in ["k1", "k2"] {
        let (signs, seals) = (config.state_keys.get(id).unwrap(), config.cookie_keys.get(id).unwrap());
        assert_ne!(signs, seals);
    }
    assert_eq!(config.cookie_keys.current().0, "k2");
    assert!(!format!("{config:?}").contains("client-secret"));
}
