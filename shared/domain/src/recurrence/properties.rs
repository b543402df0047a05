//! What holds of every series, generated.

use proptest::prelude::*;

use super::*;

const DAY_MILLIS: i64 = 86_400_000;

fn when() -> impl Strategy<Value = When> {
    const ZONES: &[&str] =
        &["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific Standard Time"];
    let timed = (0_i64..2_000_000, proptest::sample::select(ZONES)).prop_map(|(quarter_hours, zone)| {
        let start = Timestamp::from_millis(quarter_hours * 900_000);
        When::timed(start, start, Some(zone.to_owned())).unwrap()
    });
    let all_day = (0_u64..20_000).prop_map(|days| {
        let day = chrono::NaiveDate::default() + chrono::Days::new(days);
        When::all_day(day, day).unwrap()
    });
    prop_oneof![timed, all_day]
}

/// Parts that a rule may have, sensible and not.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        "INTERVAL=[1-9]",
        "COUNT=[1-9][0-9]?",
        "UNTIL=20[0-4][0-9](0[1-9]|1[0-2])(0[1-9]|[12][0-9])(T[01][0-9]3000Z?)?",
        "WKST=(MO|SU|WE)",
        "BYDAY=-?[12](MO|FR)",
        "BYDAY=(MO|TU|SU),(WE|SA)",
        "BYMONTH=[1-9](,1[0-2])?",
        "BYMONTHDAY=(-1|31|15|29,30)",
        "BYSETPOS=-?[12]",
        "BYHOUR=[0-9]",
        "X-[A-Z]{3}=[a-z0-9]{2}",
    ]
}

fn rule() -> impl Strategy<Value = String> {
    let name = prop_oneof![4 => Just("RRULE"), 1 => Just("EXRULE"), 1 => Just("rrule")];
    let freq = proptest::sample::select(&["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]);
    (name, freq, proptest::collection::vec(part(), 0..3))
        .prop_map(|(name, freq, parts)| format!("{name}:FREQ={freq};{}", parts.join(";")))
}

fn dates() -> impl Strategy<Value = String> {
    let day = "(19[789][0-9]|20[0-2][0-9])(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])";
    prop_oneof![
        matching(&format!("(RDATE|EXDATE);VALUE=DATE:{day},{day}")),
        matching(&format!("(RDATE|EXDATE);TZID=(Europe/Berlin|Asia/Tokyo):{day}T0[0-9]3000")),
        matching(&format!("(RDATE|EXDATE):{day}T[01][0-9]0000Z,{day}T[01][0-9]1500")),
    ]
}

fn matching(pattern: &str) -> impl Strategy<Value = String> + use<> {
    proptest::string::string_regex(pattern).unwrap()
}

fn lines() -> impl Strategy<Value = Vec<String>> {
    (rule(), proptest::collection::vec(prop_oneof![1 => rule(), 3 => dates()], 0..3)).prop_map(
        |(rule, mut lines)| {
            lines.push(rule);
            lines
        },
    )
}

/// Anything, and what looks like a line.
fn noise() -> impl Strategy<Value = Vec<String>> {
    let line = prop_oneof![
        "\\PC{0,40}",
        "(RRULE|EXRULE|RDATE|EXDATE|rdate|X-A)[;:A-Z=\"]{0,6}[:;][A-Z0-9,;=+\":/é -]{0,30}",
        "RRULE:FREQ=(DAILY|YEARLY|WEEKLY|MONTHLY|HOURLY)(;(BY[A-Z]{3,6}|COUNT|UNTIL|INTERVAL|WKST)=[-+0-9A-Z,]{0,12}){0,3}",
    ];
    proptest::collection::vec(prop_oneof![line, rule(), dates()], 0..5)
}

fn starts(series: &Series, from: Timestamp) -> Expansion {
    series.between(from, from.plus_millis(3_000 * DAY_MILLIS), 20)
}

fn first(when: &When) -> Timestamp {
    match when {
        When::Timed { start, .. } => *start,
        When::AllDay { start, .. } => Occurrence::On(*start).sort_key(),
    }
}

fn moved(occurrence: Occurrence, days: i64) -> Occurrence {
    match occurrence {
        Occurrence::At(at) => Occurrence::At(at.plus_millis(days * DAY_MILLIS)),
        Occurrence::On(day) => Occurrence::On(day + chrono::TimeDelta::days(days)),
    }
}

proptest! {
    // A rule that never yields is searched for centuries, and tests are slow.
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn nothing_panics(when in when(), lines in noise()) {
        if let Ok(series) = Series::parse(&when, &lines) {
            starts(&series, first(&when));
            let _ = series.last();
            prop_assert!(Series::parse(&when, &series.lines()).is_ok());
        }
    }

    #[test]
    fn the_canonical_spelling_is_one(lines in noise(), seed in any::<u64>()) {
        let canonical = canonical_lines(&lines);
        prop_assert_eq!(&canonical_lines(&canonical), &canonical);
        let mut others = lines;
        let count = u64::try_from(others.len().max(1)).unwrap();
        others.rotate_left(usize::try_from(seed % count).unwrap());
        others.reverse();
        prop_assert_eq!(canonical_lines(&others), canonical);
    }

    #[test]
    fn written_lines_are_the_same_series(when in when(), lines in lines(), later in 0_i64..5_000) {
        let Ok(series) = Series::parse(&when, &lines) else { return Ok(()) };
        let written = series.lines();
        prop_assert_eq!(&canonical_lines(&written), &written);
        let again = Series::parse(&when, &written).unwrap();
        prop_assert_eq!(again.lines(), written);
        let from = first(&when).plus_millis(later * DAY_MILLIS);
        prop_assert_eq!(starts(&again, from), starts(&series, from));
        prop_assert_eq!(again.last(), series.last());
    }

    #[test]
    fn a_series_contains_what_it_yields_and_nothing_beside(when in when(), lines in lines()) {
        let Ok(series) = Series::parse(&when, &lines) else { return Ok(()) };
        let from = first(&when);
        let found = starts(&series, from);
        prop_assert!(found.occurrences.is_sorted_by(|a, b| a < b));
        let last = found.occurrences.last().map(|last| last.sort_key());
        for occurrence in found.occurrences.iter().take(3) {
            prop_assert!(series.contains(*occurrence));
            for neighbour in [moved(*occurrence, -1), moved(*occurrence, 1)] {
                if neighbour.sort_key() >= from && Some(neighbour.sort_key()) <= last {
                    prop_assert_eq!(series.contains(neighbour), found.occurrences.contains(&neighbour));
                }
            }
            let other_kind = match *occurrence {
                Occurrence::At(at) => Occurrence::On(
                    chrono::DateTime::from_timestamp_millis(at.millis()).unwrap().date_naive(),
                ),
                Occurrence::On(_) => Occurrence::At(occurrence.sort_key()),
            };
            prop_assert!(!series.contains(other_kind));
        }
        let days = |occurrence: &Occurrence| (-1..=1).map(|days| moved(*occurrence, days)).collect::<Vec<_>>();
        let asked: BTreeSet<_> = found.occurrences.iter().flat_map(days).collect();
        let one_by_one = asked.iter().copied().filter(|occurrence| series.contains(*occurrence)).collect();
        prop_assert_eq!(series.having(&asked), one_by_one);
    }

    #[test]
    fn a_window_shows_what_a_wider_one_shows_of_it(when in when(), lines in lines(), later in 0_i64..2_000) {
        let Ok(series) = Series::parse(&when, &lines) else { return Ok(()) };
        let from = first(&when).plus_millis(-DAY_MILLIS);
        let (cut, to) = (from.plus_millis(later * DAY_MILLIS), from.plus_millis(2_000 * DAY_MILLIS));
        let whole = series.between(from, to, MAX_OCCURRENCES);
        let tail = series.between(cut, to, MAX_OCCURRENCES);
        prop_assume!(whole.is_whole);
        let expected: Vec<_> = whole.occurrences.into_iter().filter(|o| o.sort_key() >= cut).collect();
        prop_assert_eq!(tail.occurrences, expected);
    }
}
