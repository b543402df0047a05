//! What must hold when the world has settled, as the provider shows it.
//!
//! For each linked account: its overlay shows, instance by instance, exactly what blocks time in the calendars of the
//! other linked accounts, unless the account holds the meeting itself. No gap, no duplicate, no ghost; and nothing but
//! when, a series as one series, all of it provably ours.

use std::collections::{BTreeMap, BTreeSet};

use fake_google::model::Object;
use serde_json::Value;

use crate::calendar::{Meeting, Shown, UNTIL, is_busy, meeting, stands};
use crate::conservation;
use crate::model::Model;
use crate::stage::Stage;
use crate::world::mark_of;

/// A law that does not hold, and where.
pub type Violations = Vec<String>;

/// Start, end, and whether it is tentative.
type Block = (String, String, bool);

/// Converges, without duplicates or orphans; what people made is as they made it; nobody is mailed; no quota is exceeded;
/// nothing waits; every event is accounted for along every edge.
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
    // A claim of an account that was unlinked meanwhile ends with its time: nobody settles it any more.
    for waiting in stage.graph(
        "/* waiting */ SELECT occurrence, part, state, error_message, in_doubt, attempts, claim_id IS NOT NULL
         FROM event_mirrors
         WHERE state IN ('PENDING', 'ERROR') OR (claim_id IS NOT NULL AND state <> 'TOMBSTONED')",
    ) {
        found.push(format!("waiting: {waiting}"));
    }
    conservation::balances(stage, model, &mut found);
    found
}

/// What an account's overlay is to show.
#[derive(Default)]
struct Wanted {
    /// Each block that is to show, and the instances that it comes from.
    blocks: BTreeMap<Block, Vec<String>>,
    /// How many of these may be missing, since a hand removed them.
    optional: BTreeMap<Block, usize>,
    /// How many events show all of it, instances of mirrored series aside.
    events: usize,
}

fn wanted(stage: &Stage, model: &Model, account: usize) -> Wanted {
    let of = |wanted: bool| {
        let all = model.calendars.iter();
        all.filter(move |(of, _)| (*of == account) == wanted && model.is_linked(*of))
            .map(|(_, calendar)| (calendar, stage.world.contents(calendar)))
    };
    let held: BTreeSet<Meeting> = of(true)
        .flat_map(|(_, own)| {
            let bodies = own.shown.iter().map(|shown| &shown.body).chain(&own.series);
            bodies.filter(|body| stands(body)).map(meeting).collect::<Vec<_>>()
        })
        .collect();
    let is_wanted = |body: &Object| is_busy(body) && !held.contains(&meeting(body));
    let mut wanted = Wanted::default();
    for (calendar, contents) in of(false) {
        let is_mirrored = |id: &str| {
            let mut masters = contents.series.iter();
            masters.any(|master| master["id"] == id && is_wanted(master))
        };
        wanted.events += contents.series.iter().filter(|master| is_wanted(master)).count();
        let mut parts = BTreeSet::new();
        for shown in contents.shown.iter().filter(|shown| is_wanted(&shown.body)) {
            let series = shown.series.as_deref().filter(|_| shown.in_series);
            match series {
                Some(id) if is_mirrored(id) => {}
                // What the target declined of a series that it holds is one event.
                Some(id) if !shown.is_changed => {
                    parts.insert(id.to_owned());
                }
                _ => wanted.events += 1,
            }
            let block = block(shown);
            if model.dismissed.iter().any(|hand| hand.took(account, calendar, shown)) {
                *wanted.optional.entry(block.clone()).or_default() += 1;
            }
            wanted.blocks.entry(block).or_default().push(format!("{} of {calendar}", shown.id));
        }
        wanted.events += parts.len();
    }
    wanted
}

fn block(shown: &Shown) -> Block {
    let is_tentative = shown.body.get("status").and_then(Value::as_str) == Some("tentative");
    (shown.start.clone(), shown.end.clone(), is_tentative)
}

/// The overlay of an account shows exactly what blocks time elsewhere, and nothing else of ours.
fn overlay(stage: &Stage, model: &Model, account: usize, found: &mut Violations) {
    let email = &stage.emails[account];
    let overlays = stage.world.overlays(email);
    if !model.is_linked(account) {
        let left = overlays.iter().filter(|overlay| !model.copies.contains_key(*overlay)).count();
        if left > 0 {
            found.push(format!("left: {email} is unlinked and has {left} overlay calendars"));
        }
        return;
    }
    let current = stage.of_calendar(account, "BUSY_OVERLAY", "provider_calendar_id");
    // One that held events of others was left when its account was unlinked.
    let (left, overlays): (Vec<_>, Vec<_>) =
        overlays.iter().partition(|overlay| **overlay != current && model.copies.contains_key(*overlay));
    let [overlay] = overlays.as_slice() else {
        found.push(format!("overlay: {email} has {} overlay calendars", overlays.len()));
        return;
    };
    for overlay in left.iter().chain(&overlays) {
        let copies = model.copies.get(*overlay).cloned().unwrap_or_default();
        ours(stage, email, overlay, &copies, found);
    }
    let of_ours = |overlay: &&&String| stage.world.mirrors(overlay).iter().any(|event| event.mark.is_some());
    let full = left.iter().filter(of_ours).count();
    if full > 0 {
        found.push(format!("left: {email} has {full} old overlay calendars that hold mirrors"));
    }
    let wanted = wanted(stage, model, account);
    let contents = stage.world.contents(overlay);
    let mut shown: BTreeMap<Block, Vec<String>> = BTreeMap::new();
    for instance in contents.shown.iter().filter(|shown| mark_of(&shown.body).is_some()) {
        shown.entry(block(instance)).or_default().push(instance.id.clone());
    }
    for at in shown.keys().chain(wanted.blocks.keys()).collect::<BTreeSet<_>>() {
        if at.0.as_str() >= UNTIL {
            continue;
        }
        let none = Vec::new();
        let (is, should) = (shown.get(at).unwrap_or(&none), wanted.blocks.get(at).unwrap_or(&none));
        let may_lack = wanted.optional.get(at).copied().unwrap_or_default();
        let law = match is.len() {
            is if is > should.len() && should.is_empty() => "ghost",
            is if is > should.len() => "duplicate",
            is if is + may_lack < should.len() => "gap",
            _ => continue,
        };
        found.push(format!("{law}: {email} at {at:?}: shown {is:?}, wanted {should:?}"));
    }
    let events = stage.world.mirrors(overlay).into_iter();
    let events = events.filter(|event| event.mark.is_some() && !event.event.contains_key("recurringEventId"));
    let events: Vec<_> = events.filter_map(|event| Some(event.mark?.event)).collect();
    let is_whole = model.dismissed.is_empty();
    if events.len() > wanted.events || (is_whole && events.len() < wanted.events) {
        found.push(format!("events: {email} shows {} events for {}", events.len(), wanted.events));
    }
    if events.iter().collect::<BTreeSet<_>>().len() < events.len() {
        found.push(format!("events: {email} shows two mirrors of one event"));
    }
}

/// What is ours shows nothing but when; what is not ours is as a hand left it.
fn ours(stage: &Stage, email: &str, overlay: &str, copies: &[Object], found: &mut Violations) {
    let events = stage.world.mirrors(overlay);
    for mirror in &events {
        let event = &mirror.event;
        if mirror.mark.is_none() {
            if !copies.contains(event) {
                found.push(format!("touched: {email} overlay holds a changed event of others: {event:?}"));
            }
            continue;
        }
        let private = ["description", "location", "attendees", "conferenceData", "attachments"];
        let shows = private.iter().any(|key| event.contains_key(*key));
        if event.get("summary") != Some(&"Busy".into()) || shows || format!("{event:?}").contains("secret") {
            found.push(format!("private: {email} shows {event:?}"));
        }
    }
    let gone = copies.iter().filter(|copy| !events.iter().any(|event| event.event == **copy)).count();
    if gone > 0 {
        found.push(format!("touched: {gone} events of others in the overlay of {email}"));
    }
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
