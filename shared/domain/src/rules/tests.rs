//! The spelling of rules, and what is refused when they are set.

use super::*;

fn read(json: &str) -> Result<EdgeRules, serde_json::Error> {
    serde_json::from_str(json)
}

fn told(json: &str) -> String {
    read(json).unwrap().check().unwrap_err().to_string()
}

#[test]
fn nothing_is_the_default_and_every_default_is_spelled_out() {
    assert_eq!(read("{}").unwrap(), EdgeRules::default());
    assert_eq!(read(r#"{"filters":{},"shape":{}}"#).unwrap(), EdgeRules::default());
    assert_eq!(
        serde_json::to_value(EdgeRules::default()).unwrap(),
        serde_json::json!({
            "filters": {
                "declined": "skip", "tentative": "copy", "unanswered": "copy", "free_events": "skip",
                "all_day": "all", "skip_event_types": ["birthday", "workingLocation"], "working_hours": "any",
                "skip_titles": [], "skip_descriptions": [], "nosync_tag": "skip",
                "days_back": null, "days_ahead": null,
            },
            "shape": { "title": null, "color": null, "visibility": "as_level" },
        })
    );
    assert_eq!(EdgeRules::default().check(), Ok(()));
}

#[test]
fn stored_rules_lead_back() {
    let json = r##"{
        "filters": {
            "declined": "free", "tentative": "skip", "unanswered": "free", "free_events": "copy",
            "all_day": "busy", "skip_event_types": ["focusTime"], "working_hours": "inside",
            "skip_titles": ["^lunch\\b"], "skip_descriptions": ["zoom"], "nosync_tag": "ignore",
            "days_back": 30, "days_ahead": 0
        },
        "shape": { "title": "[Work] {title}", "color": 11, "visibility": "public" }
    }"##;
    let rules = read(json).unwrap();
    assert_eq!(rules.check(), Ok(()));
    assert_eq!(rules.filters.window(), Window { back: Some(30), ahead: Some(0) });
    assert_eq!(read(&serde_json::to_string(&rules).unwrap()).unwrap(), rules);
    assert_eq!(
        serde_json::to_value(&rules).unwrap(),
        serde_json::from_str::<serde_json::Value>(json).unwrap()
    );
}

#[test]
fn unknown_fields_and_words_are_refused() {
    for json in [
        r#"{"filter":{}}"#,
        r#"{"filters":{"decline":"skip"}}"#,
        r#"{"filters":{"declined":"copy"}}"#,
        r#"{"filters":{"skip_event_types":["party"]}}"#,
        r#"{"filters":{"days_back":-1}}"#,
        r#"{"filters":{"days_ahead":70000}}"#,
        r#"{"shape":{"colour":1}}"#,
        r#"{"shape":{"color":0}}"#,
        r#"{"shape":{"color":12}}"#,
        r#"{"shape":{"visibility":"hidden"}}"#,
    ] {
        assert!(read(json).is_err(), "{json}");
    }
}

#[test]
fn what_cannot_be_kept_is_told() {
    assert_eq!(
        told(r#"{"filters":{"days_back":3661}}"#),
        "events are copied at most 3660 days back or ahead"
    );
    assert_eq!(
        told(r#"{"filters":{"days_ahead":3661}}"#),
        "events are copied at most 3660 days back or ahead"
    );
    assert_eq!(read(r#"{"filters":{"days_back":3660}}"#).unwrap().check(), Ok(()));
    assert_eq!(
        told(r#"{"filters":{"skip_titles":["a", "[b"]}}"#),
        "the pattern \"[b\" is not a regular expression: non-empty character class has no closing bracket"
    );
    assert_eq!(told(r#"{"filters":{"skip_descriptions":[""]}}"#), "an empty pattern would match every event");
    assert_eq!(
        told(r#"{"shape":{"title":"{place}"}}"#),
        "a title template knows no placeholder {place}, only {title}"
    );
}

#[test]
fn patterns_are_counted_together() {
    let mut rules = EdgeRules::default();
    rules.filters.skip_titles = vec![Pattern::new("a".to_owned()); 12];
    rules.filters.skip_descriptions = vec![Pattern::new("a".to_owned()); 8];
    assert_eq!(rules.check(), Ok(()));
    rules.filters.skip_descriptions.push(Pattern::new("a".to_owned()));
    assert_eq!(rules.check(), Err(RuleError::TooManyPatterns));
    let mut rules = EdgeRules::default();
    rules.filters.skip_event_types = vec![EventType::Birthday; 33];
    assert_eq!(rules.check(), Err(RuleError::TooManyEventTypes));
}
