use super::*;
use crate::event::{EventType, Organizer, OwnResponse, SeriesPart};
use crate::ids::{PrefixedId, Ulid};

const GOLDEN: &str = include_str!("golden.ics");

fn content(title: &str, when: When) -> EventContent {
    EventContent {
        title: Some(title.to_owned()),
        description: None,
        location: None,
        when,
        status: Status::Confirmed,
        visibility: Visibility::Default,
        transparency: Transparency::Opaque,
        event_type: EventType::Default,
        own_response: OwnResponse::NotInvited,
        organizer: Organizer::Own,
        series: SeriesPart::Single,
        ical_uid: Some("not-the-uid@example.com".to_owned()),
        sequence: 0,
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn timed(start: &str, end: &str) -> When {
    When::timed(at(start), at(end), Some("Europe/Berlin".to_owned())).unwrap()
}

fn event(number: u128) -> EventId {
    EventId::from_ulid(Ulid::from_parts(1_767_225_600_000, number))
}

/// What `golden.ics` holds. It was read by `icalendar` 7.3, `vobject` 0.9 and `ics` 0.7 of PyPI on 2026-11-21, by hand: they
/// find these seven events, with these texts and times.
fn written() -> String {
    let mut calendar = IcsWriter::new(at("2026-02-01T12:00:00.789Z"));
    let hour = || timed("2026-03-01T08:00:00Z", "2026-03-01T09:00:00Z");
    calendar.event(event(1), None, &content("Plain", hour()));
    let odd = EventContent {
        description: Some("one, two; three\\four\r\nfive\rsix\n\tseven\u{0}\u{7}:\"eight\"".to_owned()),
        location: Some("BEGIN:VEVENT\nEND:VCALENDAR".to_owned()),
        visibility: Visibility::Private,
        sequence: i64::MAX,
        ..content(&"Grüße aus Köln 🎉 ".repeat(8), hour())
    };
    calendar.event(event(2), None, &odd);
    let days = When::all_day("2026-03-28".parse().unwrap(), "2026-03-31".parse().unwrap()).unwrap();
    let free = EventContent { transparency: Transparency::Transparent, ..content("Days", days) };
    calendar.event(event(3), None, &free);
    let series = content("Weekly", hour());
    for stamp in ["20260301T080000Z", "20260308T080000Z"] {
        let occurrence = Occurrence::from_stamp(stamp).unwrap();
        let when = series.when.at(occurrence).unwrap();
        calendar.event(event(4), Some(occurrence), &EventContent { when, ..series.clone() });
    }
    let nothing = timed("2026-03-01T08:00:00.250Z", "2026-03-01T08:00:00.750Z");
    let perhaps = EventContent {
        title: None,
        status: Status::Tentative,
        visibility: Visibility::Public,
        sequence: -1,
        ..content("", nothing)
    };
    calendar.event(event(5), None, &perhaps);
    let gone = EventContent { status: Status::Cancelled, ..content("Gone", hour()) };
    calendar.event(event(6), None, &gone);
    calendar.finish()
}

#[test]
fn the_file_is_the_golden_one() {
    assert_eq!(written(), GOLDEN);
}

#[test]
fn lines_end_in_both_and_are_short_and_unfold_to_what_was_written() {
    let text = written();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    assert!(lines.iter().all(|line| line.len() <= LONGEST));
    assert!(lines.iter().any(|line| line.len() > LONGEST - 4), "folded as late as a character allows");
    let unfolded = text.replace("\r\n ", "");
    let title = format!("SUMMARY:{}\r\n", "Grüße aus Köln 🎉 ".repeat(8));
    assert!(unfolded.contains(&title));
    assert!(
        unfolded.contains("DESCRIPTION:one\\, two\\; three\\\\four\\nfive\\nsix\\n\tseven:\"eight\"\r\n")
    );
}

#[test]
fn no_text_ends_an_event() {
    let text = written();
    let lines = || text.split("\r\n");
    assert_eq!(lines().filter(|line| *line == "BEGIN:VEVENT").count(), 7);
    assert_eq!(lines().filter(|line| *line == "END:VCALENDAR").count(), 1);
    let mut uids: Vec<&str> = lines().filter(|line| line.starts_with("UID:")).collect();
    uids.sort_unstable();
    uids.dedup();
    assert_eq!(uids.len(), 7);
}
