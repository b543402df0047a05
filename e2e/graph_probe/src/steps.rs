//! The commands, as a Worker would send them: one person with three accounts, whose first has the events.

use serde::{Deserialize, Serialize};
use tminus_domain::dirty::Lane;
use tminus_domain::hours::{Weekday, WorkingHours, Zone};
use tminus_domain::ids::{AccountId, CalendarId, ClaimId, PrefixedId, RunId, Ulid, UserId};
use tminus_domain::mirroring::Fact;
use tminus_domain::ordering::Position;
use tminus_domain::policy::{CalendarKind, CalendarRole};
use tminus_domain::time::Timestamp;
use tminus_ports::Command;
use tminus_queues::ChunkRef;
use tminus_user_graph::contract::{
    ApplyChunk, CalendarEntry, ClaimMirrors, Claimed, Create, Delta, EventCursor, LinkAccount, ListEvents,
    MirrorAction, MirrorResult, PutCalendars, SettleMirrors,
};
use tminus_user_graph::policy_contract::SetWorkingHours;
use tminus_user_graph::reading_contract::{EventFilter, GetFreeBusy};

use crate::corpus::{self, Edits, Event};

/// The accounts of the person; the first has the events, unless another is named.
pub(crate) const ACCOUNTS: u64 = 3;
/// What one batch call of the writer holds.
const CLAIM: u32 = 50;
const MADE_MS: u64 = 1_767_225_600_000;

/// What is sent of the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// They are new. Sent twice, the second is a redelivery.
    New,
    /// A later run fetches them again as they are.
    Refetched,
    /// They have other titles.
    Retitled,
    /// They take place at another time.
    Moved,
    /// They are deleted.
    Deleted,
    /// Series, which are new.
    Series,
}

impl Step {
    /// The generation of the run that fetches them.
    const fn generation(self) -> u32 {
        match self {
            Self::New => 1,
            Self::Refetched => 2,
            Self::Retitled => 3,
            Self::Moved => 4,
            Self::Deleted => 5,
            Self::Series => 6,
        }
    }

    const fn edits(self) -> Edits {
        match self {
            Self::New | Self::Refetched | Self::Series => Edits { retitled: false, moved: false },
            Self::Retitled => Edits { retitled: true, moved: false },
            Self::Moved | Self::Deleted => Edits { retitled: true, moved: true },
        }
    }

    /// An item of a chunk.
    fn delta(self, number: u32) -> Delta {
        let Event { id, etag, updated, content } = match self {
            Self::Series => corpus::series(number),
            _ => corpus::event(number, self.edits()),
        };
        match self {
            Self::Deleted => Delta::Deleted { id },
            _ => Delta::Present { id, etag, updated: Some(updated), content: Box::new(content) },
        }
    }
}

/// A command: its name and its body.
pub(crate) type Sent = (&'static str, String);

fn id<I: PrefixedId>(number: u64) -> I {
    I::from_ulid(Ulid::from_parts(MADE_MS, u128::from(number)))
}

/// An account of the person, from 0.
pub(crate) fn account(number: u64) -> AccountId {
    id(number)
}

fn overlay(number: u64) -> CalendarId {
    id(number.saturating_mul(2).saturating_add(1))
}

fn primary(number: u64) -> CalendarId {
    id(number.saturating_mul(2))
}

fn sent<C: Command>(command: &C) -> Result<Sent, serde_json::Error> {
    Ok((C::NAME, serde_json::to_string(command)?))
}

/// What makes the graph of the person.
pub(crate) fn setup() -> Result<Vec<Sent>, serde_json::Error> {
    let mut all = vec![sent(&Create { user: id::<UserId>(0) })?];
    for number in 0..ACCOUNTS {
        let (account, overlay_calendar) = (account(number), overlay(number));
        all.push(sent(&LinkAccount { account, overlay_calendar, kind: CalendarKind::BusyOverlay })?);
    }
    for number in 0..ACCOUNTS {
        let entry = |calendar, provider: &str, role, name: &str| CalendarEntry {
            calendar,
            provider_calendar_id: provider.to_owned(),
            role,
            display_name: Some(name.to_owned()),
        };
        let (address, group) =
            (format!("person{number}@example.com"), format!("c_{number}@group.example.com"));
        let calendars = vec![
            entry(primary(number), &address, CalendarRole::Primary, &address),
            entry(overlay(number), &group, CalendarRole::Overlay, "T-Minus"),
        ];
        all.push(sent(&PutCalendars { account: account(number), calendars })?);
    }
    Ok(all)
}

/// Chunks of `batch` events of the n-th account: those with the numbers from `first` on.
pub(crate) fn chunks(
    step: Step,
    nth: u64,
    first: u32,
    count: u32,
    batch: u32,
) -> Result<Vec<Sent>, serde_json::Error> {
    let end = first.saturating_add(count);
    let mut starts: Vec<u32> = Vec::new();
    let mut start = first;
    while start < end && batch > 0 {
        starts.push(start);
        start = start.saturating_add(batch);
    }
    let chunk = |start: u32| {
        let generation = step.generation();
        let page = start.checked_div(batch).unwrap_or_default();
        sent(&ApplyChunk {
            account: account(nth),
            calendar: primary(nth),
            role: CalendarRole::Primary,
            chunk: ChunkRef {
                run: id::<RunId>(u64::from(generation)),
                position: Position { generation, page },
                attempt: 0,
                index: 0,
            },
            full: false,
            lane: Lane::Live,
            deltas: (start..end.min(start.saturating_add(batch))).map(|number| step.delta(number)).collect(),
        })
    };
    starts.into_iter().map(chunk).collect()
}

/// A page of what takes place from a day of the corpus on.
pub(crate) fn list(
    day: i64,
    days: i64,
    limit: u32,
    after: Option<EventCursor>,
) -> Result<Sent, serde_json::Error> {
    let (from, to) = (corpus::midnight(day), corpus::midnight(day.saturating_add(days)));
    sent(&ListEvents { from, to, filter: EventFilter::default(), limit, after })
}

/// When the person is free from a day of the corpus on.
pub(crate) fn free_busy(day: i64, days: i64) -> Result<Sent, serde_json::Error> {
    let (from, to) = (corpus::midnight(day), corpus::midnight(day.saturating_add(days)));
    sent(&GetFreeBusy { from, to, zone: None, accounts: Vec::new() })
}

/// The person's working hours.
pub(crate) fn hours() -> Result<Sent, serde_json::Error> {
    const DAYS: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
    let time = |text: &str| text.parse().map_err(serde::de::Error::custom);
    let zone: Zone = "Europe/Berlin".parse().map_err(serde::de::Error::custom)?;
    let hours = WorkingHours { zone, days: DAYS.to_vec(), from: time("09:00")?, to: time("17:00")? };
    sent(&SetWorkingHours { hours: Some(hours) })
}

/// The n-th claim, of mirrors in the n-th account.
pub(crate) fn claim(target: u64, claim: u64) -> Result<Sent, serde_json::Error> {
    sent(&ClaimMirrors {
        account: account(target),
        claim: id::<ClaimId>(claim),
        limit: CLAIM,
        bulk_limit: CLAIM,
        calendars: vec![overlay(target)],
    })
}

/// The settling of a claim whose writes all succeeded.
pub(crate) fn settle(target: u64, claim: u64, claimed: &Claimed) -> Result<Sent, serde_json::Error> {
    let result = |(number, operation): (u64, &tminus_user_graph::contract::MirrorOperation)| {
        let fact = match &operation.action {
            MirrorAction::Insert { body } | MirrorAction::Update { body, .. } => Fact::Written {
                hash: body.hash(),
                etag: format!("\"{:016}\"", claim.wrapping_mul(1_000).wrapping_add(number)),
                updated: Some(Timestamp::from_millis(i64::try_from(MADE_MS).unwrap_or_default())),
            },
            MirrorAction::Delete { .. } => Fact::Absent,
        };
        MirrorResult {
            mark: operation.mark.clone(),
            occurrence: operation.occurrence,
            version: operation.version,
            fact,
        }
    };
    sent(&SettleMirrors {
        account: account(target),
        claim: id::<ClaimId>(claim),
        results: (0..).zip(&claimed.operations).map(result).collect(),
    })
}

/// The corpus in figures: means over these events.
#[derive(Debug, Serialize)]
pub(crate) struct Sizes {
    events: u32,
    title_bytes: f64,
    description_bytes: f64,
    /// Of those that have one.
    location_bytes: f64,
    with_location: f64,
    all_day: f64,
    foreign_uid: f64,
    /// As an item of a chunk.
    item_bytes: f64,
}

/// Measures the first `events` of the corpus.
pub(crate) fn sizes(events: u32) -> Result<Sizes, serde_json::Error> {
    let (mut title, mut description, mut location, mut item) = (0_usize, 0_usize, 0_usize, 0_usize);
    let (mut located, mut all_day, mut foreign) = (0_u32, 0_u32, 0_u32);
    let add = |sum: &mut usize, text: &Option<String>| {
        *sum = sum.saturating_add(text.as_ref().map_or(0, String::len));
    };
    for number in 0..events {
        let Event { content, .. } = corpus::event(number, Edits::default());
        add(&mut title, &content.title);
        add(&mut description, &content.description);
        add(&mut location, &content.location);
        located = located.saturating_add(u32::from(content.location.is_some()));
        all_day = all_day.saturating_add(u32::from(content.when.zone().is_none()));
        let own = content.ical_uid.is_some_and(|uid| uid.ends_with("@google.com"));
        foreign = foreign.saturating_add(u32::from(!own));
        item = item.saturating_add(serde_json::to_string(&Step::New.delta(number))?.len());
    }
    let mean = |sum: usize, count: u32| {
        let sum = f64::from(u32::try_from(sum).unwrap_or(u32::MAX));
        sum / f64::from(count.max(1))
    };
    let share = |count: u32| f64::from(count) / f64::from(events.max(1));
    Ok(Sizes {
        events,
        title_bytes: mean(title, events),
        description_bytes: mean(description, events),
        location_bytes: mean(location, located),
        with_location: share(located),
        all_day: share(all_day),
        foreign_uid: share(foreign),
        item_bytes: mean(item, events),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_hold_every_event_once_and_a_redelivery_is_the_same() {
        let all = chunks(Step::New, 0, 200, 250, 100).unwrap();
        let bodies: Vec<ApplyChunk> =
            all.iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect();
        assert_eq!(bodies.iter().map(|body| body.deltas.len()).collect::<Vec<_>>(), [100, 100, 50]);
        assert_eq!(bodies.iter().map(|body| body.chunk.position.page).collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!(chunks(Step::New, 0, 200, 250, 100).unwrap(), all);
        assert_ne!(chunks(Step::Refetched, 0, 200, 250, 100).unwrap(), all);
    }

    #[test]
    fn the_corpus_is_measured() {
        let sizes = sizes(1_000).unwrap();
        assert!((sizes.foreign_uid - 0.2).abs() < 0.001 && (sizes.all_day - 0.1).abs() < 0.001);
        assert!(sizes.item_bytes > sizes.title_bytes + sizes.description_bytes);
    }
}
