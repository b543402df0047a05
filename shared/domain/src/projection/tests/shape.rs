//! What a mirror shows: levels, templates, colours, visibility, series.

use super::*;
use crate::occurrence::Occurrence;
use crate::rules::RuleError;

fn titled(detail: DetailLevel, template: &str) -> Lens {
    let title = Some(TitleTemplate::new(template.to_owned()));
    with_rules(detail, EdgeRules { shape: Shape { title, ..Shape::default() }, ..EdgeRules::default() })
}

#[test]
fn a_level_shows_what_it_is_named_for() {
    let busy = body(&plain(DetailLevel::Busy), &event());
    assert_eq!((busy.summary.as_str(), busy.description, busy.location), ("Busy", None, None));
    let title = body(&plain(DetailLevel::Title), &event());
    assert_eq!((title.summary.as_str(), title.description, title.location), ("Secret plan", None, None));
    let full = body(&plain(DetailLevel::Full), &event());
    assert_eq!(full.summary, "Secret plan");
    assert_eq!((full.description.as_deref(), full.location.as_deref()), (Some("What we do"), Some("Room 1")));
    assert!(!full.tentative && !full.free && full.color.is_none() && full.recurrence.is_empty());
}

#[test]
fn a_tentative_event_is_a_tentative_block_and_a_tentative_answer_is_not() {
    let of_status = EventContent { status: Status::Tentative, ..event() };
    assert!(body(&plain(DetailLevel::Busy), &of_status).tentative);
    let of_answer = EventContent { own_response: OwnResponse::Tentative, ..event() };
    assert!(!body(&plain(DetailLevel::Busy), &of_answer).tentative);
}

#[test]
fn a_template_shows_no_more_than_the_level() {
    let untitled = EventContent { title: None, ..event() };
    for (detail, template, with_title, without) in [
        (DetailLevel::Busy, "[Work] {title}", "[Work] Busy", "[Work] Busy"),
        (DetailLevel::Title, "[Work] {title}", "[Work] Secret plan", "[Work] Busy"),
        (DetailLevel::Full, "{title}/{title}", "Secret plan/Secret plan", "Busy/Busy"),
        (DetailLevel::Full, "Taken", "Taken", "Taken"),
        (DetailLevel::Full, "", "Busy", "Busy"),
        (DetailLevel::Full, " ", "Busy", "Busy"),
    ] {
        assert_eq!(body(&titled(detail, template), &event()).summary, with_title, "{template}");
        assert_eq!(body(&titled(detail, template), &untitled).summary, without, "{template}");
    }
    // A title is put in, not read as a template.
    let braced = EventContent { title: Some("{title}".to_owned()), ..event() };
    assert_eq!(body(&titled(DetailLevel::Title, "a {title}"), &braced).summary, "a {title}");
}

#[test]
fn a_title_is_cut_by_characters() {
    let long = EventContent { title: Some("ü".repeat(2000)), ..event() };
    for lens in [plain(DetailLevel::Title), titled(DetailLevel::Title, "{title}{title}")] {
        assert_eq!(body(&lens, &long).summary, "ü".repeat(MAX_SUMMARY_CHARS));
    }
}

#[test]
fn visibility_follows_the_level_or_the_rule_but_private_stays_private() {
    let shown = |detail, visibility, of_event| {
        let shape = Shape { visibility, ..Shape::default() };
        let lens = with_rules(detail, EdgeRules { shape, ..EdgeRules::default() });
        body(&lens, &EventContent { visibility: of_event, ..event() }).visibility
    };
    use Visibility::{Default, Private, Public};
    for (rule, busy, more) in [
        (ShownTo::AsLevel, Private, Default),
        (ShownTo::Default, Default, Default),
        (ShownTo::Private, Private, Private),
        (ShownTo::Public, Public, Public),
    ] {
        for of_event in [Default, Public, Private] {
            assert_eq!(shown(DetailLevel::Busy, rule, of_event), busy);
        }
        for detail in [DetailLevel::Title, DetailLevel::Full] {
            assert_eq!(shown(detail, rule, Default), more);
            assert_eq!(shown(detail, rule, Public), more);
            assert_eq!(shown(detail, rule, Private), Private);
        }
    }
}

#[test]
fn a_mirror_has_the_colour_of_its_edge() {
    let shape = Shape { color: Some(Color(11)), ..Shape::default() };
    let lens = with_rules(DetailLevel::Busy, EdgeRules { shape, ..EdgeRules::default() });
    assert_eq!(body(&lens, &event()).color, Some(Color(11)));
}

#[test]
fn only_a_series_keeps_its_lines_and_zones() {
    let lens = plain(DetailLevel::Busy);
    let berlin = event().when;
    let single = EventContent { when: berlin.clone().ending_in(Some("Asia/Tokyo".to_owned())), ..event() };
    let bare = body(&lens, &single);
    assert!(matches!(bare.when, When::Timed { zone: None, end_zone: None, .. }));

    let lines = vec!["RRULE:FREQ=WEEKLY".to_owned(), "EXDATE:20260309T080000Z".to_owned()];
    let master =
        |when: When| EventContent { when, series: SeriesPart::Master { lines: lines.clone() }, ..event() };
    let series = body(&lens, &master(single.when.clone()));
    assert_eq!((&series.recurrence, &series.when), (&lines, &single.when));
    let zoned = |zone: Option<&str>| {
        let When::Timed { start, end, .. } = berlin else { panic!("timed") };
        let series = body(&lens, &master(When::timed(start, end, zone.map(str::to_owned)).unwrap()));
        series.when.zone().map(str::to_owned)
    };
    assert_eq!(zoned(None).as_deref(), Some("UTC"));
    assert_eq!(zoned(Some("")).as_deref(), Some("UTC"));
    assert_eq!(zoned(Some("W. Europe Standard Time")).as_deref(), Some("Europe/Berlin"));
    let whole_days = days("2026-03-02", "2026-03-03");
    assert_eq!(body(&lens, &master(whole_days.clone())).when, whole_days);

    let series = SeriesPart::Exception { master: "m".to_owned(), original_start: Occurrence::At(now()) };
    assert_eq!(body(&lens, &EventContent { series, ..single }), bare);
}

#[test]
fn an_edge_with_wrong_rules_makes_no_lens() {
    let mut edge = plain(DetailLevel::Busy).edge().clone();
    edge.rules.filters.days_back = Some(u16::MAX);
    assert_eq!(Lens::new(edge, None).unwrap_err(), RuleError::WindowTooWide);
    let hours = serde_json::from_str(r#"{"zone":"UTC","days":[],"from":"09:00","to":"17:00"}"#).unwrap();
    let refused = Lens::new(plain(DetailLevel::Busy).edge().clone(), Some(hours)).unwrap_err();
    assert_eq!(refused.to_string(), "working hours need at least one day of the week");
}
