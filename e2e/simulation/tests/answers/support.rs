//! What these tests share.

use serde_json::{Value, from_value, json};
use tminus_domain::ids::{EventId, PrefixedId, Ulid};
use tminus_domain::policy::{CalendarKind, DetailLevel};
use tminus_ports::{Command, ObjectClass, ObjectError};
use tminus_simulation::Stage;
use tminus_simulation::stage::timed;
use tminus_simulation::world::id_in;
use tminus_store::Row;
use tminus_user_graph::explaining_contract::{JournalEntry, ListJournal};
use tminus_user_graph::policy_contract::{EdgeKey, PolicyEdge, PutEdge, SetWorkingHours, Switch};

/// Monday, and an hour later.
pub(crate) const NINE: &str = "2026-02-02T09:00:00Z";
pub(crate) const TEN: &str = "2026-02-02T10:00:00Z";

pub(crate) fn ask<C: Command>(stage: &Stage, command: &C) -> Result<C::Reply, ObjectError> {
    stage.world.call(&stage.person.user.to_string(), command)
}

pub(crate) fn rows(stage: &Stage, statement: &str) -> Vec<Row> {
    stage.world.rows(ObjectClass::UserGraph, &stage.person.user.to_string(), statement)
}

/// The event of this id in the primary calendar of some account.
pub(crate) fn event_at(stage: &Stage, account: usize, id: &str) -> EventId {
    let account = tminus_simulation::world::bytes_of(stage.accounts[account]);
    let statement = format!(
        "/* e */ SELECT canonical_event_id FROM canonical_events
         WHERE origin_event_id = '{id}' AND origin_account_id = {account}"
    );
    id_in(rows(stage, &statement).first().unwrap_or_else(|| panic!("no event {id}")), 0)
}

/// An event of the first account, settled.
pub(crate) fn made(stage: &mut Stage, event: &Value) -> EventId {
    let id = insert(stage, event);
    stage.settle();
    event_at(stage, 0, &id)
}

/// An event of the first account, about which nobody heard yet; its id at the provider.
pub(crate) fn insert(stage: &Stage, event: &Value) -> String {
    let email = &stage.emails[0];
    stage.world.insert(email, email, event)["id"].as_str().unwrap().to_owned()
}

/// What is planned for Monday, with something more.
pub(crate) fn monday(title: &str, more: Value) -> Value {
    let mut event = timed(title, NINE, TEN);
    for (key, value) in more.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

/// A weekly series from Monday on.
pub(crate) fn weekly(title: &str, count: u32) -> Value {
    let at = |time: &str| json!({"dateTime": time, "timeZone": "UTC"});
    let rule = format!("RRULE:FREQ=WEEKLY;COUNT={count}");
    json!({"summary": title, "start": at(NINE), "end": at(TEN), "recurrence": [rule]})
}

/// The edge from the first account to another.
pub(crate) fn edge(stage: &Stage, to: usize, detail: DetailLevel, rules: Value) -> PutEdge {
    PutEdge {
        edge: PolicyEdge {
            key: EdgeKey { from: stage.accounts[0], from_calendar: None, to: stage.accounts[to] },
            detail,
            kind: CalendarKind::BusyOverlay,
            switch: Switch::On,
            rules: from_value(rules).unwrap(),
        },
    }
}

pub(crate) fn switched_off(stage: &Stage, to: usize) -> PutEdge {
    let mut put = edge(stage, to, DetailLevel::Busy, json!({}));
    put.edge.switch = Switch::Off;
    put
}

/// Working hours on Mondays until noon.
pub(crate) fn mornings() -> SetWorkingHours {
    let hours = json!({"zone": "UTC", "days": ["mon"], "from": "08:00", "to": "12:00"});
    SetWorkingHours { hours: Some(from_value(hours).unwrap()) }
}

pub(crate) fn stranger<I: PrefixedId>() -> I {
    I::from_ulid(Ulid::from_parts(1_767_225_600_000, 404))
}

/// The whole journal of an event, the newest entry first.
pub(crate) fn journal(stage: &Stage, event: EventId) -> Vec<JournalEntry> {
    let page = ask(stage, &ListJournal { event, limit: 500, before: None }).unwrap();
    assert_eq!(page.next, None);
    page.entries
}
