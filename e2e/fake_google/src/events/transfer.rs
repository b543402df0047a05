//! `events.move`: another calendar becomes the organizer.
//!
//! The event keeps its id, its UID and its exceptions. The source calendar keeps cancelled stubs with
//! nothing but the id, which are all that a sync of it gets to see.

use serde_json::Value;

use crate::api::Call;
use crate::error::{ApiError, ApiResult};
use crate::events::instance;
use crate::events::read::View;
use crate::events::write::{Actor, Options, Written, check_etag, options};
use crate::http::Response;
use crate::model::{Object, Stored};
use crate::state::{Google, resolve};

/// `events.move`.
pub fn transfer(google: &mut Google, call: &Call<'_>) -> ApiResult {
    let actor = Actor::Api(call.access.email.clone());
    let destination = call.query.get("destination");
    let destination =
        destination.ok_or_else(|| ApiError::required("Required").at("parameter", "destination"))?;
    let destination = resolve(destination, &call.access.email).to_owned();
    let written = google.move_event(&actor, &call.calendar, &call.event, &destination, &options(call))?;
    let (calendar, role) = google.calendar_for(&call.access.email, &destination)?;
    Ok(Response::resource(&View::new(google, calendar, role, &call.query)?.full(&written.stored)))
}

impl Google {
    /// Moves an event, with its exceptions, to another calendar of the actor.
    pub fn move_event(
        &mut self,
        actor: &Actor,
        source: &str,
        id: &str,
        destination: &str,
        options: &Options,
    ) -> ApiResult<Written> {
        let target = self.writable(actor, destination)?;
        // Only what an earlier move left behind there may be replaced.
        let taken = target.events.get(id).is_some_and(|e| !e.moved_away());
        let calendar = self.writable(actor, source)?;
        let old = instance::find(calendar, id).ok_or_else(ApiError::not_found)?;
        if old.cancelled() {
            return Err(ApiError::deleted());
        }
        check_etag(options, &old)?;
        if old.master().is_some() {
            let message = "Cannot change the organizer of an instance.";
            return Err(ApiError::new(403, "calendar", "cannotChangeOrganizerOfInstance", message));
        }
        if old.text("eventType").is_some_and(|kind| kind != "default") {
            return Err(ApiError::event_type_restriction());
        }
        if source == destination || taken {
            return Err(ApiError::duplicate());
        }
        let exceptions: Vec<Stored> =
            calendar.exceptions_of(id).filter_map(|e| calendar.events.get(e)).cloned().collect();
        let organizer = self.organizer(destination);
        let now_ms = self.now_ms;
        for exception in exceptions {
            let moved = moved(&exception, &organizer, now_ms);
            let key = exception.text("id").unwrap_or_default();
            if let Some(target) = self.calendars.get_mut(destination) {
                target.put(key, moved, now_ms);
            }
            if let Some(calendar) = self.calendars.get_mut(source) {
                calendar.put(key, stub(&exception, now_ms), now_ms);
            }
        }
        self.commit(actor, source, stub(&old, now_ms), "move_away", options);
        Ok(self.commit(actor, destination, moved(&old, &organizer, now_ms), "move", options))
    }
}

fn moved(old: &Stored, organizer: &Value, now_ms: i64) -> Stored {
    let mut event = old.body.clone();
    event.insert("organizer".to_owned(), organizer.clone());
    Stored::successor(event, Some(old), now_ms, true)
}

/// What stays in the source calendar.
fn stub(old: &Stored, now_ms: i64) -> Stored {
    let mut event = Object::new();
    event.insert("id".to_owned(), old.text("id").unwrap_or_default().into());
    event.insert("status".to_owned(), "cancelled".into());
    Stored::successor(event, Some(old), now_ms, true)
}
