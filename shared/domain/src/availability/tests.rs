use proptest::prelude::*;

use super::*;

const HOUR: i64 = 3_600_000;
/// 2026-03-23T00:00:00Z, a Monday; the clocks of Berlin change on the Sunday after.
const MONDAY: i64 = 1_774_224_000_000;

fn span(start: i64, end: i64) -> Span {
    Span { start: Timestamp::from_millis(start), end: Timestamp::from_millis(end) }
}

fn hours(text: &str) -> WorkingHours {
    serde_json::from_str(text).unwrap()
}

fn berlin() -> WorkingHours {
    let days = r#"["mon","tue","wed","thu","fri","sat","sun"]"#;
    hours(&format!(r#"{{"zone":"Europe/Berlin","days":{days},"from":"09:00","to":"17:00"}}"#))
}

#[test]
fn working_hours_follow_the_clock_on_the_wall() {
    let week = span(MONDAY, MONDAY + 8 * 24 * HOUR);
    let found = availability(week, [], Some(&berlin())).free.unwrap();
    let at = |span: &Span| [span.start.to_rfc3339(), span.end.to_rfc3339()];
    assert_eq!(found.len(), 8);
    assert_eq!(at(&found[5]), ["2026-03-28T08:00:00.000Z", "2026-03-28T16:00:00.000Z"]);
    assert_eq!(at(&found[6]), ["2026-03-29T07:00:00.000Z", "2026-03-29T15:00:00.000Z"]);
    // By night, and skipped: the clock goes from two to three.
    let night = r#"{"zone":"Europe/Berlin","days":["sat"],"from":"22:00","to":"02:30"}"#;
    let found = availability(week, [], Some(&hours(night))).free.unwrap();
    assert_eq!(
        found.iter().map(at).collect::<Vec<_>>(),
        [["2026-03-28T21:00:00.000Z", "2026-03-29T01:30:00.000Z"]]
    );
}

#[test]
fn what_stands_goes_before_what_may_and_what_is_freed_before_both() {
    let at = |from: i64, to: i64| span(MONDAY + from * HOUR, MONDAY + to * HOUR);
    let claims = [
        (at(9, 11), Claim::Taken(Taken::Tentative)),
        (at(10, 12), Claim::Taken(Taken::Busy)),
        (at(12, 13), Claim::Taken(Taken::Busy)),
        (at(14, 16), Claim::Taken(Taken::Busy)),
        (at(15, 17), Claim::Free),
        (at(15, 15), Claim::Taken(Taken::Busy)),
        (at(23, 30), Claim::Taken(Taken::Busy)),
    ];
    let found = availability(at(0, 24), claims, None);
    let of = |from, to, kind| {
        let Span { start, end } = at(from, to);
        TakenSpan { start, end, kind }
    };
    let expected = [
        of(9, 10, Taken::Tentative),
        of(10, 13, Taken::Busy),
        of(14, 15, Taken::Busy),
        of(23, 24, Taken::Busy),
    ];
    assert_eq!((found.taken.as_slice(), found.free), (expected.as_slice(), None));
}

/// Spans within a few days, in quarters of an hour, so that they touch and nest often.
fn claims() -> impl Strategy<Value = Vec<(Span, Claim)>> {
    let claim = prop_oneof![
        4 => Just(Claim::Taken(Taken::Busy)),
        2 => Just(Claim::Taken(Taken::Tentative)),
        1 => Just(Claim::Free),
    ];
    let one = (-20_i64..220, -2_i64..60, claim);
    proptest::collection::vec(one, 0..40).prop_map(|all| {
        let quarter = HOUR / 4;
        all.into_iter()
            .map(|(start, length, claim)| {
                let start = MONDAY + start * quarter;
                (span(start, start + length * quarter), claim)
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn every_moment_is_what_is_said_of_it(claims in claims()) {
        let range = span(MONDAY, MONDAY + 48 * HOUR);
        let hours = berlin();
        let found = availability(range, claims.clone(), Some(&hours));
        let free = found.free.unwrap();
        // In order and disjoint, none empty; what touches is of another kind.
        for pair in found.taken.windows(2) {
            prop_assert!(pair[0].end <= pair[1].start);
            prop_assert!(pair[0].end < pair[1].start || pair[0].kind != pair[1].kind);
        }
        for pair in free.windows(2) {
            prop_assert!(pair[0].end < pair[1].start);
        }
        prop_assert!(found.taken.iter().all(|span| span.start < span.end));
        prop_assert!(free.iter().all(|span| !span.is_empty()));
        let worked = Spans::of(hours.spans(range));
        for moment in 0..=(50 * 8) {
            // Between the quarters too, and beyond the range.
            let at = Timestamp::from_millis(MONDAY - HOUR + moment * HOUR / 8);
            let holds = |span: &Span| span.start <= at && at < span.end;
            let said = |wanted| claims.iter().any(|(span, claim)| *claim == wanted && holds(span));
            let expected = if !holds(&range) || said(Claim::Free) {
                None
            } else if said(Claim::Taken(Taken::Busy)) {
                Some(Taken::Busy)
            } else {
                Some(Taken::Tentative).filter(|kind| said(Claim::Taken(*kind)))
            };
            let taken: Vec<Taken> = found
                .taken
                .iter()
                .filter(|span| span.start <= at && at < span.end)
                .map(|span| span.kind)
                .collect();
            prop_assert_eq!(&taken, &expected.into_iter().collect::<Vec<_>>());
            let is_free = free.iter().any(holds);
            prop_assert_eq!(is_free, expected.is_none() && holds(&range) && worked.iter().any(holds));
        }
    }

    #[test]
    fn the_order_of_what_is_said_and_saying_it_twice_change_nothing(claims in claims()) {
        let range = span(MONDAY, MONDAY + 48 * HOUR);
        let found = availability(range, claims.clone(), None);
        let twice = claims.iter().rev().chain(&claims).copied().collect::<Vec<_>>();
        prop_assert_eq!(availability(range, twice, None), found);
    }
}
