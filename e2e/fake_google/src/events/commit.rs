//! Storing a write: revisions, counts, timeline, pushes, and what becomes of a series' exceptions.

use serde_json::{Value, json};

use crate::events::instance;
use crate::events::recur::Series;
use crate::events::write::{Actor, Options, Written};
use crate::model::{Calendar, Object, Stored};
use crate::state::Google;
use crate::time;

impl Google {
    /// A body just normalised, with everything that Google adds to a new event.
    pub(crate) fn fresh(
        &mut self,
        calendar_id: &str,
        email: &str,
        mut event: Object,
        input: &Object,
    ) -> Stored {
        let given = |key: &str| input.get(key).and_then(Value::as_str);
        let id = given("id").map_or_else(|| self.ids.base32hex("event", 26), str::to_owned);
        let uid = given("iCalUID").map_or_else(|| format!("{id}@google.com"), str::to_owned);
        let mut creator = json!({"email": email});
        if calendar_id == email {
            creator["self"] = true.into();
        }
        let link = base64_id(&id, calendar_id);
        event.insert("id".to_owned(), id.into());
        event.insert("iCalUID".to_owned(), uid.into());
        event.insert("organizer".to_owned(), self.organizer(calendar_id));
        event.insert("creator".to_owned(), creator);
        event.insert("created".to_owned(), time::rfc3339_s(self.now_ms).into());
        event.insert(
            "htmlLink".to_owned(),
            format!("https://www.google.com/calendar/event?eid={link}").into(),
        );
        let sequence = input.get("sequence").and_then(Value::as_i64).unwrap_or(0);
        event.insert("sequence".to_owned(), sequence.into());
        Stored::successor(event, None, self.now_ms, true)
    }

    /// A calendar as the organizer of its own events.
    pub(crate) fn organizer(&self, calendar_id: &str) -> Value {
        let mut organizer = json!({"email": calendar_id, "self": true});
        if let Some(calendar) = self.calendars.get(calendar_id).filter(|c| !c.primary) {
            organizer["displayName"] = calendar.summary.as_str().into();
        }
        organizer
    }

    /// Stores, counts, logs, pushes.
    pub(crate) fn commit(
        &mut self,
        actor: &Actor,
        calendar_id: &str,
        stored: Stored,
        what: &'static str,
        options: &Options,
    ) -> Written {
        let now_ms = self.now_ms;
        let tombstones = self.settings.tombstone_exceptions;
        let id = stored.text("id").unwrap_or_default().to_owned();
        let invited = stored.body.contains_key("attendees");
        if let Some(calendar) = self.calendars.get_mut(calendar_id) {
            if stored.cancelled() && stored.recurring() {
                cancel_exceptions(calendar, &id, now_ms, tombstones);
            }
            calendar.put(&id, stored.clone(), now_ms);
        }
        if actor.is_api() {
            self.counters.write(calendar_id);
            // An import never mails and cannot say so.
            if what != "import" && options.send_updates.as_deref() != Some("none") {
                self.counters.writes_without_send_updates_none += 1;
                self.counters.notifications_sent += u64::from(invited);
            }
        }
        let kind = if actor.is_api() { "write" } else { "change" };
        let seq = self.record(kind, calendar_id, |e| {
            e.event_id = Some(id);
            e.what = Some(what.to_owned());
        });
        self.notify_change(calendar_id, actor.is_api());
        Written { stored, seq }
    }

    /// The server's own edit after a write: the etag moves, the row shows in the delta, a push tells.
    pub(crate) fn rewrite(&mut self, calendar_id: &str, id: &str) {
        let now_ms = self.now_ms;
        let Some(calendar) = self.calendars.get_mut(calendar_id) else { return };
        let Some(old) = calendar.events.get(id) else { return };
        let stored = Stored::successor(old.body.clone(), Some(old), now_ms, true);
        calendar.put(id, stored, now_ms);
        self.record("rewrite", calendar_id, |e| e.event_id = Some(id.to_owned()));
        self.notify_change(calendar_id, false);
    }

    /// Cancels the exceptions which a changed rule no longer reaches.
    pub(crate) fn cancel_orphans(&mut self, calendar_id: &str, master_id: &str) {
        let now_ms = self.now_ms;
        let Some(calendar) = self.calendars.get_mut(calendar_id) else { return };
        let Some(master) = calendar.events.get(master_id) else { return };
        let series = Series::of(&master.body, calendar.zone).ok().filter(|_| master.recurring());
        let reached = |id: &str| {
            let stamp = id.rsplit_once('_').map_or("", |(_, stamp)| stamp);
            series.as_ref().is_some_and(|s| s.find(stamp).is_some())
        };
        let orphans: Vec<String> =
            calendar.exceptions_of(master_id).filter(|id| !reached(id)).cloned().collect();
        for id in orphans {
            cancel(calendar, &id, now_ms);
        }
    }
}

/// Cancels a stored event or an instance, with a row of its own.
pub(crate) fn cancel(calendar: &mut Calendar, id: &str, now_ms: i64) {
    if let Some(old) = instance::find(calendar, id).filter(|old| !old.cancelled()) {
        calendar.put(id, cancelled(&old, now_ms), now_ms);
    }
}

/// A deleted event keeps its details, so that it can be undeleted.
pub(crate) fn cancelled(old: &Stored, now_ms: i64) -> Stored {
    let mut event = old.body.clone();
    event.insert("status".to_owned(), "cancelled".into());
    let sequence = event.get("sequence").and_then(Value::as_i64).unwrap_or(0);
    event.insert("sequence".to_owned(), (sequence + 1).into());
    Stored::successor(event, Some(old), now_ms, true)
}

/// The exceptions of a deleted series go with it, with a row of their own only if so set.
fn cancel_exceptions(calendar: &mut Calendar, master: &str, now_ms: i64, tombstones: bool) {
    let ids: Vec<String> = calendar.exceptions_of(master).cloned().collect();
    for id in ids {
        let Some(old) = calendar.events.get_mut(&id) else { continue };
        let mut gone = cancelled(old, now_ms);
        if tombstones {
            calendar.put(&id, gone, now_ms);
        } else {
            gone.revision = old.revision;
            *old = gone;
        }
    }
}

fn base64_id(id: &str, calendar: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(format!("{id} {calendar}"))
}
