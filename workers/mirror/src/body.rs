//! From what a mirror shows to the provider's event.
//!
//! A mirror never has attendees, conference data or reminders.

use std::collections::BTreeMap;

use tminus_domain::event::{self as domain, When};
use tminus_domain::mark::{HASH_PROPERTY, MARK_PROPERTY, Mark};
use tminus_domain::projection::MirrorBody;
use tminus_google::{
    Event, EventDateTime, EventStatus, ExtendedProperties, Reminders, Transparency, Visibility,
};

/// The event that is written for a mirror.
pub(crate) fn event(mark: &Mark, body: &MirrorBody) -> Event {
    let (start, end) = span(&body.when);
    let private = BTreeMap::from([
        (MARK_PROPERTY.to_owned(), mark.to_string()),
        (HASH_PROPERTY.to_owned(), body.hash().as_str().to_owned()),
    ]);
    Event {
        id: Some(mark.provider_event_id()),
        status: Some(if body.tentative { EventStatus::Tentative } else { EventStatus::Confirmed }),
        summary: Some(body.summary.clone()),
        description: body.description.clone(),
        location: body.location.clone(),
        start: Some(start),
        end: Some(end),
        transparency: Some(Transparency::Opaque),
        visibility: Some(match body.visibility {
            domain::Visibility::Private => Visibility::Private,
            domain::Visibility::Public => Visibility::Public,
            domain::Visibility::Default => Visibility::Default,
        }),
        extended_properties: Some(ExtendedProperties { private, shared: BTreeMap::new() }),
        reminders: Some(Reminders { use_default: false, overrides: Vec::new() }),
        ..Event::default()
    }
}

fn span(when: &When) -> (EventDateTime, EventDateTime) {
    match when {
        When::Timed { start, end, .. } => {
            let time = |at: String| EventDateTime { date_time: Some(at), ..EventDateTime::default() };
            (time(start.to_rfc3339()), time(end.to_rfc3339()))
        }
        When::AllDay { start, end } => {
            let date = |day: String| EventDateTime { date: Some(day), ..EventDateTime::default() };
            (date(start.to_string()), date(end.to_string()))
        }
    }
}
