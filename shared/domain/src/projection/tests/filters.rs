//! Every filter with each of its values, and which of several reasons counts.

use super::*;
use crate::hours::WorkingHours;
use crate::occurrence::Occurrence;
use crate::pattern::Pattern;

/// Why an event has no mirror; of one that has, whether it is free.
fn outcome(filters: Filters, content: &EventContent) -> Result<bool, FilterReason> {
    match with_filters(filters).project(content, None, now()) {
        Projection::Shown(body) => Ok(body.free),
        Projection::Filtered(reason) => Err(reason),
    }
}

fn answered(own_response: OwnResponse) -> EventContent {
    EventContent { own_response, ..event() }
}

fn free() -> EventContent {
    EventContent { transparency: Transparency::Transparent, ..event() }
}

fn all_day() -> EventContent {
    EventContent { when: days("2026-03-02", "2026-03-03"), ..event() }
}

#[test]
fn by_default_what_blocks_time_is_copied_as_it_is() {
    let outcome = |content: &EventContent| outcome(Filters::default(), content);
    for response in
        [OwnResponse::NotInvited, OwnResponse::NeedsAction, OwnResponse::Tentative, OwnResponse::Accepted]
    {
        assert_eq!(outcome(&answered(response)), Ok(false), "{response}");
    }
    assert_eq!(outcome(&all_day()), Ok(false));
    assert_eq!(outcome(&answered(OwnResponse::Declined)), Err(FilterReason::Declined));
    assert_eq!(outcome(&free()), Err(FilterReason::Free));
    let cancelled = EventContent { status: Status::Cancelled, ..event() };
    assert_eq!(outcome(&cancelled), Err(FilterReason::Cancelled));
}

#[test]
fn answers_decide() {
    let declined =
        |declined| outcome(Filters { declined, ..Filters::default() }, &answered(OwnResponse::Declined));
    assert_eq!(declined(Declined::Skip), Err(FilterReason::Declined));
    assert_eq!(declined(Declined::Free), Ok(true));

    for (answer, tentative, unanswered) in [
        (Answer::Copy, Ok(false), Ok(false)),
        (Answer::Free, Ok(true), Ok(true)),
        (Answer::Skip, Err(FilterReason::Tentative), Err(FilterReason::Unanswered)),
    ] {
        let filters = Filters { tentative: answer, ..Filters::default() };
        assert_eq!(outcome(filters.clone(), &answered(OwnResponse::Tentative)), tentative);
        assert_eq!(outcome(filters, &answered(OwnResponse::NeedsAction)), Ok(false));
        let filters = Filters { unanswered: answer, ..Filters::default() };
        assert_eq!(outcome(filters.clone(), &answered(OwnResponse::NeedsAction)), unanswered);
        assert_eq!(outcome(filters, &answered(OwnResponse::Tentative)), Ok(false));
    }
}

#[test]
fn free_events_are_skipped_or_copied_as_free() {
    let free_events = |free_events| outcome(Filters { free_events, ..Filters::default() }, &free());
    assert_eq!(free_events(FreeEvents::Skip), Err(FilterReason::Free));
    assert_eq!(free_events(FreeEvents::Copy), Ok(true));
    let of_busy = Filters { free_events: FreeEvents::Copy, ..Filters::default() };
    assert_eq!(outcome(of_busy, &event()), Ok(false));
}

#[test]
fn whole_days_are_copied_all_only_busy_or_not_at_all() {
    let filters = |all_day| Filters {
        all_day,
        free_events: FreeEvents::Copy,
        declined: Declined::Free,
        ..Filters::default()
    };
    let free_day = EventContent { transparency: Transparency::Transparent, ..all_day() };
    let declined_day = EventContent { own_response: OwnResponse::Declined, ..all_day() };
    for (rule, busy, free) in [
        (AllDay::All, Ok(false), Ok(true)),
        (AllDay::Busy, Ok(false), Err(FilterReason::AllDay)),
        (AllDay::None, Err(FilterReason::AllDay), Err(FilterReason::AllDay)),
    ] {
        assert_eq!(outcome(filters(rule), &all_day()), busy);
        assert_eq!(outcome(filters(rule), &free_day), free);
        assert_eq!(outcome(filters(rule), &declined_day), free);
        assert_eq!(outcome(filters(rule), &event()), Ok(false));
    }
}

#[test]
fn kinds_are_skipped_by_name() {
    let of = |event_type| EventContent { event_type, ..event() };
    for skipped in [EventType::Birthday, EventType::WorkingLocation] {
        assert_eq!(outcome(Filters::default(), &of(skipped)), Err(FilterReason::EventType));
    }
    for copied in [EventType::Default, EventType::FocusTime, EventType::OutOfOffice, EventType::FromGmail] {
        assert_eq!(outcome(Filters::default(), &of(copied)), Ok(false));
        let filters = Filters { skip_event_types: vec![copied], ..Filters::default() };
        assert_eq!(outcome(filters.clone(), &of(copied)), Err(FilterReason::EventType));
        assert_eq!(outcome(filters, &of(EventType::Birthday)), Ok(false));
    }
}

#[test]
fn working_hours_matter_only_if_asked_and_known() {
    let hours: WorkingHours =
        serde_json::from_str(r#"{"zone":"Europe/Berlin","days":["mon","tue"],"from":"09:00","to":"17:00"}"#)
            .unwrap();
    let night = EventContent { when: timed("2026-03-02T18:00:00Z", "2026-03-02T19:00:00Z"), ..event() };
    let outcome = |working_hours, hours: Option<&WorkingHours>, content: &EventContent| {
        let edge = with_filters(Filters { working_hours, ..Filters::default() }).edge().clone();
        Lens::new(edge, hours.cloned()).unwrap().project(content, None, now())
    };
    let outside = Projection::Filtered(FilterReason::OutsideHours);
    assert_ne!(outcome(HoursFilter::Inside, Some(&hours), &event()), outside);
    assert_eq!(outcome(HoursFilter::Inside, Some(&hours), &night), outside);
    assert_ne!(outcome(HoursFilter::Any, Some(&hours), &night), outside);
    assert_ne!(outcome(HoursFilter::Inside, None, &night), outside);
    // A series by its first occurrence, whatever comes after.
    let lines = vec!["RRULE:FREQ=HOURLY".to_owned()];
    let nightly = EventContent { series: SeriesPart::Master { lines }, ..night };
    assert_eq!(outcome(HoursFilter::Inside, Some(&hours), &nightly), outside);
}

#[test]
fn patterns_look_where_they_are_told_to() {
    let pattern = |text: &str| vec![Pattern::new(text.to_owned())];
    let titles = |text| Filters { skip_titles: pattern(text), ..Filters::default() };
    let descriptions = |text| Filters { skip_descriptions: pattern(text), ..Filters::default() };
    assert_eq!(outcome(titles("^SECRET"), &event()), Err(FilterReason::Pattern));
    assert_eq!(outcome(descriptions("what we"), &event()), Err(FilterReason::Pattern));
    assert_eq!(outcome(descriptions("secret"), &event()), Ok(false));
    assert_eq!(outcome(titles("what we|room 1"), &event()), Ok(false));
    let untitled = EventContent { title: None, ..event() };
    assert_eq!(outcome(titles("^$"), &untitled), Err(FilterReason::Pattern));
    assert_eq!(outcome(titles("^$"), &event()), Ok(false));
}

#[test]
fn the_tag_keeps_an_event_to_itself_unless_ignored() {
    let in_title = EventContent { title: Some("Plan #NoSync".to_owned()), ..event() };
    let in_description = EventContent { description: Some("<b>#nosync</b>".to_owned()), ..event() };
    let in_place = EventContent { location: Some("#nosync".to_owned()), ..event() };
    let ignored = Filters { nosync_tag: NosyncTag::Ignore, ..Filters::default() };
    for tagged in [&in_title, &in_description] {
        assert_eq!(outcome(Filters::default(), tagged), Err(FilterReason::Nosync));
        assert_eq!(outcome(ignored.clone(), tagged), Ok(false));
    }
    assert_eq!(outcome(Filters::default(), &in_place), Ok(false));
}

#[test]
fn the_window_takes_a_series_from_its_start_to_its_last_end() {
    let lens = |days_back, days_ahead| with_filters(Filters { days_back, days_ahead, ..Filters::default() });
    assert!(!plain(DetailLevel::Busy).needs_clock());
    assert!(lens(Some(0), None).needs_clock() && lens(None, Some(0)).needs_clock());

    let outside = Projection::Filtered(FilterReason::Window);
    let old = EventContent { when: timed("2026-02-27T08:00:00Z", "2026-02-27T09:00:00Z"), ..event() };
    assert_eq!(lens(Some(1), None).project(&old, None, now()), outside);
    assert_ne!(lens(Some(2), None).project(&old, None, now()), outside);
    assert_eq!(lens(None, Some(0)).project(&event(), None, now()), outside);
    assert_ne!(lens(None, Some(1)).project(&event(), None, now()), outside);
    let tomorrow = EventContent { when: days("2026-03-02", "2026-03-03"), ..event() };
    assert_eq!(lens(None, Some(0)).project(&tomorrow, None, now()), outside);

    let lines = vec!["RRULE:FREQ=DAILY".to_owned()];
    let series = EventContent { series: SeriesPart::Master { lines }, ..old.clone() };
    assert_ne!(lens(Some(1), None).project(&series, None, now()), outside);
    assert_ne!(lens(Some(1), None).project(&series, Some(at("2026-03-01T09:00:00Z")), now()), outside);
    assert_eq!(lens(Some(1), None).project(&series, Some(at("2026-02-28T00:00:00Z")), now()), outside);
    // The end of its series is nothing to an occurrence of its own.
    let series = SeriesPart::Exception { master: "m".to_owned(), original_start: Occurrence::At(now()) };
    let exception = EventContent { series, ..old };
    assert_eq!(lens(Some(1), None).project(&exception, Some(now()), now()), outside);
}

#[test]
fn of_several_reasons_the_first_of_the_list_counts() {
    let mut content = EventContent {
        title: Some("#nosync".to_owned()),
        when: days("2020-01-04", "2020-01-05"),
        status: Status::Cancelled,
        own_response: OwnResponse::Declined,
        transparency: Transparency::Transparent,
        event_type: EventType::Birthday,
        ..event()
    };
    let filters = Filters {
        tentative: Answer::Skip,
        unanswered: Answer::Skip,
        all_day: AllDay::None,
        working_hours: HoursFilter::Inside,
        skip_titles: vec![Pattern::new(".".to_owned())],
        days_back: Some(1),
        ..Filters::default()
    };
    let hours = serde_json::from_str(r#"{"zone":"UTC","days":["mon"],"from":"09:00","to":"17:00"}"#).unwrap();
    let lens = Lens::new(with_filters(filters).edge().clone(), Some(hours)).unwrap();
    // One reason after the other is taken away; what is left next has to be the next of the list.
    type Amend = fn(&mut EventContent);
    let steps: [(FilterReason, Amend); 9] = [
        (FilterReason::Cancelled, |content| content.status = Status::Confirmed),
        (FilterReason::Declined, |content| content.own_response = OwnResponse::Tentative),
        (FilterReason::Tentative, |content| content.own_response = OwnResponse::NeedsAction),
        (FilterReason::Unanswered, |content| content.own_response = OwnResponse::Accepted),
        (FilterReason::Free, |content| content.transparency = Transparency::Opaque),
        (FilterReason::AllDay, |content| {
            content.when = timed("2020-01-04T08:00:00Z", "2020-01-04T09:00:00Z");
        }),
        (FilterReason::EventType, |content| content.event_type = EventType::Default),
        (FilterReason::OutsideHours, |content| {
            content.when = timed("2020-01-06T09:00:00Z", "2020-01-06T10:00:00Z");
        }),
        (FilterReason::Pattern, |content| {
            content.description = content.title.take();
        }),
    ];
    for (reason, amend) in steps {
        assert_eq!(lens.project(&content, None, now()), Projection::Filtered(reason));
        amend(&mut content);
    }
    assert_eq!(lens.project(&content, None, now()), Projection::Filtered(FilterReason::Nosync));
    content.description = None;
    assert_eq!(lens.project(&content, None, now()), Projection::Filtered(FilterReason::Window));
}
