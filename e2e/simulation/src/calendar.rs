//! Calendars as their provider shows them, instance by instance.

use std::collections::BTreeSet;

use fake_google::events::instance;
use fake_google::events::recur::Series;
use fake_google::model::{Calendar, Object};
use serde_json::Value;

use crate::stage::moment;
use crate::world::World;

/// Series are followed from here, in milliseconds: 2025-12-01.
const FROM_MS: i64 = 1_764_547_200_000;
/// Series are followed until here, in milliseconds: 2026-11-01.
const TO_MS: i64 = 1_793_491_200_000;
/// What is compared begins before this: far enough from the end for what was moved across it.
pub const UNTIL: &str = "2026-08-01";

/// One event, or one instance of a series.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// Its series' id.
    pub series: Option<String>,
    /// Which instance of its series: the stamp of the original start.
    pub stamp: Option<String>,
    /// Whether the rules of its series have it.
    pub in_series: bool,
    /// Whether somebody changed it.
    pub is_changed: bool,
    /// When it begins.
    pub start: String,
    /// When it ends.
    pub end: String,
    /// What it says.
    pub body: Object,
}

/// What a meeting, or one instance of it, is known by in every account that has it.
pub type Meeting = (String, Option<String>);

/// A calendar.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// What blocks time: events, and the instances of series.
    pub shown: Vec<Shown>,
    /// The masters of series.
    pub series: Vec<Object>,
}

impl World {
    /// What a calendar holds.
    #[must_use]
    pub fn contents(&self, calendar: &str) -> Contents {
        self.google(|google| google.calendars.get(calendar).map(contents).unwrap_or_default())
    }
}

fn contents(calendar: &Calendar) -> Contents {
    let mut out = Contents::default();
    for stored in calendar.events.values().filter(|stored| !stored.cancelled()) {
        let id = stored.text("id").unwrap_or_default();
        if !stored.recurring() {
            let rules = stored.master().and_then(|id| calendar.events.get(id));
            let rules = rules.filter(|master| master.recurring() && !master.cancelled());
            let rules = rules.and_then(|master| Series::of(&master.body, calendar.zone).ok());
            let stamp = stamp(&stored.full());
            let in_series = rules.zip(stamp).is_some_and(|(rules, stamp)| rules.find(&stamp).is_some());
            out.shown.push(shown(stored.full(), in_series, true));
            continue;
        }
        out.series.push(stored.full());
        let Ok(series) = Series::of(&stored.body, calendar.zone) else { continue };
        let changed: BTreeSet<&String> = calendar.exceptions_of(id).collect();
        for occurrence in series.between(Some(FROM_MS), TO_MS, 1_000) {
            let body = instance::make(stored, &occurrence, calendar.zone).full();
            if !changed.contains(&text(&body, "id").to_owned()) {
                out.shown.push(shown(body, true, false));
            }
        }
    }
    out
}

fn shown(body: Object, in_series: bool, is_changed: bool) -> Shown {
    Shown {
        id: text(&body, "id").to_owned(),
        series: body.get("recurringEventId").and_then(Value::as_str).map(str::to_owned),
        stamp: stamp(&body),
        in_series,
        is_changed,
        start: moment(&body["start"]),
        end: moment(&body["end"]),
        body,
    }
}

fn stamp(body: &Object) -> Option<String> {
    let original = body.get("originalStartTime").map(moment)?;
    Some(original.replace(['-', ':'], ""))
}

fn text<'a>(body: &'a Object, key: &str) -> &'a str {
    body.get(key).and_then(Value::as_str).unwrap_or_default()
}

impl Shown {
    /// What it is known by elsewhere.
    #[must_use]
    pub fn meeting(&self) -> Meeting {
        meeting(&self.body)
    }
}

/// What an event is known by in every account that has it.
#[must_use]
pub fn meeting(body: &Object) -> Meeting {
    (text(body, "iCalUID").to_owned(), stamp(body))
}

/// Whether it stands for its owner: neither cancelled nor declined.
#[must_use]
pub fn stands(body: &Object) -> bool {
    let guests = body.get("attendees").and_then(Value::as_array);
    let mut own = guests.into_iter().flatten().filter(|guest| guest["self"] == true);
    text(body, "status") != "cancelled" && !own.any(|guest| guest["responseStatus"] == "declined")
}

/// Whether others are to be shown that its owner is busy.
#[must_use]
pub fn is_busy(body: &Object) -> bool {
    stands(body)
        && text(body, "transparency") != "transparent"
        && !["birthday", "workingLocation"].contains(&text(body, "eventType"))
        && !text(body, "summary").contains("#nosync")
        && !text(body, "description").contains("#nosync")
}
