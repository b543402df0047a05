//! `events.import`: a private copy of an event that lives elsewhere.
//!
//! The copy keeps its UID and its organizer; nobody is mailed. A known UID is a duplicate whatever
//! became of its event, and whatever `sequence` the import carries.

use serde_json::Value;

use crate::api::Call;
use crate::error::{ApiError, ApiResult};
use crate::events::body;
use crate::events::write::{Actor, Options, Written, answer, context, knows_uid, options};
use crate::model::Object;
use crate::state::Google;

/// `events.import`.
pub fn import(google: &mut Google, call: &Call<'_>) -> ApiResult {
    let actor = Actor::Api(call.access.email.clone());
    let written = google.import_event(&actor, &call.calendar, &call.body()?, &options(call))?;
    answer(google, call, &written)
}

impl Google {
    /// Imports an event.
    pub fn import_event(
        &mut self,
        actor: &Actor,
        calendar_id: &str,
        input: &Object,
        options: &Options,
    ) -> ApiResult<Written> {
        let calendar = self.writable(actor, calendar_id)?;
        let uid = input.get("iCalUID").and_then(Value::as_str).filter(|uid| !uid.is_empty());
        let uid = uid.ok_or_else(|| ApiError::required("Required"))?;
        if knows_uid(calendar, uid) {
            return Err(ApiError::duplicate());
        }
        if input.get("eventType").is_some_and(|kind| kind != "default") {
            return Err(ApiError::event_type_restriction());
        }
        let event = body::normalise(input, &context(&self.settings, calendar, None, options))?;
        // The id is Google's to choose.
        let mut input = input.clone();
        input.remove("id");
        let mut stored = self.fresh(calendar_id, actor.email(), event, &input);
        stored.body.insert("privateCopy".to_owned(), true.into());
        if let Some(organizer) = foreign_organizer(&input, calendar_id) {
            let email = organizer.get("email").cloned().unwrap_or_default();
            stored.body.insert("organizer".to_owned(), organizer.into());
            let guests = stored.body.get_mut("attendees").and_then(Value::as_array_mut);
            for guest in guests.into_iter().flatten().filter_map(Value::as_object_mut) {
                guest.remove("organizer");
                if guest.get("email") == Some(&email) {
                    guest.insert("organizer".to_owned(), true.into());
                }
            }
        }
        Ok(self.commit(actor, calendar_id, stored, "import", options))
    }
}

fn foreign_organizer(input: &Object, calendar_id: &str) -> Option<Object> {
    let given = input.get("organizer")?.as_object()?;
    let email = given.get("email")?.as_str()?;
    if email.eq_ignore_ascii_case(calendar_id) {
        return None;
    }
    let kept = given.iter().filter(|(key, _)| matches!(key.as_str(), "email" | "displayName"));
    Some(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
}
