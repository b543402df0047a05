//! When a person is taken, and when free.

use tminus_domain::availability::{Claim, Taken, availability, taken};
use tminus_domain::hours::{WorkingHours, Zone};
use tminus_domain::spans::Span;
use tminus_user_graph::policy_contract::SetWorkingHours;
use tminus_user_graph::reading_contract::{FreeBusy, GetFreeBusy};

use super::*;

fn get(from: i64, to: i64, zone: Option<&str>) -> GetFreeBusy {
    let zone = zone.map(|zone| zone.parse().unwrap());
    GetFreeBusy { from: at(from), to: at(to), zone, accounts: Vec::new() }
}

fn spans(answer: &FreeBusy) -> Vec<(String, String, Taken)> {
    answer.busy.iter().map(|span| (span.start.to_rfc3339(), span.end.to_rfc3339(), span.kind)).collect()
}

fn hours() -> WorkingHours {
    serde_json::from_str(r#"{"zone":"Europe/Berlin","days":["mon","tue"],"from":"09:00","to":"17:00"}"#)
        .unwrap()
}

#[test]
fn accounts_are_merged_and_what_leaves_free_is_left_out() {
    let stage = Stage::settled(1, 3);
    let with =
        |response, transparency, content| EventContent { own_response: response, transparency, ..content };
    let free = with(OwnResponse::Accepted, Transparency::Transparent, hour("free", NINE + 4 * HOUR));
    let declined = with(OwnResponse::Declined, Transparency::Opaque, hour("meeting", NINE + 2 * HOUR));
    let accepted = EventContent { own_response: OwnResponse::Accepted, ..declined.clone() };
    let open = with(OwnResponse::NeedsAction, Transparency::Opaque, hour("open", NINE + HOUR));
    applied(
        &stage,
        0,
        1,
        vec![present("one", 1, hour("one", NINE)), present("meeting", 1, declined), present("free", 1, free)],
    );
    applied(
        &stage,
        1,
        1,
        vec![
            present("two", 1, hour("two", NINE + HOUR / 2)),
            present("meeting", 1, accepted),
            present("open", 1, open),
        ],
    );
    let answer = ask(&stage, &get(NINE - HOUR, NINE + DAY, None)).unwrap();
    let time = |minutes: i64| at(NINE + minutes * 60_000).to_rfc3339();
    assert_eq!(
        spans(&answer),
        [
            (time(0), time(90), Taken::Busy),
            (time(90), time(120), Taken::Tentative),
            (time(120), time(180), Taken::Busy),
        ]
    );
    assert_eq!((answer.free, answer.zone), (None, Zone::UTC));
    let first = GetFreeBusy { accounts: vec![stage.accounts[0]], ..get(NINE, NINE + DAY, None) };
    assert_eq!(spans(&ask(&stage, &first).unwrap()), [(time(0), time(60), Taken::Busy)]);
    unfit(&stage, &get(NINE, NINE + 401 * DAY, None), "at most 400 days");
}

#[test]
fn whole_days_are_those_of_the_users_zone_and_hours_are_left_free_around_what_is_taken() {
    let stage = Stage::settled(1, 2);
    applied(
        &stage,
        0,
        1,
        vec![
            present("day", 1, days("day", "2026-02-03", "2026-02-04")),
            present("one", 1, hour("one", NINE)),
        ],
    );
    let day = |zone| spans(&ask(&stage, &get(NINE + 5 * HOUR, NINE + 3 * DAY, zone)).unwrap());
    let of = |start: &str, end: &str| vec![(start.to_owned(), end.to_owned(), Taken::Busy)];
    assert_eq!(day(None), of("2026-02-03T00:00:00.000Z", "2026-02-04T00:00:00.000Z"));
    assert_eq!(day(Some("Asia/Tokyo")), of("2026-02-02T15:00:00.000Z", "2026-02-03T15:00:00.000Z"));
    ask(&stage, &SetWorkingHours { hours: Some(hours()) }).unwrap();
    assert_eq!(day(None), of("2026-02-02T23:00:00.000Z", "2026-02-03T23:00:00.000Z"));
    let answer = ask(&stage, &get(NINE - DAY, NINE + 8 * DAY, None)).unwrap();
    let free: Vec<_> =
        answer.free.unwrap().iter().map(|span| [span.start, span.end].map(Timestamp::to_rfc3339)).collect();
    assert_eq!(
        free,
        [
            ["2026-02-02T08:00:00.000Z", "2026-02-02T09:00:00.000Z"],
            ["2026-02-02T10:00:00.000Z", "2026-02-02T16:00:00.000Z"],
            ["2026-02-09T08:00:00.000Z", "2026-02-09T16:00:00.000Z"],
            ["2026-02-10T08:00:00.000Z", "2026-02-10T09:00:00.000Z"],
        ]
    );
}

/// What takes time is what the list shows, merged.
#[test]
fn what_is_taken_is_what_the_list_shows() {
    for case in 0..30 {
        let (stage, dice) = (Stage::settled(1, 2), Dice(SeededRng::new(case)));
        for account in 0..2 {
            let mut deltas = Vec::new();
            for nth in 0..30 {
                let id = format!("e{nth}");
                let start = NINE + (dice.below(60) - 30) * 7 * HOUR;
                let length = dice.one_of(&[0, HOUR, 3 * HOUR, 3 * DAY, 10 * DAY]);
                let mut content = plain(&id, When::timed(at(start), at(start + length), None).unwrap());
                if dice.below(5) == 0 {
                    content =
                        series(&id, start, dice.one_of(&["RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY;COUNT=2"]));
                }
                content.status = dice.one_of(&[Status::Confirmed, Status::Tentative]);
                content.transparency = dice.one_of(&[Transparency::Opaque, Transparency::Transparent]);
                content.own_response =
                    dice.one_of(&[OwnResponse::Accepted, OwnResponse::Declined, OwnResponse::Tentative]);
                deltas.push(present(&id, 1, content));
            }
            applied(&stage, account, 1, deltas);
        }
        ask(&stage, &SetWorkingHours { hours: Some(hours()) }).unwrap();
        let from = NINE + (dice.below(20) - 10) * DAY;
        let to = from + dice.one_of(&[HOUR, DAY, 20 * DAY]);
        let claims = listed(&stage, from, to, &EventFilter::default(), 500).into_iter().filter_map(|event| {
            let content = event.content;
            let kind = taken(content.status, content.transparency, content.own_response)?;
            let span = Span { start: content.when.start_key(), end: content.when.end_key() };
            Some((span, Claim::Taken(kind)))
        });
        let expected = availability(Span { start: at(from), end: at(to) }, claims, Some(&hours()));
        let answer = ask(&stage, &get(from, to, None)).unwrap();
        assert_eq!((answer.busy, answer.free), (expected.taken, expected.free), "case {case}");
    }
}
