//! From what a mirror shows to the provider's event.
//!
//! A mirror never has attendees, conference data or reminders.

use std::collections::BTreeMap;

use tminus_domain::event::{self as domain, When};
use tminus_domain::mark::{HASH_PROPERTY, MARK_PROPERTY, Mark};
use tminus_domain::occurrence::Occurrence;
use tminus_domain::projection::MirrorBody;
use tminus_google::{
    Event, EventDateTime, EventStatus, ExtendedProperties, Reminders, Transparency, Visibility,
};

/// The zone of a series that has none.
const NO_ZONE: &str = "UTC";

/// The event that is written for a mirror.
pub(crate) fn event(mark: &Mark, body: &MirrorBody) -> Event {
    let (start, end) = span(body);
    let private = BTreeMap::from([
        (MARK_PROPERTY.to_owned(), mark.to_string()),
        (HASH_PROPERTY.to_owned(), body.hash().to_string()),
    ]);
    Event {
        id: Some(mark.provider_event_id()),
        // Always said: it brings back an instance that was cancelled.
        status: Some(if body.tentative { EventStatus::Tentative } else { EventStatus::Confirmed }),
        summary: Some(body.summary.clone()),
        description: body.description.clone(),
        location: body.location.clone(),
        start: Some(start),
        end: Some(end),
        recurrence: body.recurrence.clone(),
        transparency: Some(if body.free { Transparency::Transparent } else { Transparency::Opaque }),
        visibility: Some(match body.visibility {
            domain::Visibility::Private => Visibility::Private,
            domain::Visibility::Public => Visibility::Public,
            domain::Visibility::Default => Visibility::Default,
        }),
        color_id: body.color.map(|color| u8::from(color).to_string()),
        extended_properties: Some(ExtendedProperties { private, shared: BTreeMap::new() }),
        reminders: Some(Reminders { use_default: false, overrides: Vec::new() }),
        ..Event::default()
    }
}

/// The event that is written over one instance of a mirrored series. It carries the mark of the series, whose hash its
/// `recurringEventId` is, and a hash of its own (protocol rules 22 and 24). The two fields that say which instance it is
/// cannot be changed; they are written as they are, as by any client that reads an instance, changes it and writes it
/// back ("Recurring events", Calendar API).
pub(crate) fn instance(mark: &Mark, occurrence: Occurrence, body: &MirrorBody) -> Event {
    let original = match occurrence {
        Occurrence::At(at) => time(at.to_rfc3339(), None),
        Occurrence::On(day) => date(day.to_string()),
    };
    Event {
        id: None,
        recurrence: Vec::new(),
        recurring_event_id: Some(mark.provider_event_id()),
        original_start_time: Some(original),
        ..event(mark, body)
    }
}

/// Start and end. A series needs zones on both, by which the provider expands it; a block is the same in any zone.
fn span(body: &MirrorBody) -> (EventDateTime, EventDateTime) {
    match &body.when {
        When::Timed { start, end, zone, end_zone } => {
            let zone = zone.as_deref().unwrap_or(NO_ZONE);
            let recurs = !body.recurrence.is_empty();
            let in_zone = |zone: &str| recurs.then(|| zone.to_owned());
            let end_zone = end_zone.as_deref().unwrap_or(zone);
            (time(start.to_rfc3339(), in_zone(zone)), time(end.to_rfc3339(), in_zone(end_zone)))
        }
        When::AllDay { start, end } => (date(start.to_string()), date(end.to_string())),
    }
}

fn time(at: String, zone: Option<String>) -> EventDateTime {
    EventDateTime { date: None, date_time: Some(at), time_zone: zone }
}

fn date(day: String) -> EventDateTime {
    EventDateTime { date: Some(day), ..EventDateTime::default() }
}
