//! What takes place in a range.

use std::collections::BTreeMap;

use tminus_domain::ids::EventId;
use tminus_domain::occurrence::Occurrence;
use tminus_domain::recurrence::Series;
use tminus_ports::Named;
use tminus_user_graph::contract::{GetStatus, UnlinkAccount};
use tminus_user_graph::reading_contract::{GetEvent, MAX_RANGE_DAYS};

use super::*;

const CASES: u64 = 15;
/// More than any range here.
const FAR: i64 = 900 * DAY;

/// What one account holds, by the provider's ids.
type Held = BTreeMap<String, EventContent>;

/// Anything that takes place, of any length: many at the same time, some before 1970, some for weeks.
fn anything(dice: &Dice) -> Held {
    let mut held = Held::new();
    for nth in 0..40 {
        let start = NINE + (dice.below(120) - 60) * 6 * HOUR;
        let when = match dice.below(6) {
            0 => {
                let day = Occurrence::of(&hour("", start).when).sort_key().millis().div_euclid(DAY) * DAY;
                let length = dice.one_of(&[1, 1, 2, 7, 8, 30]);
                When::from_keys(
                    at(day),
                    at(day + length * DAY),
                    None,
                    tminus_domain::event::Extent::WholeDays,
                )
                .unwrap()
            }
            1 => When::timed(at(start), at(start), None).unwrap(),
            2 => When::timed(at(start), at(start + dice.one_of(&[6, 7, 8, 40]) * DAY), None).unwrap(),
            3 if dice.below(3) == 0 => When::timed(at(start - 70 * 365 * DAY), at(start), None).unwrap(),
            _ => When::timed(at(start), at(start + HOUR), None).unwrap(),
        };
        let id = format!("single{nth}");
        held.insert(id.clone(), EventContent { status: status(dice), ..plain(&id, when) });
    }
    for nth in 0..8 {
        let id = format!("series{nth}");
        let start = NINE + (dice.below(60) - 50) * DAY;
        let rule = dice.one_of(&[
            "RRULE:FREQ=DAILY;COUNT=5",
            "RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR",
            "RRULE:FREQ=DAILY;INTERVAL=3;UNTIL=20260220T235959Z",
            "RRULE:FREQ=MONTHLY",
            "RRULE:FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
        ]);
        let mut master = series(&id, start, rule);
        if dice.below(4) == 0 {
            // Longer than a week, and than the pause between two of them.
            master.when = When::timed(at(start), at(start + 9 * DAY), Some("UTC".to_owned())).unwrap();
        }
        let SeriesPart::Master { lines } = &master.series else { panic!("a series") };
        let rules = Series::parse(&master.when, lines).unwrap();
        for occurrence in rules.between(at(NINE - FAR), at(NINE + FAR), 30).occurrences {
            if dice.below(5) == 0 {
                let name = format!("{id}_{}", occurrence.stamp());
                let moved = occurrence.sort_key().millis() + (dice.below(40) - 20) * 5 * HOUR;
                let part = SeriesPart::Exception { master: id.clone(), original_start: occurrence };
                let status = if dice.below(3) == 0 { Status::Cancelled } else { status(dice) };
                let exception = EventContent { series: part, status, ..hour(&name, moved) };
                held.insert(name, exception);
            }
        }
        held.insert(id, EventContent { status: status(dice), ..master });
    }
    held
}

fn status(dice: &Dice) -> Status {
    dice.one_of(&[Status::Confirmed, Status::Confirmed, Status::Tentative])
}

/// Titles, times and occurrences of what takes place, found without any index.
fn expected(
    held: &Held,
    from: i64,
    to: i64,
    statuses: &[Status],
) -> Vec<(i64, i64, String, Option<Occurrence>)> {
    let mut all = Vec::new();
    for (id, content) in held.iter().filter(|(_, content)| statuses.contains(&content.status)) {
        let (start, end) = (content.when.start_key().millis(), content.when.end_key().millis());
        let SeriesPart::Master { lines } = &content.series else {
            all.push((start, end, id.clone(), None));
            continue;
        };
        let is_exception =
            |occurrence: Occurrence| held.contains_key(&format!("{id}_{}", occurrence.stamp()));
        let rules = Series::parse(&content.when, lines).unwrap();
        let occurrences = rules.between(at(from - FAR), at(to), 1_000).occurrences;
        all.extend(occurrences.into_iter().filter(|occurrence| !is_exception(*occurrence)).map(
            |occurrence| {
                let at = occurrence.sort_key().millis();
                (at, at + end - start, id.clone(), Some(occurrence))
            },
        ));
    }
    all.retain(|(start, end, ..)| *start < to && (*end > from || *start >= from));
    all.sort();
    all
}

fn key(event: &ListedEvent) -> (i64, i64, String, Option<Occurrence>) {
    let when = &event.content.when;
    let title = event.content.title.clone().unwrap();
    (when.start_key().millis(), when.end_key().millis(), title, event.occurrence)
}

#[test]
fn pages_hold_what_takes_place_in_a_range_each_once_and_in_order() {
    let standing = [Status::Confirmed, Status::Tentative];
    for case in 0..CASES {
        let (stage, dice) = (Stage::settled(1, 2), Dice(SeededRng::new(case)));
        let held = anything(&dice);
        applied(&stage, 0, 1, held.iter().map(|(id, content)| present(id, 1, content.clone())).collect());
        for _ in 0..6 {
            let from = NINE + (dice.below(100) - 50) * DAY + dice.below(48) * HOUR / 2;
            let to = from + dice.one_of(&[HOUR, DAY, 7 * DAY, 31 * DAY, 400 * DAY]);
            let statuses = dice.one_of(&[
                &[][..],
                &[Status::Tentative],
                &[Status::Cancelled],
                &[Status::Confirmed, Status::Tentative, Status::Cancelled],
            ]);
            let filter = EventFilter { statuses: statuses.to_vec(), ..EventFilter::default() };
            let limit = dice.one_of(&[1, 3, 10, 500]);
            let all = listed(&stage, from, to, &filter, limit);
            let places: Vec<_> = all
                .iter()
                .map(|event| (event.content.when.start_key(), event.event, event.occurrence))
                .collect();
            assert!(places.is_sorted_by(|one, next| one < next), "case {case}");
            let mut found: Vec<_> = all.iter().map(key).collect();
            found.sort();
            let wanted = if statuses.is_empty() { &standing[..] } else { statuses };
            assert_eq!(
                found,
                expected(&held, from, to, wanted),
                "case {case}: {from} to {to}, {limit} a page"
            );
        }
    }
}

#[test]
fn an_occurrence_says_what_its_series_does_at_its_own_time() {
    let stage = Stage::settled(1, 2);
    // Over a clock change: nine in Berlin.
    let weekly = series("weekly", NINE - HOUR, "RRULE:FREQ=WEEKLY");
    applied(&stage, 0, 1, vec![present("weekly", 1, weekly)]);
    let all = listed(&stage, NINE + 50 * DAY, NINE + 58 * DAY, &EventFilter::default(), 10);
    assert_eq!(shown(&all), [("weekly".to_owned(), "2026-03-30T07:00:00.000Z".to_owned()),]);
    let occurrence = all[0].occurrence.unwrap();
    assert_eq!(occurrence.stamp(), "20260330T070000Z");
    assert_eq!(
        all[0].content.series,
        SeriesPart::Exception { master: "weekly".to_owned(), original_start: occurrence }
    );
    assert_eq!(all[0].content.ical_uid.as_deref(), Some("weekly@google.com"));
}

#[test]
fn what_is_remembered_of_a_series_is_of_its_version() {
    let stage = Stage::settled(1, 2);
    let list = |generation: u32, rule: &str| {
        applied(&stage, 0, generation, vec![present("daily", generation, series("daily", NINE, rule))]);
        listed(&stage, NINE - DAY, NINE + 30 * DAY, &EventFilter::default(), 500).len()
    };
    assert_eq!(list(1, "RRULE:FREQ=DAILY;COUNT=4"), 4);
    assert_eq!(list(2, "RRULE:FREQ=DAILY;COUNT=7"), 7);
    applied(&stage, 0, 3, vec![Delta::Deleted { id: "daily".to_owned() }]);
    assert!(listed(&stage, NINE - DAY, NINE + 30 * DAY, &EventFilter::default(), 500).is_empty());
    assert_eq!(list(4, "RRULE:FREQ=DAILY;COUNT=2"), 2);
    // Another year of it, and then the first again.
    assert_eq!(list(5, "RRULE:FREQ=WEEKLY"), 5);
    let far = NINE + 3 * 365 * DAY;
    assert_eq!(listed(&stage, far, far + 14 * DAY, &EventFilter::default(), 500).len(), 2);
    assert_eq!(listed(&stage, NINE, NINE + 15 * DAY, &EventFilter::default(), 500).len(), 3);
}

#[test]
fn a_filter_leaves_out_other_accounts_and_calendars() {
    let stage = Stage::settled(1, 3);
    for account in 0..3 {
        let title = format!("of {account}");
        let weekly = series(&title, NINE + HOUR, "RRULE:FREQ=WEEKLY;COUNT=2");
        // The same meeting, in each account that has it.
        applied(
            &stage,
            account,
            1,
            vec![present("same", 1, hour(&title, NINE)), present("weekly", 1, weekly)],
        );
    }
    let of = |accounts: &[usize], calendars: &[usize]| {
        let filter = EventFilter {
            accounts: accounts.iter().map(|nth| stage.accounts[*nth]).collect(),
            calendars: calendars.iter().map(|nth| stage.primary(*nth)).collect(),
            ..EventFilter::default()
        };
        titles(&listed(&stage, NINE, NINE + DAY, &filter, 2))
    };
    assert_eq!(of(&[], &[]).len(), 6);
    assert_eq!(of(&[1], &[]), ["of 1", "of 1"]);
    assert_eq!(of(&[], &[2]), ["of 2", "of 2"]);
    assert_eq!(of(&[0, 1, 2], &[0, 2]).len(), 4);
    assert!(of(&[1], &[2]).is_empty());
}

#[test]
fn a_range_that_is_none_or_too_long_is_refused() {
    let stage = Stage::settled(1, 1);
    let list = |from: i64, to: i64| ListEvents {
        from: at(from),
        to: at(to),
        filter: EventFilter::default(),
        limit: 0,
        after: None,
    };
    for (from, to) in [(NINE, NINE), (NINE, NINE - 1), (i64::MIN, i64::MAX), (NINE, NINE + 1000 * 365 * DAY)]
    {
        unfit(&stage, &list(from, to), "at most 400 days");
    }
    unfit(&stage, &list(NINE, NINE + MAX_RANGE_DAYS * DAY + 1), "at most 400 days");
    assert!(ask(&stage, &list(NINE, NINE + MAX_RANGE_DAYS * DAY)).is_ok());
    // Where no calendar is.
    assert!(ask(&stage, &list(i64::MIN, i64::MIN + DAY)).unwrap().events.is_empty());
    assert!(ask(&stage, &list(i64::MAX - DAY, i64::MAX)).unwrap().events.is_empty());
}

#[test]
fn one_event_is_shown_with_its_mirrors_also_when_it_is_deleted() {
    let mut stage = Stage::settled(1, 3);
    let id = stage.add(0, "one", "2026-02-02T09:00:00Z", "2026-02-02T10:00:00Z");
    stage.settle();
    let event = listed(&stage, NINE, NINE + DAY, &EventFilter::default(), 10)[0].event;
    let get = |stage: &Stage| ask(stage, &GetEvent { event });
    let found = get(&stage).unwrap();
    assert_eq!((found.event.content.title.as_deref(), found.event.version), (Some("one"), 1));
    let calendars: Vec<_> =
        found.mirrors.iter().map(|mirror| (mirror.account, mirror.state.as_str())).collect();
    assert_eq!(calendars.len(), 2, "{calendars:?}");
    for account in [1, 2] {
        assert!(calendars.contains(&(stage.accounts[account], "ACTIVE")));
    }
    let email = stage.emails[0].clone();
    assert!(stage.world.delete(&email, &email, &id));
    stage.settle();
    let found = get(&stage).unwrap();
    assert_eq!((found.event.content.status, found.event.version), (Status::Cancelled, 2));
    let gone = EventFilter { statuses: vec![Status::Cancelled], ..EventFilter::default() };
    assert_eq!(titles(&listed(&stage, NINE, NINE + DAY, &gone, 10)), ["one"]);

    let unknown = Err(ObjectError::Unknown { what: Named::Event });
    let nobody = EventId::from_ulid(Ulid::from_parts(1, 1));
    assert_eq!(ask(&stage, &GetEvent { event: nobody }), unknown);
    ask(&stage, &UnlinkAccount { account: stage.accounts[0], generation: 1_000 }).unwrap();
    assert_eq!(get(&stage), unknown);
    stage.settle();
    assert_eq!(get(&stage), unknown);
    assert!(listed(&stage, NINE, NINE + DAY, &gone, 10).is_empty());
    assert_eq!(ask(&stage, &GetStatus {}).unwrap().events, 0);
}
