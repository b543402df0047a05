//! What people do to events besides editing them: moving, answering, inviting.
//!
//! A guest's copy has the id and the UID of the organizer's event. Later edits do not travel from one copy to the other:
//! a test makes them where it wants them.

use serde_json::{Value, json};

use crate::error::{ApiError, ApiResult};
use crate::events::instance;
use crate::events::write::{Actor, Change, Options, Written};
use crate::model::{Object, Stored};
use crate::state::Google;
use crate::time::Moment;

impl Google {
    /// Moves an event, a series or one instance by whole minutes; all-day events by the whole days in them.
    pub fn move_by(&mut self, calendar_id: &str, id: &str, minutes: i64) -> ApiResult<Written> {
        let actor = self.owner_of(calendar_id);
        let calendar = self.calendars.get(calendar_id).ok_or_else(ApiError::not_found)?;
        let old = instance::find(calendar, id).ok_or_else(ApiError::not_found)?;
        let mut patch = Object::new();
        for key in ["start", "end"] {
            let moved = match Moment::parse(old.body.get(key), key)? {
                Moment::Date(date) => Moment::Date(date + chrono::TimeDelta::days(minutes / 1_440)),
                Moment::Instant { ms, zone } => Moment::Instant { ms: ms + minutes * 60_000, zone },
            };
            patch.insert(key.to_owned(), moved.render(calendar.zone));
        }
        self.change_event(&actor, calendar_id, id, Change::Patch(&patch), &Options::default())
    }

    /// The calendar's owner answers an invitation, to a series or to one instance of it: `accepted`, `declined`,
    /// `tentative` or `needsAction`.
    pub fn respond(&mut self, calendar_id: &str, id: &str, response: &str) -> ApiResult<Written> {
        let calendar = self.calendars.get(calendar_id).ok_or_else(ApiError::not_found)?;
        let old = instance::find(calendar, id).filter(|old| !old.cancelled());
        let old = old.ok_or_else(ApiError::not_found)?;
        let mut body = old.body.clone();
        let guests = body.entry("attendees").or_insert_with(|| json!([]));
        let guests = guests.as_array_mut().ok_or_else(ApiError::parse)?;
        let me = |guest: &&mut Value| guest.get("email").and_then(Value::as_str) == Some(calendar_id);
        match guests.iter_mut().find(me) {
            Some(guest) => guest["responseStatus"] = response.into(),
            None => guests.push(json!({"email": calendar_id, "self": true, "responseStatus": response})),
        }
        let stored = Stored::successor(body, Some(&old), self.now_ms, true);
        let actor = self.owner_of(calendar_id);
        Ok(self.commit(&actor, calendar_id, stored, "respond", &Options::default()))
    }

    /// The organizer makes an event, or a series, in his primary calendar and invites guests. Those with an account get
    /// a copy in theirs.
    pub fn invite(&mut self, organizer: &str, guests: &[&str], event: &Object) -> ApiResult<Written> {
        let mut event = event.clone();
        let mut rows = vec![json!({"email": organizer, "responseStatus": "accepted"})];
        rows.extend(guests.iter().map(|guest| json!({"email": guest})));
        event.insert("attendees".to_owned(), rows.into());
        let actor = Actor::Human(organizer.to_owned());
        let written = self.insert_event(&actor, organizer, &event, &Options::default())?;
        self.hand_out(&written.stored, organizer, guests)?;
        Ok(written)
    }

    /// The organizer invites a guest to one instance of a series: the guest's calendar holds an exception without its
    /// master. Answers the guest's copy.
    pub fn invite_to_instance(&mut self, organizer: &str, id: &str, guest: &str) -> ApiResult<Written> {
        let calendar = self.calendars.get(organizer).ok_or_else(ApiError::not_found)?;
        let old = instance::find(calendar, id).ok_or_else(ApiError::not_found)?;
        let listed = |email: &str| {
            let rows = old.body.get("attendees").and_then(Value::as_array);
            rows.into_iter().flatten().any(|row| row.get("email").and_then(Value::as_str) == Some(email))
        };
        let mut rows = old.body.get("attendees").and_then(Value::as_array).cloned().unwrap_or_default();
        if !listed(organizer) {
            rows.push(json!({"email": organizer, "responseStatus": "accepted"}));
        }
        if !listed(guest) {
            rows.push(json!({"email": guest}));
        }
        let patch = Object::from_iter([("attendees".to_owned(), rows.into())]);
        let actor = Actor::Human(organizer.to_owned());
        let change = Change::Patch(&patch);
        let written = self.change_event(&actor, organizer, id, change, &Options::default())?;
        let copy = self.hand_out(&written.stored, organizer, &[guest])?;
        copy.ok_or_else(ApiError::not_found)
    }

    /// Puts a copy into the calendar of each guest with an account; answers the last one.
    fn hand_out(&mut self, event: &Stored, organizer: &str, guests: &[&str]) -> ApiResult<Option<Written>> {
        let mut last = None;
        for guest in
            guests.iter().filter(|guest| self.users.contains_key(**guest)).copied().collect::<Vec<_>>()
        {
            let mut copy = event.body.clone();
            copy.insert("organizer".to_owned(), json!({"email": organizer}));
            copy.insert("creator".to_owned(), json!({"email": organizer}));
            let rows = copy.get_mut("attendees").and_then(Value::as_array_mut);
            for row in rows.into_iter().flatten().filter_map(Value::as_object_mut) {
                row.remove("self");
                if row.get("email").and_then(Value::as_str) == Some(guest) {
                    row.insert("self".to_owned(), true.into());
                }
            }
            // What an application notes for itself stays with its copy.
            if let Some(noted) = copy.get_mut("extendedProperties").and_then(Value::as_object_mut) {
                noted.remove("private");
            }
            last = Some(self.plant_event(guest, &copy)?);
        }
        Ok(last)
    }
}
