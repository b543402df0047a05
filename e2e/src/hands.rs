//! What else a human does in Google's pages: series, invitations, and events as only Google itself can make them.

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

use crate::world::{Edit, World, object};

impl World {
    /// Stores an event as it is, past every check of the API.
    pub fn plant(&self, calendar: &str, event: &Value) -> Result<Edit> {
        let event = object(event)?;
        self.edit(calendar, |google, _| google.plant_event(calendar, event))
    }

    /// Moves an event, a series or one instance.
    pub fn shift(&self, calendar: &str, id: &str, minutes: i64) -> Result<Edit> {
        self.edit(calendar, |google, _| google.move_by(calendar, id, minutes))
    }

    /// "This and following": a new series from the instance on.
    pub fn split(&self, calendar: &str, instance: &str, changes: &Value) -> Result<Edit> {
        let changes = object(changes)?;
        self.edit(calendar, |google, actor| google.split_series(actor, calendar, instance, changes))
    }

    /// Answers an invitation, to an event, a series or one instance.
    pub fn respond(&self, calendar: &str, id: &str, response: &str) -> Result<Edit> {
        self.edit(calendar, |google, _| google.respond(calendar, id, response))
    }

    /// Makes an event and invites guests; those with an account have a copy.
    pub fn invite(&self, organizer: &str, guests: &[&str], event: &Value) -> Result<Edit> {
        let event = object(event)?;
        self.edit(organizer, |google, _| google.invite(organizer, guests, event))
    }

    /// Invites a guest to one instance of a series alone.
    pub fn invite_to_instance(&self, organizer: &str, instance: &str, guest: &str) -> Result<Edit> {
        self.edit(guest, |google, _| google.invite_to_instance(organizer, instance, guest))
    }

    /// Takes events out of a calendar without a trace: no tombstone, no push.
    pub fn vanish(&self, calendar: &str, ids: &[String]) -> Result<()> {
        self.google.with(|google| {
            let calendar = google.calendars.get_mut(calendar).context("no such calendar")?;
            for id in ids {
                let gone = calendar.events.remove(id).with_context(|| format!("no event {id}"))?;
                calendar.by_revision.remove(&gone.revision);
            }
            Ok(())
        })
    }

    /// An event as it is stored, cancelled or not.
    pub fn event(&self, calendar: &str, id: &str) -> Result<fake_google::model::Object> {
        self.google.with(|google| {
            let calendar = google.calendars.get(calendar).context("no such calendar")?;
            Ok(calendar.events.get(id).ok_or_else(|| anyhow!("no such event"))?.full())
        })
    }
}
