//! What must hold when the world has settled.

use std::collections::BTreeMap;

use serde_json::Value;
use tminus_domain::ids::{CalendarId, EventId};
use tminus_ports::ObjectClass;
use tminus_store::Row;

use crate::model::{Block, Model};
use crate::stage::{Stage, moment};
use crate::world::id_in;

/// A law that does not hold, and where.
pub type Violations = Vec<String>;

/// Converges, without duplicates or orphans; what people made is as they made it; nobody is mailed; no quota is exceeded.
#[must_use]
pub fn settled(stage: &Stage, model: &Model) -> Violations {
    let mut found = Violations::new();
    for account in 0..stage.emails.len() {
        overlay(stage, model, account, &mut found);
    }
    untouched(stage, model, &mut found);
    let mailing = stage.world.google(|google| google.counters.writes_without_send_updates_none);
    if mailing > 0 {
        found.push(format!("mail: {mailing} writes did not say sendUpdates=none"));
    }
    let refused = stage.world.google(|google| google.counters.refused.clone());
    if !refused.is_empty() {
        found.push(format!("quota: calls were refused: {refused:?}"));
    }
    found
}

/// The overlay of an account shows exactly one block for everything that blocks time elsewhere, and nothing else
/// of ours.
fn overlay(stage: &Stage, model: &Model, account: usize, found: &mut Violations) {
    let email = &stage.emails[account];
    let overlays = stage.world.overlays(email);
    let [overlay] = overlays.as_slice() else {
        found.push(format!("overlay: {email} has {} overlay calendars", overlays.len()));
        return;
    };
    let origins = origins(stage);
    let mut wanted: BTreeMap<(String, String), Block> = BTreeMap::new();
    for other in (0..stage.emails.len()).filter(|other| *other != account) {
        for block in model.blocks(other) {
            wanted.insert((block.calendar.clone(), block.id.clone()), block);
        }
    }
    let copies = model.copies.get(overlay).cloned().unwrap_or_default();
    let mut shown = BTreeMap::new();
    for mirror in stage.world.mirrors(overlay) {
        let event = &mirror.event;
        let Some(mark) = mirror.mark else {
            if !copies.contains(event) {
                found.push(format!("touched: {email} overlay holds a changed event of others: {event:?}"));
            }
            continue;
        };
        let origin = origins.get(&mark.event).cloned().unwrap_or_default();
        let Some(block) = wanted.get(&origin) else {
            found.push(format!(
                "orphan: {email} shows a block of {origin:?}, generation {}",
                mark.id_generation
            ));
            continue;
        };
        let title = event.get("summary").and_then(Value::as_str).unwrap_or_default();
        let (start, end) = (moment(&event["start"]), moment(&event["end"]));
        if (title, &start, &end) != ("Busy", &block.start, &block.end) {
            found.push(format!("wrong: {email} shows {title} {start} {end} for {block:?}"));
        }
        *shown.entry(origin).or_insert(0_u32) += 1;
    }
    let live = copies.iter().filter(|copy| !stage.world.events(overlay).contains(copy)).count();
    if live > 0 {
        found.push(format!("touched: {live} events of others in the overlay of {email}"));
    }
    for (origin, block) in &wanted {
        match shown.get(origin).copied().unwrap_or_default() {
            1 => {}
            0 => found.push(format!("missing: {email} shows nothing for {block:?}")),
            many => found.push(format!("duplicate: {email} shows {many} blocks for {block:?}")),
        }
    }
}

/// Calendar and id at the provider of every canonical event.
fn origins(stage: &Stage) -> BTreeMap<EventId, (String, String)> {
    let rows =
        |statement: &str| stage.world.rows(ObjectClass::UserGraph, &stage.person.user.to_string(), statement);
    let text = |row: &Row, column| row.get::<String>(column).expect("a text");
    let calendars = rows("/* calendars */ SELECT calendar_id, provider_calendar_id FROM calendars");
    let calendars: BTreeMap<CalendarId, String> =
        calendars.iter().map(|row| (row.parse(0, "calendar").expect("an id"), text(row, 1))).collect();
    let statement =
        "/* origins */ SELECT canonical_event_id, origin_calendar_id, origin_event_id FROM canonical_events";
    let events = rows(statement);
    let origin = |row: &Row| {
        let calendar = calendars.get(&id_in(row, 1)).cloned();
        calendar.map(|calendar| (id_in(row, 0), (calendar, text(row, 2))))
    };
    events.iter().filter_map(origin).collect()
}

/// Every calendar of a human holds what the human made, etag included: we never wrote there.
pub fn untouched(stage: &Stage, model: &Model, found: &mut Violations) {
    for (_, calendar) in &model.calendars {
        if stage.world.events(calendar) != model.events(calendar) {
            found.push(format!("touched: {calendar} is not as its owner left it"));
        }
    }
}

/// The difference of two states, as violations of `law`.
#[must_use]
pub fn same(law: &str, before: &[String], after: &[String]) -> Violations {
    let gone = before.iter().filter(|line| !after.contains(line)).map(|line| format!("{law}: gone: {line}"));
    let new = after.iter().filter(|line| !before.contains(line)).map(|line| format!("{law}: new: {line}"));
    gone.chain(new).collect()
}
