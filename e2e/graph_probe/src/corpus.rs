//! The events, made from a seed: the same ones on every machine, and like those that Google sends.

use chrono::{Days, NaiveDate};
use tminus_domain::event::{
    EventContent, EventType, Organizer, OwnResponse, SeriesPart, Status, Transparency, Visibility, When,
};
use tminus_domain::occurrence::Occurrence;
use tminus_domain::time::Timestamp;

const SEED: u64 = 20_260_101;
const HOUR_MS: i64 = 3_600_000;
/// The first of the two years: 2026-01-01.
const FIRST_DAY_MS: i64 = 1_767_225_600_000;
const DAYS: u64 = 730;
const ZONES: [&str; 5] =
    ["Europe/Berlin", "America/New_York", "Asia/Tokyo", "America/Los_Angeles", "Europe/London"];
const WORDS: [&str; 16] = [
    "review",
    "of",
    "the",
    "quarterly",
    "plan",
    "with",
    "design",
    "and",
    "sales",
    "weekly",
    "sync",
    "budget",
    "interview",
    "notes",
    "release",
    "call",
];

/// What happened to an event since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Edits {
    /// It has another title.
    pub(crate) retitled: bool,
    /// It takes place an hour (a day, if it takes whole days) later.
    pub(crate) moved: bool,
}

/// An event as it is fetched.
pub(crate) struct Event {
    /// The provider's id.
    pub(crate) id: String,
    /// The provider's etag.
    pub(crate) etag: String,
    /// When it was last changed.
    pub(crate) updated: Timestamp,
    /// What it says.
    pub(crate) content: EventContent,
}

/// SplitMix64.
struct Random(u64);

impl Random {
    /// The sequence of one event.
    fn of(number: u32) -> Self {
        let mut random = Self(SEED.wrapping_add(u64::from(number)));
        // Neighbours in the seed are no neighbours in what follows.
        Self(random.next())
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or_default()
    }

    fn one_of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        let place = self.below(u64::try_from(list.len()).unwrap_or_default());
        list.get(usize::try_from(place).unwrap_or_default()).copied().unwrap_or_default()
    }

    /// So many characters of an alphabet.
    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        let one = |_| {
            let place = self.below(u64::try_from(alphabet.len()).unwrap_or_default());
            char::from(alphabet.get(usize::try_from(place).unwrap_or_default()).copied().unwrap_or_default())
        };
        (0..length).map(one).collect()
    }

    /// Words of so many bytes together.
    fn words(&mut self, length: u64) -> String {
        let length = usize::try_from(length).unwrap_or_default();
        let mut text = String::new();
        while text.len() < length {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(self.one_of(&WORDS));
        }
        text.truncate(length);
        text
    }
}

/// The event of this number.
pub(crate) fn event(number: u32, edits: Edits) -> Event {
    let mut random = Random::of(number);
    let id = random.text(b"0123456789abcdefghijklmnopqrstuv", 26);
    // Drawn whatever the edits are: the rest of the event stays the same.
    let etags = [(); 3].map(|()| format!("\"3{}\"", random.text(b"0123456789", 15)));
    let titles = [(); 2].map(|()| {
        let length = random.below(41).saturating_add(10);
        random.words(length)
    });
    let changes = usize::from(edits.retitled).saturating_add(usize::from(edits.moved));
    let etag = etags.get(changes).cloned().unwrap_or_default();
    let [title, other] = titles;
    let description = random.below(201).saturating_add(100);
    let description = random.words(description);
    let location = number.checked_rem(3) == Some(0);
    let location = location.then(|| format!("{} {}", random.one_of(&WORDS), random.text(b"0123456789", 18)));
    let when = when(&mut random, number, edits.moved);
    let invited = number.checked_rem(2) == Some(0);
    let ical_uid = ical_uid(&mut random, number, &id);
    let updated = i64::try_from(changes).unwrap_or_default().saturating_mul(HOUR_MS);
    Event {
        etag,
        updated: Timestamp::from_millis(FIRST_DAY_MS).plus_millis(updated),
        content: EventContent {
            title: Some(if edits.retitled { other } else { title }),
            description: Some(description),
            location,
            when,
            status: Status::Confirmed,
            visibility: Visibility::Default,
            transparency: Transparency::Opaque,
            event_type: EventType::Default,
            own_response: if invited { OwnResponse::Accepted } else { OwnResponse::NotInvited },
            organizer: if invited { Organizer::Other } else { Organizer::Own },
            series: SeriesPart::Single,
            ical_uid: Some(ical_uid),
            sequence: i64::from(edits.moved),
        },
        id,
    }
}

/// A series of this number, which began in the year before and has no end: weekly most of them.
pub(crate) fn series(number: u32) -> Event {
    // Numbers of their own.
    let mut event = event(number.wrapping_add(1_000_000), Edits::default());
    let rule = match number.checked_rem(20) {
        Some(0) => "FREQ=MONTHLY",
        Some(1) => "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
        Some(2 | 3) => "FREQ=WEEKLY;BYDAY=MO,WE",
        _ => "FREQ=WEEKLY",
    };
    event.content.series = SeriesPart::Master { lines: vec![format!("RRULE:{rule}")] };
    let year = 365 * 24 * HOUR_MS;
    let start = event.content.when.start_key();
    let years = if start.millis() < FIRST_DAY_MS.saturating_add(year) { 1 } else { 2 };
    let back = start.plus_millis(year.saturating_mul(years).saturating_neg());
    event.content.when = event
        .content
        .when
        .at(Occurrence::of(&When::Timed { start: back, end: back, zone: None, end_zone: None }))
        .unwrap_or(event.content.when);
    event
}

/// The first instant of a day, in UTC.
pub(crate) fn midnight(day: i64) -> Timestamp {
    Timestamp::from_millis(FIRST_DAY_MS).plus_millis(day.saturating_mul(24 * HOUR_MS))
}

/// One in ten takes whole days; the rest are at working hours, for half an hour or more.
fn when(random: &mut Random, number: u32, moved: bool) -> When {
    let day = random.below(DAYS);
    let zone = random.one_of(&ZONES);
    let half_hours = random.below(18).saturating_add(16);
    let length = random.below(4).saturating_add(1);
    if number.checked_rem(10) == Some(9) {
        let days = day.saturating_add(u64::from(moved));
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default();
        let start = first.checked_add_days(Days::new(days)).unwrap_or_default();
        return When::AllDay { start, end: start.succ_opt().unwrap_or(start) };
    }
    let millis = |count: u64, unit: i64| i64::try_from(count).unwrap_or_default().saturating_mul(unit);
    let start = Timestamp::from_millis(FIRST_DAY_MS)
        .plus_millis(millis(day, 24 * HOUR_MS))
        .plus_millis(millis(half_hours, HOUR_MS / 2))
        .plus_millis(if moved { HOUR_MS } else { 0 });
    let end = start.plus_millis(millis(length, HOUR_MS / 2));
    When::timed(start, end, Some(zone.to_owned())).unwrap_or(When::Timed {
        start,
        end: start,
        zone: None,
        end_zone: None,
    })
}

/// Four of five are Google's own, the fifth came from elsewhere: from Outlook, or with a UUID.
fn ical_uid(random: &mut Random, number: u32, id: &str) -> String {
    match number.checked_rem(10) {
        Some(4) => format!("040000008200E00074C5B7101A82E008{}", random.text(b"0123456789ABCDEF", 80)),
        Some(9) => {
            let mut part = |length| random.text(b"0123456789abcdef", length);
            let parts = [part(8), part(4), part(4), part(4), part(12)];
            format!("{}@calendar.example.com", parts.join("-"))
        }
        _ => format!("{id}@google.com"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_always_the_same_and_an_edit_changes_what_it_says() {
        let [plain, again] = [(); 2].map(|()| event(7, Edits::default()));
        assert_eq!((&plain.id, &plain.etag, &plain.content), (&again.id, &again.etag, &again.content));
        let retitled = event(7, Edits { retitled: true, moved: false });
        assert_eq!((&retitled.id, &retitled.content.when), (&plain.id, &plain.content.when));
        assert_ne!((&retitled.etag, &retitled.content.title), (&plain.etag, &plain.content.title));
        let both = event(7, Edits { retitled: true, moved: true });
        assert_eq!(both.content.title, retitled.content.title);
        assert_eq!(both.content.description, plain.content.description);
        assert_ne!((&both.etag, &both.content.when), (&retitled.etag, &retitled.content.when));
    }

    #[test]
    fn the_means_are_those_of_the_definition() {
        let events: Vec<Event> = (0..10_000).map(|number| event(number, Edits::default())).collect();
        let total = |of: fn(&EventContent) -> &Option<String>| -> usize {
            events.iter().filter_map(|event| of(&event.content).as_ref()).map(String::len).sum()
        };
        assert!((295_000..305_000).contains(&total(|content| &content.title)));
        assert!((1_980_000..2_020_000).contains(&total(|content| &content.description)));
        let ids: std::collections::BTreeSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
        assert_eq!(ids.len(), events.len());
        assert!(events.iter().all(|event| event.id.len() == 26 && event.etag.len() == 18));
    }
}
