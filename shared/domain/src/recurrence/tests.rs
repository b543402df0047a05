//! What each kind of line means, and what hostile ones cost.

use super::*;

fn timed(start: &str, zone: &str) -> When {
    let start = Timestamp::parse_rfc3339(start).unwrap();
    When::timed(start, start.plus_seconds(3600), Some(zone.to_owned())).unwrap()
}

fn all_day(start: &str) -> When {
    When::all_day(start.parse().unwrap(), start.parse().unwrap()).unwrap()
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

fn parse(when: &When, lines: &[&str]) -> Result<Series, RecurrenceError> {
    Series::parse(when, &owned(lines))
}

/// The first starts from 1970 on.
fn starts(when: &When, lines: &[&str]) -> Vec<String> {
    let far = Timestamp::parse_rfc3339("2400-01-01T00:00:00Z").unwrap();
    let found = parse(when, lines).unwrap().between(Timestamp::default(), far, 10);
    found.occurrences.into_iter().map(Occurrence::stamp).collect()
}

fn berlin() -> When {
    timed("2026-03-23T08:00:00Z", "Europe/Berlin")
}

#[test]
fn a_weekly_series_keeps_its_local_time_across_summer_time() {
    assert_eq!(starts(&berlin(), &["RRULE:FREQ=WEEKLY;COUNT=2"]), ["20260323T080000Z", "20260330T070000Z"]);
}

#[test]
fn a_time_that_a_clock_change_skips_moves_on_and_the_first_of_two_counts() {
    let night = timed("2026-03-28T01:30:00Z", "Europe/Berlin");
    assert_eq!(starts(&night, &["RRULE:FREQ=DAILY;COUNT=2"]), ["20260328T013000Z", "20260329T013000Z"]);
    let autumn = timed("2026-10-24T00:30:00Z", "Europe/Berlin");
    assert_eq!(starts(&autumn, &["RRULE:FREQ=DAILY;COUNT=2"]), ["20261024T003000Z", "20261025T003000Z"]);
    // A start in the second of two hours is that start.
    let second = timed("2026-10-25T01:30:00Z", "Europe/Berlin");
    assert_eq!(starts(&second, &["RRULE:FREQ=DAILY;COUNT=2"]), ["20261025T013000Z", "20261026T013000Z"]);
}

#[test]
fn until_is_taken_in_all_three_spellings() {
    for until in ["20260324", "20260324T090000", "20260324T080000Z"] {
        let rule = format!("RRULE:FREQ=DAILY;UNTIL={until};X-NOISE=1");
        assert_eq!(starts(&berlin(), &[&rule]).len(), 2, "{until}");
    }
    for until in ["20260605", "20260605T225959Z", "20260605T000000"] {
        let rule = format!("RRULE:FREQ=DAILY;UNTIL={until}");
        let series = parse(&all_day("2026-06-01"), &[&rule]).unwrap();
        assert_eq!(series.last(), LastStart::At(Occurrence::On("2026-06-05".parse().unwrap())), "{until}");
        assert_eq!(series.lines(), ["RRULE:FREQ=DAILY;UNTIL=20260605"]);
    }
}

#[test]
fn a_start_that_no_rule_yields_is_shown_beyond_the_count() {
    assert_eq!(
        starts(&berlin(), &["RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=1"]),
        ["20260323T080000Z", "20260324T080000Z"]
    );
}

#[test]
fn a_rule_that_ends_before_it_starts_yields_nothing() {
    let series = parse(&berlin(), &["RRULE:FREQ=DAILY;UNTIL=20260322"]).unwrap();
    assert_eq!(series.last(), LastStart::Empty);
    assert_eq!(series.lines(), ["RRULE:FREQ=DAILY;UNTIL=20260322T225959Z"]);
}

#[test]
fn a_series_of_dates_alone_has_its_start_too() {
    let when = timed("2023-03-10T01:00:00Z", "Asia/Bangkok");
    let lines = ["RDATE;TZID=Asia/Bangkok:20230317T080000,20230324T080000", "EXDATE:20230324T010000Z"];
    assert_eq!(starts(&when, &lines), ["20230310T010000Z", "20230317T010000Z"]);
    assert_eq!(
        parse(&when, &lines).unwrap().lines(),
        ["RDATE:20230317T010000Z,20230324T010000Z", "EXDATE:20230324T010000Z"]
    );
}

#[test]
fn a_date_excludes_what_starts_on_that_local_day() {
    let late = timed("2015-09-08T03:30:00Z", "America/New_York");
    let lines = ["EXDATE;VALUE=DATE:20150908", "RRULE:FREQ=DAILY;COUNT=3"];
    assert_eq!(starts(&late, &lines), ["20150908T033000Z", "20150910T033000Z"]);
    assert_eq!(
        parse(&late, &lines).unwrap().lines(),
        ["RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20150909T033000Z"]
    );
}

#[test]
fn windows_zones_are_known_and_others_are_not() {
    let when = timed("2026-03-23T08:00:00Z", "W. Europe Standard Time");
    let lines = ["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=\"W. Europe Standard Time\":20260330T090000"];
    assert_eq!(starts(&when, &lines), ["20260323T080000Z", "20260406T070000Z"]);
    assert_eq!(parse(&when, &lines).unwrap().zone(), Some("Europe/Berlin"));
    let lost = timed("2026-03-01T08:00:00Z", "Mars/Olympus");
    assert_eq!(parse(&lost, &["RRULE:FREQ=DAILY"]).unwrap_err(), RecurrenceError::UnknownZone);
    for (windows, iana) in windows::WINDOWS_ZONES {
        assert!(iana_zone(iana).is_some() && iana_zone(windows).is_some(), "{windows}");
    }
}

#[test]
fn excluding_rules_exclude_and_periods_are_their_starts() {
    let lines = [
        "RRULE:FREQ=DAILY;COUNT=4",
        "EXRULE:FREQ=DAILY;INTERVAL=2",
        "RDATE;VALUE=PERIOD:20260501T080000Z/PT1H",
    ];
    assert_eq!(starts(&berlin(), &lines), ["20260324T080000Z", "20260326T080000Z", "20260501T080000Z"]);
}

#[test]
fn the_last_start_is_told_or_never() {
    let last = |lines: &[&str]| parse(&berlin(), lines).unwrap().last();
    let at = |text| LastStart::At(Occurrence::from_stamp(text).unwrap());
    assert_eq!(last(&["RRULE:FREQ=DAILY"]), LastStart::Never);
    assert_eq!(last(&["RRULE:FREQ=DAILY;COUNT=1000000000"]), LastStart::Never);
    assert_eq!(last(&["RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260325T080000Z"]), at("20260324T080000Z"));
    assert_eq!(last(&["RRULE:FREQ=DAILY;UNTIL=20991231"]), at("20991231T080000Z"));
    assert_eq!(last(&["RRULE:FREQ=DAILY;COUNT=2", "RDATE:20300101T000000Z"]), at("20300101T000000Z"));
    assert_eq!(last(&["RRULE:FREQ=DAILY;COUNT=2", "EXRULE:FREQ=DAILY"]), LastStart::Empty);
}

#[test]
fn hostile_lines_are_refused() {
    use RecurrenceError::{Malformed, TooFrequent, TooLong, UnknownZone, ZeroInterval};
    for (line, error) in [
        ("nonsense", Malformed),
        ("", Malformed),
        ("RRULE:", Malformed),
        ("RRULE:COUNT=3", Malformed),
        ("RRULE:FREQ=DAILY;FREQ=WEEKLY", Malformed),
        ("RRULE:FREQ=DAILY;COUNT=-1", Malformed),
        ("RRULE:FREQ=DAILY;INTERVAL=99999999999999999999", Malformed),
        ("RRULE:FREQ=DAILY;UNTIL=20261301", Malformed),
        ("RRULE:FREQ=YEARLY;BYMONTH=13", Malformed),
        ("RRULE:FREQ=MONTHLY;BYDAY=MÖ", Malformed),
        ("DTSTART:20260101T000000Z", Malformed),
        ("EXDATE:20260230T000000Z", Malformed),
        ("RDATE:soon", Malformed),
        ("EXDATE;TZID=Mars/Olympus:20260301T080000", UnknownZone),
        ("RRULE:FREQ=DAILY;INTERVAL=0", ZeroInterval),
        ("RRULE:FREQ=SECONDLY", TooFrequent),
        ("rrule:freq=hourly", TooFrequent),
        ("RRULE:FREQ=MINUTELY;BYMONTH=12;BYMONTHDAY=31;BYHOUR=23;BYMINUTE=59", TooFrequent),
        ("RRULE:FREQ=DAILY;BYHOUR=8,9", TooFrequent),
    ] {
        assert_eq!(parse(&berlin(), &[line]).unwrap_err(), error, "{line}");
    }
    assert_eq!(parse(&berlin(), &[]).unwrap_err(), Malformed);
    assert_eq!(parse(&berlin(), &["RRULE:FREQ=DAILY"; 3]).unwrap().rules.len(), 1);
    let rules: Vec<_> = (1..6).map(|n| format!("RRULE:FREQ=DAILY;INTERVAL={n}")).collect();
    assert_eq!(Series::parse(&berlin(), &rules).unwrap_err(), TooLong);
    let days: Vec<_> = (1..16).map(|n| format!("{n}MO")).collect();
    assert_eq!(
        parse(&berlin(), &[&format!("RRULE:FREQ=YEARLY;BYDAY={}", days.join(","))]).unwrap_err(),
        TooLong
    );
    assert_eq!(parse(&berlin(), &["RRULE:FREQ=DAILY"; 101]).unwrap_err(), TooLong);
    assert_eq!(parse(&berlin(), &[&"A".repeat(1 << 20)]).unwrap_err(), TooLong);
    let many: Vec<_> = (0..10_000).map(|n| format!("EXDATE:2026{n:04}T080000Z")).collect();
    assert_eq!(Series::parse(&berlin(), &many).unwrap_err(), TooLong);
    let old = timed("1969-12-31T23:59:59Z", "UTC");
    assert_eq!(parse(&old, &["RRULE:FREQ=DAILY"]).unwrap_err(), RecurrenceError::TooOld);
}

#[test]
fn a_week_within_a_series_is_a_whole_one() {
    let series =
        parse(&timed("2026-03-04T08:00:00Z", "UTC"), &["RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2"])
            .unwrap();
    let contains = |stamp| series.contains(Occurrence::from_stamp(stamp).unwrap());
    assert!(contains("20260318T080000Z"));
    assert!(!contains("20260320T080000Z"));
}

#[test]
fn what_costs_too_much_is_cut_and_said_to_be() {
    let far = |lines: &[&str]| {
        let at = |text| Timestamp::parse_rfc3339(text).unwrap();
        let found = parse(&berlin(), lines).unwrap().between(
            at("2200-01-01T00:00:00Z"),
            at("2201-01-01T00:00:00Z"),
            9,
        );
        (found.occurrences.len(), found.is_whole)
    };
    assert_eq!(far(&["RRULE:FREQ=DAILY"]), (9, false));
    assert_eq!(far(&["RRULE:FREQ=DAILY;COUNT=1000000000"]), (0, false));
    assert_eq!(far(&["RRULE:FREQ=WEEKLY;COUNT=1000000000"]), (9, false));
}

/// DTSTART is a Monday.
const BARREN: [&str; 3] = [
    "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=TU",
    "RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=WE;COUNT=3",
];
const WEEKLY: &str = "RRULE:FREQ=WEEKLY";

#[test]
fn a_series_of_which_nothing_ever_yields_is_refused() {
    for lines in [&BARREN[..1], &BARREN[1..2], &BARREN, &[BARREN[2], "EXDATE:20260323T080000Z"]] {
        assert_eq!(parse(&berlin(), lines).unwrap_err(), RecurrenceError::NeverYields, "{lines:?}");
    }
}

#[test]
fn rules_that_never_yield_are_dropped_beside_others_or_dates() {
    let series = parse(&berlin(), &[BARREN[0], BARREN[1], BARREN[2], WEEKLY]).unwrap();
    assert_eq!(series.lines(), [WEEKLY]);
    let exrule = "EXRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30";
    assert_eq!(parse(&berlin(), &[exrule, WEEKLY]).unwrap().lines(), [WEEKLY]);
    let dates = parse(&berlin(), &[BARREN[0], "RDATE:20260501T080000Z"]).unwrap();
    assert_eq!(dates.lines(), ["RDATE:20260501T080000Z"]);
    assert_eq!(dates.last(), LastStart::At(Occurrence::from_stamp("20260501T080000Z").unwrap()));
    // What yields late, or ends before it begins, is not one of them.
    let leap =
        ["RRULE:FREQ=YEARLY;INTERVAL=3;BYMONTH=2;BYMONTHDAY=29", "RRULE:FREQ=DAILY;UNTIL=20200101T000000Z"];
    assert_eq!(parse(&berlin(), &leap).unwrap().rules.len(), 2);
}

#[test]
fn rules_that_never_yield_are_searched_once_and_answer_no_question() {
    let lines = owned(&[BARREN[0], BARREN[1], BARREN[2], WEEKLY]);
    let searches = Budget::of_searches();
    let before = searches.left();
    let series = Series::parse_within(&berlin(), &lines, &searches).unwrap();
    let work = before - searches.left();
    assert!((3 * expand::SEARCH..3 * expand::SEARCH + 10).contains(&work), "{work} steps to read it");
    for weeks in [0, 1, 52, 520] {
        let on = Occurrence::At(
            Timestamp::parse_rfc3339("2026-03-23T08:00:00Z").unwrap().plus_seconds(weeks * 604_800),
        );
        let budget = Budget::new();
        let before = budget.left();
        // In summer the local time is an hour earlier in UTC.
        let summer = Occurrence::At(on.sort_key().plus_seconds(-3_600));
        assert!(series.contains_within(on, &budget) || series.contains(summer), "week {weeks}");
        assert!(before - budget.left() <= 10, "{} steps in week {weeks}", before - budget.left());
    }
}

#[test]
fn many_occurrences_of_a_counted_rule_are_one_walk() {
    let series = parse(&timed("2026-03-23T08:00:00Z", "UTC"), &["RRULE:FREQ=DAILY;COUNT=2000"]).unwrap();
    let day = |day: i64| {
        Occurrence::At(Timestamp::parse_rfc3339("2026-03-23T08:00:00Z").unwrap().plus_seconds(day * 86_400))
    };
    let asked: BTreeSet<_> = (1_000..2_500).map(day).collect();
    let budget = Budget::new();
    let before = budget.left();
    let has = series.having_within(&asked, &budget);
    assert_eq!(has, (1_000..2_000).map(day).collect());
    assert!(before - budget.left() <= 2_001, "{} steps", before - budget.left());
}

#[test]
fn a_window_that_ends_before_it_begins_holds_nothing() {
    let series = parse(&berlin(), &["RRULE:FREQ=DAILY", "RDATE:20260501T000000Z"]).unwrap();
    for (from, to) in [(i64::MAX, i64::MIN), (i64::MAX, 0), (0, i64::MIN), (2, 1), (0, 0)] {
        let found = series.between(Timestamp::from_millis(from), Timestamp::from_millis(to), 10);
        assert_eq!(found, Expansion { occurrences: Vec::new(), is_whole: true });
    }
    let all = series.between(Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX), u16::MAX);
    assert_eq!((all.occurrences.len(), all.is_whole), (1_000, false));
    assert!(!series.contains(Occurrence::At(Timestamp::from_millis(i64::MAX))));
    assert!(!series.contains(Occurrence::On(chrono::NaiveDate::MAX)));
}

#[test]
fn spellings_of_one_series_are_one() {
    let one = canonical_lines(&owned(&[
        "exdate;value=date:20260504, 20260502",
        "RRULE:byday=we,MO;FREQ=weekly;INTERVAL=01;WKST=MO;X-A=b;",
        "EXDATE;VALUE=DATE:20260504",
        "RDATE;X-B=c;TZID=\"Europe/Berlin\":20260505T080000",
        "X-GOOGLE:1",
    ]));
    let other = owned(&[
        "RRULE:FREQ=WEEKLY;BYDAY=MO,WE",
        "RDATE;TZID=Europe/Berlin:20260505T080000",
        "EXDATE;VALUE=DATE:20260502,20260504",
    ]);
    assert_eq!(one, other);
    assert_eq!(canonical_lines(&other), other);
}

#[test]
fn a_period_of_nothing_is_no_date() {
    assert_eq!(canonical_lines(&["RDATE;:/".to_owned()]), Vec::<String>::new());
}
