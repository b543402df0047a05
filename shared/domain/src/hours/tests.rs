//! Working hours across nights, weekends and the ends of summer time.

use super::*;
use proptest::prelude::*;

fn hours(zone: &str, days: &str, from: &str, to: &str) -> WorkingHours {
    let days = days.split(' ').map(|day| day.parse().unwrap()).collect();
    let hours = WorkingHours {
        zone: zone.parse().unwrap(),
        days,
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
    };
    assert_eq!(hours.check(), Ok(()));
    hours
}

fn timed(start: &str, end: &str) -> When {
    let at = |text| Timestamp::parse_rfc3339(text).unwrap();
    When::timed(at(start), at(end), None).unwrap()
}

fn days(start: &str, end: &str) -> When {
    When::all_day(start.parse().unwrap(), end.parse().unwrap()).unwrap()
}

const WEEK: &str = "mon tue wed thu fri";

#[test]
fn a_span_is_inside_if_a_moment_of_it_is() {
    let office = hours("Europe/Berlin", WEEK, "09:00", "17:00");
    // 2026-03-02 is a Monday; Berlin is an hour ahead of UTC.
    assert!(office.overlaps(&timed("2026-03-02T07:00:00Z", "2026-03-02T08:00:00.001Z")));
    assert!(!office.overlaps(&timed("2026-03-02T07:00:00Z", "2026-03-02T08:00:00Z")));
    assert!(office.overlaps(&timed("2026-03-02T15:59:59Z", "2026-03-02T18:00:00Z")));
    assert!(!office.overlaps(&timed("2026-03-02T16:00:00Z", "2026-03-02T18:00:00Z")));
    assert!(office.overlaps(&timed("2026-03-02T05:00:00Z", "2026-03-02T20:00:00Z")));
    assert!(!office.overlaps(&timed("2026-03-07T10:00:00Z", "2026-03-07T11:00:00Z")), "a Saturday");
    assert!(office.overlaps(&timed("2026-03-07T10:00:00Z", "2026-03-09T09:00:00Z")), "until Monday");
    assert!(!office.overlaps(&timed("2026-03-06T18:00:00Z", "2026-03-09T08:00:00Z")), "a weekend");
}

#[test]
fn a_span_without_length_is_its_moment() {
    let office = hours("UTC", WEEK, "09:00", "17:00");
    let moment = |at: &str| office.overlaps(&timed(at, at));
    assert!(moment("2026-03-02T09:00:00Z") && moment("2026-03-02T16:59:59Z"));
    assert!(!moment("2026-03-02T08:59:59Z") && !moment("2026-03-02T17:00:00Z"));
}

#[test]
fn nights_belong_to_the_day_on_which_they_begin() {
    let night = hours("Europe/Berlin", "fri", "22:00", "06:00");
    assert!(night.overlaps(&timed("2026-03-06T21:30:00Z", "2026-03-06T22:00:00Z")), "Friday at 22:30");
    assert!(night.overlaps(&timed("2026-03-07T04:00:00Z", "2026-03-07T04:30:00Z")), "Saturday at 5");
    assert!(!night.overlaps(&timed("2026-03-07T05:00:00Z", "2026-03-07T06:00:00Z")), "Saturday at 6");
    assert!(!night.overlaps(&timed("2026-03-06T04:00:00Z", "2026-03-06T04:30:00Z")), "Friday at 5");
    assert!(!night.overlaps(&timed("2026-03-07T21:30:00Z", "2026-03-07T22:00:00Z")), "Saturday at 22:30");
    assert!(night.overlaps(&days("2026-03-06", "2026-03-07")));
    assert!(!night.overlaps(&days("2026-03-07", "2026-03-08")));
}

#[test]
fn whole_days_are_inside_if_one_is_a_working_day() {
    let office = hours("Pacific/Auckland", WEEK, "09:00", "17:00");
    assert!(office.overlaps(&days("2026-03-02", "2026-03-03")));
    assert!(!office.overlaps(&days("2026-03-07", "2026-03-09")), "Saturday and Sunday");
    assert!(office.overlaps(&days("2026-03-07", "2026-03-10")));
    assert!(hours("UTC", "sun", "09:00", "17:00").overlaps(&days("2026-03-02", "2026-03-09")));
    assert!(office.overlaps(&days("1000-01-01", "9999-12-31")));
}

#[test]
fn the_clock_on_the_wall_counts_on_both_sides_of_summer_time() {
    let office = hours("Europe/Berlin", WEEK, "09:00", "17:00");
    // Summer time began on Sunday, 2026-03-29: 7:30 UTC was 8:30 on Friday and is 9:30 on Monday.
    assert!(!office.overlaps(&timed("2026-03-27T07:30:00Z", "2026-03-27T08:00:00Z")));
    assert!(office.overlaps(&timed("2026-03-30T07:30:00Z", "2026-03-30T08:00:00Z")));
    // It ends on Sunday, 2026-10-25.
    assert!(office.overlaps(&timed("2026-10-23T07:30:00Z", "2026-10-23T08:00:00Z")));
    assert!(!office.overlaps(&timed("2026-10-26T07:30:00Z", "2026-10-26T08:00:00Z")));
}

#[test]
fn the_hour_that_is_missing_or_comes_twice_is_no_trap() {
    let early = hours("Europe/Berlin", "sun", "02:15", "02:45");
    // 01:59 to 03:01 with the hour between missing, and 03:00 to 03:30 after it.
    assert!(early.overlaps(&timed("2026-03-29T00:59:00Z", "2026-03-29T01:01:00Z")));
    assert!(!early.overlaps(&timed("2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z")));
    // 02:30 comes twice.
    assert!(early.overlaps(&timed("2026-10-25T00:30:00Z", "2026-10-25T00:40:00Z")));
    assert!(early.overlaps(&timed("2026-10-25T01:30:00Z", "2026-10-25T01:40:00Z")));
    // From the first 02:30 to the second 02:10: the end is before the start on the wall.
    assert!(early.overlaps(&timed("2026-10-25T00:30:00Z", "2026-10-25T01:10:00Z")));
}

#[test]
fn a_long_span_takes_no_long_time() {
    let office = hours("UTC", "sun", "23:59", "24:00");
    assert!(office.overlaps(&timed("0001-01-03T00:00:00Z", "9999-01-01T00:00:00Z")));
    let beyond =
        When::timed(Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX), None).unwrap();
    assert!(!office.overlaps(&beyond), "no clock shows it");
}

#[test]
fn the_spelling_is_strict_and_leads_back() {
    let json = r#"{"zone":"America/New_York","days":["mon","sun"],"from":"22:00","to":"06:30"}"#;
    let read: WorkingHours = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
    for (was, is) in [
        ("America/New_York", "America/Atlantis"),
        ("\"sun\"", "\"sunday\""),
        ("22:00", "9:00"),
        ("22:00", "22:60"),
        ("22:00", "24:01"),
        ("22:00", "+9:00"),
        ("22:00", "65535:00"),
        ("\"to\"", "\"until\""),
        ("}", ",\"lunch\":\"12:00\"}"),
    ] {
        assert!(serde_json::from_str::<WorkingHours>(&json.replace(was, is)).is_err(), "{is}");
    }
}

#[test]
fn hours_that_make_no_sense_are_told() {
    let check = |days: Vec<Weekday>, from: &str, to: &str| {
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        WorkingHours { zone: "UTC".parse().unwrap(), days, from, to }.check()
    };
    assert_eq!(check(vec![], "09:00", "17:00"), Err(HoursError::NoDays));
    assert_eq!(check(vec![Weekday::Mon, Weekday::Mon], "09:00", "17:00"), Err(HoursError::RepeatedDay));
    assert_eq!(check(vec![Weekday::Mon], "09:00", "09:00"), Err(HoursError::Empty));
    assert_eq!(check(vec![Weekday::Mon], "24:00", "09:00"), Err(HoursError::BeginAtEnd));
    assert_eq!(check(vec![Weekday::Mon], "00:00", "24:00"), Ok(()));
    assert_eq!(check(vec![Weekday::Mon], "00:01", "00:00"), Ok(()));
}

proptest! {
    #[test]
    fn in_a_zone_without_summer_time_it_is_arithmetic(
        start in 0..28 * 1440_i64, length in 0..6 * 1440_i64, from in 0..1440_u16, to in 0..=1440_u16,
        days in proptest::sample::subsequence(
            vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun], 1..=7,
        ),
    ) {
        prop_assume!(from != to);
        let week: Vec<_> = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun].into();
        let hours = WorkingHours { zone: "UTC".parse().unwrap(), days, from: TimeOfDay(from), to: TimeOfDay(to) };
        // Minutes since Monday, 1970-01-05.
        let at = |minute: i64| Timestamp::from_millis((minute + 4 * 1440) * 60_000);
        let when = When::timed(at(start), at(start + length), None).unwrap();
        let is_working = |minute: i64| {
            let begins = |day: i64| hours.days.contains(&week[usize::try_from(day.rem_euclid(7)).unwrap()]);
            let (day, of_day) = (minute.div_euclid(1440), minute.rem_euclid(1440));
            let (from, to) = (i64::from(from), i64::from(to));
            if from < to {
                begins(day) && (from..to).contains(&of_day)
            } else {
                begins(day) && of_day >= from || begins(day - 1) && of_day < to
            }
        };
        let expected = (start..(start + length).max(start + 1)).any(is_working);
        prop_assert_eq!(hours.overlaps(&when), expected);
    }

    #[test]
    fn no_span_panics(start: i64, length in 0..i64::MAX) {
        let hours = hours("America/Sao_Paulo", "sat", "22:00", "06:00");
        let start = Timestamp::from_millis(start);
        let _ = hours.overlaps(&When::timed(start, start.plus_millis(length), None).unwrap());
    }
}
