//! Users, calendars and stored events.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use crate::time::{self, Moment};

/// A JSON object.
pub type Object = Map<String, Value>;

/// A Google account.
#[derive(Debug, Clone)]
pub struct User {
    /// Address, also the id of the primary calendar.
    pub email: String,
    /// Subject claim.
    pub sub: String,
    /// Shown name.
    pub name: String,
    /// Revision of the calendar list.
    pub list_revision: u64,
    /// Calendar list tokens of an older generation have expired.
    pub list_generation: u32,
}

/// What a user may do with a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees busy times only.
    FreeBusyReader,
    /// Reads; private events without details.
    Reader,
    /// Writes; private events without details.
    WriterWithoutPrivateAccess,
    /// Writes.
    Writer,
    /// Owns.
    Owner,
}

impl Role {
    /// From the API's name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "freeBusyReader" => Self::FreeBusyReader,
            "reader" => Self::Reader,
            "writerWithoutPrivateAccess" => Self::WriterWithoutPrivateAccess,
            "writer" => Self::Writer,
            "owner" => Self::Owner,
            _ => return None,
        })
    }

    /// The API's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FreeBusyReader => "freeBusyReader",
            Self::Reader => "reader",
            Self::WriterWithoutPrivateAccess => "writerWithoutPrivateAccess",
            Self::Writer => "writer",
            Self::Owner => "owner",
        }
    }
}

/// A calendar in a user's list.
#[derive(Debug, Clone)]
pub struct Member {
    /// Access.
    pub role: Role,
    /// Revision of the user's list when this entry changed last.
    pub list_revision: u64,
    /// Has no access any more.
    pub deleted: bool,
    /// Took it from the list, but still has access.
    pub unlisted: bool,
    /// Etag number.
    pub version_us: i64,
}

/// A calendar.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// Id.
    pub id: String,
    /// Unique also over re-creation with the same id; sync tokens carry it.
    pub incarnation: String,
    /// Title.
    pub summary: String,
    /// Description.
    pub description: Option<String>,
    /// Location.
    pub location: Option<String>,
    /// Zone.
    pub zone: Tz,
    /// Client which created it through the API.
    pub created_by_client: Option<String>,
    /// Primary calendar of a user.
    pub primary: bool,
    /// Whether it can be watched.
    pub push_supported: bool,
    /// Who sees it, by email.
    pub members: BTreeMap<String, Member>,
    /// All events, cancelled ones too, by id.
    pub events: BTreeMap<String, Stored>,
    /// Ids by the revision of their last change.
    pub by_revision: BTreeMap<u64, String>,
    /// Revision of the last change.
    pub revision: u64,
    /// Sync tokens of an older generation have expired.
    pub generation: u32,
    /// Last change.
    pub updated_ms: i64,
    /// Etag number.
    pub version_us: i64,
}

impl Calendar {
    /// Stores an event as the newest change.
    pub fn put(&mut self, id: &str, mut stored: Stored, now_ms: i64) {
        self.revision += 1;
        self.updated_ms = self.updated_ms.max(now_ms);
        stored.revision = self.revision;
        if let Some(old) = self.events.insert(id.to_owned(), stored) {
            self.by_revision.remove(&old.revision);
        }
        self.by_revision.insert(self.revision, id.to_owned());
    }

    /// Ids of the materialised exceptions of a master.
    pub fn exceptions_of<'a>(&'a self, master: &'a str) -> impl Iterator<Item = &'a String> {
        self.events
            .range(format!("{master}_")..)
            .take_while(move |(id, _)| id.starts_with(master))
            .filter(move |(_, e)| e.master() == Some(master))
            .map(|(id, _)| id)
    }

    /// The role of a user; `None` when the calendar is invisible to him.
    #[must_use]
    pub fn role(&self, email: &str) -> Option<Role> {
        self.members.get(email).filter(|m| !m.deleted).map(|m| m.role)
    }

    /// `calendars` resource.
    #[must_use]
    pub fn resource(&self) -> Value {
        let mut out = json!({
            "kind": "calendar#calendar",
            "etag": format!("\"{}\"", self.version_us),
            "id": self.id,
            "summary": self.summary,
            "timeZone": self.zone.name(),
            "conferenceProperties": { "allowedConferenceSolutionTypes": ["hangoutsMeet"] },
        });
        self.optional_fields(&mut out);
        out
    }

    /// `calendarList` entry of a member.
    #[must_use]
    pub fn list_entry(&self, email: &str, member: &Member) -> Value {
        let etag = format!("\"{}\"", member.version_us.max(self.version_us));
        if member.deleted || member.unlisted {
            return json!({"kind": "calendar#calendarListEntry", "etag": etag, "id": self.id, "deleted": true});
        }
        let mut out = json!({
            "kind": "calendar#calendarListEntry",
            "etag": etag,
            "id": self.id,
            "summary": self.summary,
            "timeZone": self.zone.name(),
            "colorId": "14",
            "backgroundColor": "#9fe1e7",
            "foregroundColor": "#000000",
            "selected": true,
            "accessRole": member.role.name(),
            "defaultReminders": self.default_reminders(),
            "conferenceProperties": { "allowedConferenceSolutionTypes": ["hangoutsMeet"] },
        });
        self.optional_fields(&mut out);
        if self.primary && self.id == email {
            out["primary"] = true.into();
        }
        out
    }

    fn optional_fields(&self, out: &mut Value) {
        if let Some(text) = &self.description {
            out["description"] = text.as_str().into();
        }
        if let Some(text) = &self.location {
            out["location"] = text.as_str().into();
        }
    }

    /// Primary calendars remind ten minutes ahead, others never.
    #[must_use]
    pub fn default_reminders(&self) -> Value {
        if self.primary { json!([{"method": "popup", "minutes": 10}]) } else { json!([]) }
    }
}

/// A stored event, cancelled or not.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Full resource without `kind`, `etag`, `updated`.
    pub body: Object,
    /// Half the etag number: microseconds, grows with each change.
    pub version_us: i64,
    /// `updated`.
    pub updated_ms: i64,
    /// Revision of the calendar at the last change.
    pub revision: u64,
}

impl Stored {
    /// A changed body on top of an older version.
    #[must_use]
    pub fn successor(body: Object, old: Option<&Self>, now_ms: i64, touches_updated: bool) -> Self {
        let floor_ms = old.map_or(i64::MIN, |o| o.version_us.div_euclid(1000) + 1);
        let ms = now_ms.max(floor_ms);
        let updated_ms = match old {
            Some(o) if !touches_updated => o.updated_ms,
            _ => ms,
        };
        Self { body, version_us: ms * 1000, updated_ms, revision: 0 }
    }

    /// A text field.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.body.get(key).and_then(Value::as_str)
    }

    /// Whether it is deleted or a cancelled exception.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.text("status") == Some("cancelled")
    }

    /// Whether it repeats.
    #[must_use]
    pub fn recurring(&self) -> bool {
        self.body.contains_key("recurrence")
    }

    /// Id of the master, for exceptions.
    #[must_use]
    pub fn master(&self) -> Option<&str> {
        self.text("recurringEventId")
    }

    /// Whether it is what a move to another calendar has left behind.
    #[must_use]
    pub fn moved_away(&self) -> bool {
        self.cancelled() && !self.body.contains_key("iCalUID")
    }

    /// Quoted decimal of twice the version.
    #[must_use]
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.version_us * 2)
    }

    /// Start and end in milliseconds; all-day in `zone`.
    #[must_use]
    pub fn span_ms(&self, zone: Tz) -> (i64, i64) {
        let at = |key| Moment::parse(self.body.get(key), key).map_or(0, |m| m.ms(zone));
        (at("start"), at("end"))
    }

    /// The full resource.
    #[must_use]
    pub fn full(&self) -> Object {
        let mut out = self.body.clone();
        out.insert("kind".to_owned(), "calendar#event".into());
        out.insert("etag".to_owned(), self.etag().into());
        out.insert("updated".to_owned(), time::rfc3339_ms(self.updated_ms).into());
        out
    }

    /// The reduced row of a cancelled event: id only, for exceptions also where they belong.
    #[must_use]
    pub fn stub(&self, of_live_series: bool) -> Object {
        let mut out = Object::new();
        out.insert("kind".to_owned(), "calendar#event".into());
        out.insert("etag".to_owned(), self.etag().into());
        let keys: &[&str] = if of_live_series {
            &["id", "status", "recurringEventId", "originalStartTime"]
        } else {
            &["id", "status"]
        };
        for key in keys {
            if let Some(value) = self.body.get(*key) {
                out.insert((*key).to_owned(), value.clone());
            }
        }
        out
    }
}
