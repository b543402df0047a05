//! Series along an edge.

use super::*;
use crate::event::{EventType, Organizer, OwnResponse, SeriesPart, Status, Transparency, Visibility};
use crate::ids::{AccountId, CalendarId, PrefixedId, Ulid};
use crate::policy::{CalendarKind, DetailLevel, Edge};
use crate::recurrence::Series;
use crate::rules::EdgeRules;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn on(text: &str) -> Occurrence {
    Occurrence::At(at(text))
}

fn event(start: &str, series: SeriesPart) -> EventContent {
    let start = at(start);
    EventContent {
        title: Some("Weekly".to_owned()),
        description: None,
        location: None,
        when: When::timed(start, start.plus_seconds(3600), Some("UTC".to_owned())).unwrap(),
        status: Status::Confirmed,
        visibility: Visibility::Default,
        transparency: Transparency::Opaque,
        event_type: EventType::Default,
        own_response: OwnResponse::NotInvited,
        organizer: Organizer::Own,
        series,
        ical_uid: None,
        sequence: 0,
    }
}

fn weekly() -> EventContent {
    event("2026-03-02T09:00:00Z", SeriesPart::Master { lines: vec!["RRULE:FREQ=WEEKLY;COUNT=4".to_owned()] })
}

fn exception(start: &str, original: &str) -> EventContent {
    event(start, SeriesPart::Exception { master: "m".to_owned(), original_start: on(original) })
}

fn lens(detail: DetailLevel) -> Lens {
    let edge = Edge {
        target_account: AccountId::from_ulid(Ulid::from_parts(1, 1)),
        target_calendar: CalendarId::from_ulid(Ulid::from_parts(1, 2)),
        detail,
        kind: CalendarKind::BusyOverlay,
        rules: EdgeRules::default(),
    };
    Lens::new(edge, None).unwrap()
}

fn having(master: &EventContent, asked: impl IntoIterator<Item = Occurrence>) -> BTreeSet<Occurrence> {
    let SeriesPart::Master { lines } = &master.series else { panic!("no master") };
    Series::parse(&master.when, lines).unwrap().having(&asked.into_iter().collect())
}

/// Plans `master` with `exceptions` under BUSY.
fn busy(master: &EventContent, exceptions: &[EventContent], known: &[(&str, Known)]) -> Plan {
    let exceptions: Vec<Exception<'_>> = exceptions
        .iter()
        .map(|content| {
            let SeriesPart::Exception { original_start, .. } = &content.series else {
                panic!("no exception")
            };
            Exception { occurrence: *original_start, content, barred: None }
        })
        .collect();
    let known: BTreeMap<_, _> = known.iter().map(|(occurrence, known)| (on(occurrence), *known)).collect();
    let asked = exceptions.iter().map(|exception| exception.occurrence).chain(known.keys().copied());
    let has = having(master, asked);
    let master = Master { content: master, has: &has, last_end: None, barred: None, declined: &[] };
    plan(&lens(DetailLevel::Busy), &master, &exceptions, &known, at("2026-03-01T00:00:00Z"))
}

const SECOND: &str = "2026-03-09T09:00:00Z";

fn shown_at(plan: &Plan, occurrence: &str) -> Option<String> {
    match plan.instances.get(&on(occurrence)) {
        Some(Instance::Shown(body)) => Some(body.when.start_text()),
        _ => None,
    }
}

#[test]
fn a_series_is_one_mirror_and_what_does_not_show_is_no_instance() {
    let mut renamed = exception(SECOND, SECOND);
    renamed.title = Some("Other".to_owned());
    let plan = busy(&weekly(), &[renamed], &[]);
    assert!(
        matches!(&plan.series, Projection::Shown(body) if body.recurrence == ["RRULE:FREQ=WEEKLY;COUNT=4"])
    );
    assert_eq!((plan.instances.len(), &plan.alone[0]), (0, &Projection::Filtered(FilterReason::InSeries)));
}

#[test]
fn a_moved_exception_is_an_instance_and_a_cancelled_or_declined_one_is_none() {
    let moved = exception("2026-03-10T12:00:00Z", SECOND);
    assert_eq!(
        shown_at(&busy(&weekly(), &[moved], &[]), SECOND).as_deref(),
        Some("2026-03-10T12:00:00.000Z")
    );
    let mut cancelled = exception(SECOND, SECOND);
    cancelled.status = Status::Cancelled;
    let mut declined = exception(SECOND, SECOND);
    declined.own_response = OwnResponse::Declined;
    for gone in [cancelled, declined] {
        assert_eq!(busy(&weekly(), &[gone], &[]).instances.get(&on(SECOND)), Some(&Instance::Gone));
    }
}

#[test]
fn an_instance_that_was_written_follows_its_series_by_our_hand() {
    let plan = busy(&weekly(), &[], &[(SECOND, Known::Written)]);
    assert_eq!(shown_at(&plan, SECOND).as_deref(), Some("2026-03-09T09:00:00.000Z"));
    let barred = busy(&weekly(), &[], &[(SECOND, Known::Barred)]);
    assert_eq!(barred.instances.get(&on(SECOND)), Some(&Instance::Gone));
}

#[test]
fn what_a_series_left_behind_is_stale_there_and_a_block_of_its_own() {
    let left = "2026-03-11T09:00:00Z";
    let plan = busy(&weekly(), &[exception(left, left)], &[(left, Known::Written)]);
    assert_eq!(plan.instances.get(&on(left)), Some(&Instance::Stale));
    assert!(matches!(&plan.alone[0], Projection::Shown(body) if body.recurrence.is_empty()));
}

#[test]
fn without_its_series_an_exception_stands_alone_unless_the_series_was_dismissed() {
    let mut declined = weekly();
    declined.own_response = OwnResponse::Declined;
    let plan = busy(&declined, &[exception(SECOND, SECOND)], &[(SECOND, Known::Written)]);
    assert!(plan.instances.is_empty(), "they go with their series");
    assert!(matches!(&plan.alone[0], Projection::Shown(_)));
    let content = weekly();
    let barred = Master {
        content: &content,
        has: &BTreeSet::new(),
        last_end: None,
        barred: Some(FilterReason::Dismissed),
        declined: &[],
    };
    let exception = exception(SECOND, SECOND);
    let exceptions = [Exception { occurrence: on(SECOND), content: &exception, barred: None }];
    let plan = super::plan(&lens(DetailLevel::Busy), &barred, &exceptions, &BTreeMap::new(), at(SECOND));
    assert_eq!(plan.alone[0], Projection::Filtered(FilterReason::Dismissed));
}

#[test]
fn an_inherited_all_day_occurrence_keeps_its_length() {
    let days = |start: &str, end: &str| When::all_day(start.parse().unwrap(), end.parse().unwrap()).unwrap();
    let mut content = weekly();
    content.when = days("2026-03-02", "2026-03-04");
    let Projection::Shown(body) = lens(DetailLevel::Busy).project(&content, None, at(SECOND)) else {
        panic!("filtered")
    };
    let second = inherited(&body, Occurrence::On("2026-03-09".parse().unwrap())).unwrap();
    assert_eq!((second.when, second.recurrence), (days("2026-03-09", "2026-03-11"), Vec::new()));
    assert_eq!(inherited(&body, on(SECOND)), None);
}

#[test]
fn an_instance_is_as_visible_as_its_series_and_what_it_would_hide_is_left_out() {
    let content = weekly();
    let has = having(&content, [on(SECOND)]);
    let mut hidden = exception(SECOND, SECOND);
    hidden.visibility = Visibility::Private;
    let master = Master { content: &content, has: &has, last_end: None, barred: None, declined: &[] };
    let exceptions = [Exception { occurrence: on(SECOND), content: &hidden, barred: None }];
    let plan = super::plan(&lens(DetailLevel::Title), &master, &exceptions, &BTreeMap::new(), at(SECOND));
    let Some(Instance::Shown(body)) = plan.instances.get(&on(SECOND)) else { panic!("not shown") };
    assert_eq!((body.summary.as_str(), body.visibility), (BUSY_TITLE, Visibility::Default));
}

#[test]
fn of_a_series_that_the_target_holds_only_what_it_declined_is_shown() {
    let content = weekly();
    let shown = |declined: &[Occurrence], exceptions: &[Exception<'_>]| {
        let barred = Some(FilterReason::Duplicate);
        let has = having(&content, declined.iter().copied());
        let master = Master { content: &content, has: &has, last_end: None, barred, declined };
        match super::plan(&lens(DetailLevel::Busy), &master, exceptions, &BTreeMap::new(), at(SECOND)).series
        {
            Projection::Shown(body) => Some((body.when.start_text(), body.recurrence)),
            Projection::Filtered(reason) => {
                assert_eq!(reason, FilterReason::Duplicate);
                None
            }
        }
    };
    let third = "2026-03-16T09:00:00Z";
    assert_eq!(shown(&[], &[]), None);
    assert_eq!(shown(&[on("2026-03-10T09:00:00Z")], &[]), None, "no occurrence of the series");
    let one = Some(("2026-03-09T09:00:00.000Z".to_owned(), Vec::new()));
    assert_eq!(shown(&[on(SECOND)], &[]), one);
    let two = vec!["RDATE:20260309T090000Z,20260316T090000Z".to_owned()];
    assert_eq!(shown(&[on(third), on(SECOND)], &[]), Some(("2026-03-09T09:00:00.000Z".to_owned(), two)));
    let excepted = exception(third, third);
    let exceptions = [Exception { occurrence: on(third), content: &excepted, barred: None }];
    assert_eq!(shown(&[on(third), on(SECOND)], &exceptions), one, "an exception is looked at by itself");
}
