//! The append-only journal: every change of a canonical event, with the way back.
//!
//! What stands now is in the event itself, so a patch (RFC 6902) leads from the state after a change to the one before it:
//! a new event has none, and nothing of what it says is kept twice.

use serde::Serialize;
use serde_json::{Map, Value as Json};
use tminus_domain::actor::Actor;
use tminus_domain::event::EventContent;
use tminus_domain::ids::{EventId, JournalId, PrefixedId as _, TraceId};
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::bulk::{self, ROWS};
use crate::columns::Hex;
use crate::context::Context;

/// What happened to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Created,
    Updated,
    Deleted,
}

impl Change {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }
}

/// One entry.
pub(crate) struct Entry<'a> {
    pub(crate) event: EventId,
    pub(crate) change: Change,
    pub(crate) actor: Actor,
    pub(crate) version: u32,
    pub(crate) before: Option<&'a EventContent>,
    pub(crate) after: &'a EventContent,
    pub(crate) reason: &'a str,
}

/// A row of the statement below, in the order of its places.
#[derive(Serialize)]
struct Written<'a>(Hex, u32, Hex, i64, &'static str, &'a str, Option<String>, &'a str, Option<Hex>);

/// Appends entries.
pub(crate) fn append<'a, H: ObjectHost>(
    ctx: &Context<'_, H>,
    entries: impl IntoIterator<Item = Entry<'a>>,
) -> Result<(), StoreError> {
    let trace = ctx.trace.parse::<TraceId>().ok().map(Hex::of);
    let rows = entries
        .into_iter()
        .map(|entry| {
            Ok(Written(
                Hex::of(entry.event),
                entry.version,
                Hex::of(ctx.id::<JournalId>()),
                ctx.now.millis(),
                entry.actor.as_str(),
                entry.change.as_str(),
                entry.before.map(|before| way_back(entry.after, before)).transpose()?,
                entry.reason,
                trace,
            ))
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    bulk::run(
        ctx,
        &format!(
            "/* append_journal */ {ROWS} INSERT INTO event_journal
               (canonical_event_id, version, journal_id, ts, actor, change_type, patch_json, reason, trace_id)
             SELECT unhex(v ->> 0), v ->> 1, unhex(v ->> 2), v ->> 3, v ->> 4, v ->> 5, v ->> 6, v ->> 7, unhex(v ->> 8)
             FROM rows"
        ),
        rows,
        &[],
    )
}

/// An id behind the last one of a journal: the way back is told by their order, also of two entries in one millisecond.
pub(crate) fn id_after<H: ObjectHost>(
    ctx: &Context<'_, H>,
    last: Option<JournalId>,
) -> Result<JournalId, StoreError> {
    let fresh: JournalId = ctx.id();
    match last.filter(|last| *last >= fresh) {
        None => Ok(fresh),
        Some(last) => last.ulid().increment().map(JournalId::from_ulid).map_err(|_| CORRUPT),
    }
}

/// The patch from what is to what was. Only what differs is put into words: most changes touch a field or two.
fn way_back(after: &EventContent, before: &EventContent) -> Result<String, StoreError> {
    let (mut is, mut was) = (Map::new(), Map::new());
    macro_rules! compare {
        ($($field:ident),*) => {{
            // A field that is new has to be named here.
            let EventContent { $($field: _),* } = after;
            $(if after.$field != before.$field {
                put(&mut is, stringify!($field), &after.$field)?;
                put(&mut was, stringify!($field), &before.$field)?;
            })*
        }};
    }
    compare!(
        title,
        description,
        location,
        when,
        status,
        visibility,
        transparency,
        event_type,
        own_response,
        organizer,
        series,
        ical_uid,
        sequence
    );
    serde_json::to_string(&json_patch::diff(&Json::Object(is), &Json::Object(was))).map_err(|_| CORRUPT)
}

const CORRUPT: StoreError = StoreError::Corrupt { what: "journal" };

/// Puts a field as it stands in the event's own JSON, which leaves out what there is none of.
fn put(into: &mut Map<String, Json>, name: &str, value: &impl Serialize) -> Result<(), StoreError> {
    let json = serde_json::to_value(value).map_err(|_| CORRUPT)?;
    if !json.is_null() {
        into.insert(name.to_owned(), json);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tminus_domain::event::{
        EventType, Organizer, OwnResponse, SeriesPart, Status, Transparency, Visibility, When,
    };
    use tminus_domain::time::Timestamp;

    fn content() -> EventContent {
        EventContent {
            title: Some("Now".to_owned()),
            description: None,
            location: Some("Here".to_owned()),
            when: When::timed(Timestamp::from_millis(0), Timestamp::from_millis(1000), None).unwrap(),
            status: Status::Confirmed,
            visibility: Visibility::Default,
            transparency: Transparency::Opaque,
            event_type: EventType::Default,
            own_response: OwnResponse::NotInvited,
            organizer: Organizer::Own,
            series: SeriesPart::Single,
            ical_uid: None,
            sequence: 1,
        }
    }

    #[test]
    fn the_patch_leads_from_what_is_to_what_was() {
        let after = content();
        let before = EventContent {
            title: None,
            description: Some("Then".to_owned()),
            when: When::timed(Timestamp::from_millis(5), Timestamp::from_millis(9), Some("UTC".to_owned()))
                .unwrap(),
            series: SeriesPart::Master { lines: vec!["RRULE:FREQ=DAILY".to_owned()] },
            sequence: 0,
            ..content()
        };
        let patch: json_patch::Patch = serde_json::from_str(&way_back(&after, &before).unwrap()).unwrap();
        let mut json = serde_json::to_value(&after).unwrap();
        json_patch::patch(&mut json, &patch).unwrap();
        assert_eq!(serde_json::from_value::<EventContent>(json).unwrap(), before);
        assert_eq!(way_back(&after, &after).unwrap(), "[]");
    }
}
