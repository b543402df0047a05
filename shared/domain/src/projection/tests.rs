//! Events and lenses for the tests, the properties of every projection, and hashes that must not change.

mod filters;
mod shape;

use proptest::prelude::*;

use super::*;
use crate::event::{EventContent, EventType, Organizer, OwnResponse, SeriesPart, Status, Transparency};
use crate::ids::{AccountId, CalendarId, PrefixedId, Ulid};
use crate::policy::{CalendarKind, DetailLevel, Edge};
use crate::rules::{
    AllDay, Answer, Declined, EdgeRules, Filters, FreeEvents, HoursFilter, NosyncTag, Shape, ShownTo,
};
use crate::template::TitleTemplate;
use crate::time::Timestamp;

const LEVELS: [DetailLevel; 3] = [DetailLevel::Busy, DetailLevel::Title, DetailLevel::Full];

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn timed(start: &str, end: &str) -> When {
    When::timed(at(start), at(end), Some("Europe/Berlin".to_owned())).unwrap()
}

fn days(start: &str, end: &str) -> When {
    When::all_day(start.parse().unwrap(), end.parse().unwrap()).unwrap()
}

/// A meeting on a Monday, 9 to 10 in Berlin.
fn event() -> EventContent {
    EventContent {
        title: Some("Secret plan".to_owned()),
        description: Some("What we do".to_owned()),
        location: Some("Room 1".to_owned()),
        when: timed("2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z"),
        status: Status::Confirmed,
        visibility: Visibility::Default,
        transparency: Transparency::Opaque,
        event_type: EventType::Default,
        own_response: OwnResponse::Accepted,
        organizer: Organizer::Own,
        series: SeriesPart::Single,
        ical_uid: None,
        sequence: 0,
    }
}

fn with_rules(detail: DetailLevel, rules: EdgeRules) -> Lens {
    let edge = Edge {
        target_account: AccountId::from_ulid(Ulid::from_parts(1, 1)),
        target_calendar: CalendarId::from_ulid(Ulid::from_parts(1, 2)),
        detail,
        kind: CalendarKind::BusyOverlay,
        rules,
    };
    Lens::new(edge, None).unwrap()
}

fn with_filters(filters: Filters) -> Lens {
    with_rules(DetailLevel::Busy, EdgeRules { filters, shape: Shape::default() })
}

fn plain(detail: DetailLevel) -> Lens {
    with_rules(detail, EdgeRules::default())
}

fn now() -> Timestamp {
    at("2026-03-01T12:00:00Z")
}

fn body(lens: &Lens, content: &EventContent) -> MirrorBody {
    match lens.project(content, None, now()) {
        Projection::Shown(body) => body,
        Projection::Filtered(reason) => panic!("filtered: {reason}"),
    }
}

fn any_when() -> impl Strategy<Value = When> {
    let zone = || proptest::option::of(prop_oneof![Just("Europe/Berlin".to_owned()), Just("UTC".to_owned())]);
    let timed =
        (0..4_000_000_000_i64, 0..9_000_000_i64, zone(), zone()).prop_map(|(start, length, zone, end)| {
            let start = Timestamp::from_millis(start);
            When::timed(start, start.plus_millis(length), zone).unwrap().ending_in(end)
        });
    let day = |days| chrono::NaiveDate::default() + chrono::Days::new(days);
    let all_day = (0..400_u64, 0..9_u64)
        .prop_map(move |(start, length)| When::all_day(day(start), day(start + length)).unwrap());
    prop_oneof![3 => timed, 1 => all_day]
}

fn any_series() -> impl Strategy<Value = SeriesPart> {
    let line = prop_oneof![
        Just("RRULE:FREQ=DAILY"),
        Just("EXDATE:19700101T000000Z"),
        Just("zone"),
        Just("UTC"),
        Just("")
    ];
    let lines = proptest::collection::vec(line.prop_map(str::to_owned), 1..4);
    prop_oneof![2 => Just(SeriesPart::Single), 1 => lines.prop_map(|lines| SeriesPart::Master { lines })]
}

/// Any event, with private texts that may carry the tag.
fn any_event() -> impl Strategy<Value = EventContent> {
    let text = || proptest::option::of(prop_oneof![4 => ".{0,12}", 1 => Just("x #nosync".to_owned())]);
    let states = (
        prop_oneof![Just(Status::Confirmed), Just(Status::Tentative), Just(Status::Cancelled)],
        prop_oneof![Just(Visibility::Default), Just(Visibility::Public), Just(Visibility::Private)],
        prop_oneof![3 => Just(Transparency::Opaque), 1 => Just(Transparency::Transparent)],
        prop_oneof![
            3 => Just(EventType::Default),
            1 => Just(EventType::Birthday),
            1 => Just(EventType::OutOfOffice),
        ],
        prop_oneof![
            Just(OwnResponse::NotInvited),
            Just(OwnResponse::NeedsAction),
            Just(OwnResponse::Declined),
            Just(OwnResponse::Tentative),
            Just(OwnResponse::Accepted),
        ],
    );
    let private = (text(), text(), text(), text(), any::<i64>(), any::<bool>());
    (private, any_when(), any_series(), states).prop_map(|(private, when, series, states)| {
        let (title, description, location, ical_uid, sequence, is_own) = private;
        let (status, visibility, transparency, event_type, own_response) = states;
        let organizer = if is_own { Organizer::Own } else { Organizer::Other };
        EventContent {
            title,
            description,
            location,
            when,
            status,
            visibility,
            transparency,
            event_type,
            own_response,
            organizer,
            series,
            ical_uid,
            sequence,
        }
    })
}

/// Rules without patterns, with a template that shows no title.
fn any_rules() -> impl Strategy<Value = EdgeRules> {
    let answer = || prop_oneof![Just(Answer::Copy), Just(Answer::Free), Just(Answer::Skip)];
    let days = || proptest::option::of(0..400_u16);
    let first = (
        prop_oneof![Just(Declined::Skip), Just(Declined::Free)],
        answer(),
        answer(),
        prop_oneof![Just(FreeEvents::Skip), Just(FreeEvents::Copy)],
        prop_oneof![Just(AllDay::All), Just(AllDay::Busy), Just(AllDay::None)],
    );
    let second = (
        prop_oneof![Just(HoursFilter::Any), Just(HoursFilter::Inside)],
        prop_oneof![Just(NosyncTag::Skip), Just(NosyncTag::Ignore)],
        days(),
        days(),
        prop_oneof![Just(vec![]), Just(vec![EventType::Birthday])],
    );
    let shape = (
        proptest::option::of("[a-zA-Z ]{0,9}"),
        proptest::option::of(1..=11_u8),
        prop_oneof![
            Just(ShownTo::AsLevel),
            Just(ShownTo::Default),
            Just(ShownTo::Private),
            Just(ShownTo::Public)
        ],
    );
    (first, second, shape).prop_map(|(first, second, (title, color, visibility))| {
        let (declined, tentative, unanswered, free_events, all_day) = first;
        let (working_hours, nosync_tag, days_back, days_ahead, skip_event_types) = second;
        EdgeRules {
            filters: Filters {
                declined,
                tentative,
                unanswered,
                free_events,
                all_day,
                skip_event_types,
                working_hours,
                skip_titles: Vec::new(),
                skip_descriptions: Vec::new(),
                nosync_tag,
                days_back,
                days_ahead,
            },
            shape: Shape {
                title: title.map(TitleTemplate::new),
                color: color.map(|color| Color::try_from(color).unwrap()),
                visibility,
            },
        }
    })
}

/// `of` with everything of `other` that a BUSY projection must not depend on.
fn with_private_fields(of: &EventContent, other: &EventContent) -> EventContent {
    EventContent {
        when: of.when.clone(),
        status: of.status,
        transparency: of.transparency,
        event_type: of.event_type,
        own_response: of.own_response,
        series: of.series.clone(),
        ..other.clone()
    }
}

fn untagged(mut content: EventContent) -> EventContent {
    let is_free_of_tags = |text: &String| !text.contains("#nosync");
    content.title = content.title.filter(is_free_of_tags);
    content.description = content.description.filter(is_free_of_tags);
    content
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn projection_is_deterministic(content in any_event(), rules in any_rules(), now in 0..4_000_000_000_i64) {
        for detail in LEVELS {
            let project = |rules: &EdgeRules| {
                with_rules(detail, rules.clone()).project(&content, None, Timestamp::from_millis(now))
            };
            let stored: EdgeRules = serde_json::from_str(&serde_json::to_string(&rules).unwrap()).unwrap();
            prop_assert_eq!(project(&rules), project(&stored));
        }
    }

    #[test]
    fn busy_does_not_depend_on_a_private_field(a in any_event(), b in any_event()) {
        let (a, b) = (untagged(a), untagged(b));
        let other = with_private_fields(&a, &b);
        let lens = plain(DetailLevel::Busy);
        prop_assert_eq!(lens.project(&a, None, now()), lens.project(&other, None, now()));
    }

    #[test]
    fn what_busy_shows_does_not_depend_on_a_private_field_by_any_rules(
        a in any_event(), b in any_event(), rules in any_rules(), now in 0..4_000_000_000_i64,
    ) {
        let other = with_private_fields(&a, &b);
        let lens = with_rules(DetailLevel::Busy, rules);
        let project = |content| lens.project(content, None, Timestamp::from_millis(now));
        match (project(&a), project(&other)) {
            (Projection::Shown(a), Projection::Shown(b)) => prop_assert_eq!(a, b),
            // Only the user's own tag tells them apart, and only whether there is a mirror at all.
            (Projection::Filtered(a), Projection::Filtered(b)) => {
                prop_assert!(a == b || a == FilterReason::Nosync || b == FilterReason::Nosync);
            }
            (Projection::Filtered(reason), Projection::Shown(_))
            | (Projection::Shown(_), Projection::Filtered(reason)) => {
                prop_assert_eq!(reason, FilterReason::Nosync);
            }
        }
    }

    #[test]
    fn equal_hashes_mean_equal_bodies(
        a in any_event(), b in any_event(), rules in any_rules(), other_rules in any_rules(),
    ) {
        for detail in LEVELS {
            let bodies = [(&a, &rules), (&b, &rules), (&a, &other_rules), (&b, &other_rules)].map(|(content, rules)| {
                match with_rules(detail, rules.clone()).project(content, None, now()) {
                    Projection::Shown(body) => Some(body),
                    Projection::Filtered(_) => None,
                }
            });
            for (a, b) in bodies.iter().flatten().flat_map(|a| bodies.iter().flatten().map(move |b| (a, b))) {
                prop_assert_eq!(a.hash() == b.hash(), a == b);
            }
        }
    }

    #[test]
    fn a_cleared_field_is_one_that_never_was(content in any_event()) {
        let lens = plain(DetailLevel::Full);
        let never = EventContent { title: None, description: None, location: None, ..content.clone() };
        let empty = || Some(String::new());
        let cleared = EventContent { title: empty(), description: empty(), location: empty(), ..content };
        prop_assert_eq!(lens.project(&cleared, None, now()), lens.project(&never, None, now()));
        if let Projection::Shown(body) = lens.project(&never, None, now()) {
            prop_assert_eq!((body.description, body.location), (None, None));
            prop_assert_eq!(body.summary, BUSY_TITLE);
        }
    }
}

/// Were one of these to change, every mirror of its kind would be written again.
#[test]
fn hashes_are_pinned() {
    let hash = |lens: &Lens, content: &EventContent| body(lens, content).hash().to_string();
    assert_eq!(hash(&plain(DetailLevel::Busy), &event()), "81acb63abacc0596ae025140cbf7295d");
    let tentative = EventContent { status: Status::Tentative, ..event() };
    assert_eq!(hash(&plain(DetailLevel::Full), &tentative), "5f79a86ca4b07c7a63c2bdd5e367d6e7");
    let all_day = EventContent { when: days("2026-03-02", "2026-03-04"), ..event() };
    assert_eq!(hash(&plain(DetailLevel::Title), &all_day), "d8dfd2fb4f22e3dc42c891f86085d408");
    let lines = vec!["RRULE:FREQ=WEEKLY".to_owned()];
    let series = EventContent { series: SeriesPart::Master { lines }, ..event() };
    assert_eq!(hash(&plain(DetailLevel::Busy), &series), "48e29af2b4343538fa9bd43024ee20e4");
    let shape = Shape {
        title: Some(TitleTemplate::new("Taken".to_owned())),
        color: Some(Color(7)),
        visibility: ShownTo::Public,
    };
    let filters = Filters { free_events: FreeEvents::Copy, ..Filters::default() };
    let free = EventContent { transparency: Transparency::Transparent, ..event() };
    assert_eq!(
        hash(&with_rules(DetailLevel::Busy, EdgeRules { filters, shape }), &free),
        "510196824a2b7dc7cfe6c81559c135e9"
    );
}
