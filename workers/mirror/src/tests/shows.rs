//! What a mirror shows is what was wished, after all that the provider makes of it.

use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use serde_json::{Value, json};
use tminus_domain::event::{Visibility, When};
use tminus_domain::occurrence::Occurrence;
use tminus_domain::projection::{Color, MirrorBody};
use tminus_domain::recurrence::canonical_lines;
use tminus_google::list_query::EVENT_FIELDS;
use tminus_google::{Event, EventDateTime, shown_hash};
use tminus_user_graph::contract::MirrorAction;

use super::fake::Fake;
use super::{START, block, mark, series};
use crate::body;

const ZONES: [&str; 5] =
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"];

fn zone() -> impl Strategy<Value = String> {
    proptest::sample::select(&ZONES[..]).prop_map(str::to_owned)
}

fn timed() -> impl Strategy<Value = When> {
    (0..2_500_000_i64, 0..900_000_i64, zone(), proptest::option::of(zone())).prop_map(
        |(start, length, zone, end)| {
            // Whole seconds: the provider knows no parts of them.
            let start = START.plus_seconds(start.saturating_mul(600));
            When::timed(start, start.plus_seconds(length), Some(zone)).unwrap().ending_in(end)
        },
    )
}

fn all_day() -> impl Strategy<Value = When> {
    (0..20_000_u64, 1..40_u64).prop_map(|(first, length)| {
        let first = NaiveDate::default().checked_add_days(Days::new(first)).unwrap();
        When::all_day(first, first.checked_add_days(Days::new(length)).unwrap()).unwrap()
    })
}

fn lines() -> impl Strategy<Value = Vec<String>> {
    let rule = prop_oneof![
        Just("RRULE:FREQ=WEEKLY;WKST=SU;BYDAY=WE,MO"),
        Just("RRULE:FREQ=DAILY;INTERVAL=2;COUNT=9"),
        Just("RRULE:COUNT=3;FREQ=MONTHLY;BYDAY=-1FR"),
        Just("RRULE:FREQ=YEARLY;UNTIL=20990101"),
    ];
    let dates = prop_oneof![
        Just(vec![]),
        Just(vec!["EXDATE;TZID=Europe/Berlin:20260309T100000,20260302T100000"]),
        Just(vec!["RDATE:20300102T030405Z", "EXDATE;VALUE=DATE:20260302"]),
    ];
    // A mirror's lines are in their canonical spelling.
    (rule, dates).prop_map(|(rule, mut lines)| {
        lines.push(rule);
        canonical_lines(&lines.into_iter().map(str::to_owned).collect::<Vec<_>>())
    })
}

fn text() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("\\PC{1,30}")
}

/// Any block; a series if it has lines.
fn any_body() -> impl Strategy<Value = MirrorBody> {
    let visibility =
        proptest::sample::select(vec![Visibility::Default, Visibility::Public, Visibility::Private]);
    let color = proptest::option::of((1..=11_u8).prop_map(|color| Color::try_from(color).unwrap()));
    let when = prop_oneof![timed(), all_day()];
    let lines = prop_oneof![Just(Vec::new()), lines()];
    let flags = (any::<bool>(), any::<bool>());
    (("\\PC{0,30}", text(), text()), when, lines, visibility, color, flags).prop_map(
        |((summary, description, location), when, recurrence, visibility, color, (tentative, free))| {
            let when = if recurrence.is_empty() { without_zone(when) } else { when };
            MirrorBody {
                summary,
                description,
                location,
                when,
                recurrence,
                tentative,
                free,
                visibility,
                color,
            }
        },
    )
}

fn without_zone(when: When) -> When {
    match when {
        When::Timed { start, end, .. } => When::timed(start, end, None).unwrap(),
        days @ When::AllDay { .. } => days,
    }
}

/// The only event that a list shows, by the fields that are asked for.
fn listed(fake: &Fake) -> Event {
    let path = format!("/calendar/v3/calendars/primary/events?fields=items({EVENT_FIELDS})");
    let page = fake.call("GET", &path, &Value::Null);
    let items = page["items"].as_array().unwrap();
    serde_json::from_value(items.last().unwrap().clone()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_mirror_shows_what_was_wished(wished in any_body(), zone in zone()) {
        let fake = Fake::new(&zone);
        fake.fact(None, MirrorAction::Insert { body: wished.clone() });
        prop_assert_eq!(shown_hash(&listed(&fake)), wished.hash());
    }

    #[test]
    fn an_instance_shows_what_was_wished(wished in any_body(), zone in zone()) {
        let fake = Fake::new(&zone);
        // An instance is as visible as its series: a stricter one would hide the series, a looser one is ignored.
        let of = MirrorBody { visibility: wished.visibility, ..series() };
        let wished = MirrorBody { recurrence: Vec::new(), when: without_zone(wished.when.clone()), ..wished };
        fake.fact(None, MirrorAction::Insert { body: of });
        let second = Occurrence::At(START.plus_seconds(7 * 86_400));
        fake.fact(Some(second), MirrorAction::Update { body: wished.clone(), etag: None });
        let shown = listed(&fake);
        prop_assert!(shown.recurring_event_id.is_some());
        prop_assert_eq!(shown_hash(&shown), wished.hash());
    }
}

#[test]
fn a_colour_is_compared_where_we_wrote_one() {
    let red = MirrorBody { color: Some(Color::try_from(11).unwrap()), ..block() };
    for (wished, is_drift) in [(block(), false), (red, true)] {
        let fake = Fake::new("UTC");
        fake.fact(None, MirrorAction::Insert { body: wished.clone() });
        fake.patch(&mark().provider_event_id(), &json!({"colorId": "5"}));
        assert_eq!(shown_hash(&listed(&fake)) != wished.hash(), is_drift);
        fake.patch(&mark().provider_event_id(), &json!({"colorId": "5", "summary": "Theirs"}));
        assert_ne!(shown_hash(&listed(&fake)), wished.hash());
    }
}

#[test]
fn a_series_is_in_a_zone_at_both_ends_and_a_block_in_none() {
    let zones = |body: &MirrorBody| {
        let event = body::event(&mark(), body);
        let zone = |at: Option<EventDateTime>| at.and_then(|at| at.time_zone);
        (zone(event.start), zone(event.end))
    };
    let (berlin, tokyo) = (Some("Europe/Berlin".to_owned()), Some("Asia/Tokyo".to_owned()));
    assert_eq!(zones(&series()), (berlin.clone(), berlin.clone()));
    let abroad = MirrorBody { when: series().when.ending_in(tokyo.clone()), ..series() };
    assert_eq!(zones(&abroad), (berlin, tokyo));
    assert_eq!(zones(&MirrorBody { recurrence: Vec::new(), ..series() }), (None, None));
}

#[test]
fn an_instance_is_written_as_one_that_was_read() {
    let second = Occurrence::from_stamp("20260309T090000Z").unwrap();
    let event = body::instance(&mark(), second, &block());
    assert_eq!((event.id, event.recurrence.len()), (None, 0));
    assert_eq!(event.recurring_event_id, Some(mark().provider_event_id()));
    assert_eq!(event.original_start_time.unwrap().date_time.unwrap(), "2026-03-09T09:00:00.000Z");
}
