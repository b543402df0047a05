//! What a series and its exceptions become along one edge (protocol rule 22).
//!
//! A series is mirrored as one event. What its exceptions change is written as instances of that mirror, and only where it
//! shows: an exception that differs in its title alone is no write under BUSY. An exception that no series carries, because
//! the series is filtered out or left it behind, is a block of its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{EventContent, Extent, Visibility, When};
use crate::occurrence::Occurrence;
use crate::policy::FilterReason;
use crate::projection::{BUSY_TITLE, Lens, MirrorBody, Projection};
use crate::recurrence::canonical_lines;
use crate::time::Timestamp;

/// The master of a series.
#[derive(Debug, Clone, Copy)]
pub struct Master<'a> {
    /// What it says.
    pub content: &'a EventContent,
    /// Those of its occurrences that this is about: of exceptions, of known instances, of what the target declined. None if
    /// its rules cannot be read.
    pub has: &'a BTreeSet<Occurrence>,
    /// The end of its last occurrence; `None`: it is endless.
    pub last_end: Option<Timestamp>,
    /// Why it has no mirror, for a reason that its content does not tell.
    pub barred: Option<FilterReason>,
    /// What the target has of a series that it holds itself, and does not attend.
    pub declined: &'a [Occurrence],
}

/// An exception of the series.
#[derive(Debug, Clone, Copy)]
pub struct Exception<'a> {
    /// Which occurrence.
    pub occurrence: Occurrence,
    /// What it says.
    pub content: &'a EventContent,
    /// Why it has no mirror, for a reason that its content does not tell.
    pub barred: Option<FilterReason>,
}

/// What is known of an instance besides its exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It was written, or is to be: it no longer follows its series by itself.
    Written,
    /// It is not wanted, whatever the series says: the target holds it, or the user dismissed it.
    Barred,
}

/// What is wanted of an instance of the mirrored series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instance {
    /// It shows this.
    Shown(Box<MirrorBody>),
    /// It is not there.
    Gone,
    /// The series does not have it any more: what was written of it goes before the series is written.
    Stale,
}

/// What is wanted along the edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The mirror of the series.
    pub series: Projection,
    /// What differs from it.
    pub instances: BTreeMap<Occurrence, Instance>,
    /// The exceptions that are blocks of their own, in the order given; the reason of those that are not.
    pub alone: Vec<Projection>,
}

/// Plans the mirrors of a series along the edge of `lens`.
#[must_use]
pub fn plan(
    lens: &Lens,
    master: &Master<'_>,
    exceptions: &[Exception<'_>],
    known: &BTreeMap<Occurrence, Known>,
    now: Timestamp,
) -> Plan {
    let series = match master.barred {
        Some(FilterReason::Duplicate) => declined(lens, master, exceptions, now),
        Some(reason) => Projection::Filtered(reason),
        None => lens.project(master.content, master.last_end, now),
    };
    let single = |exception: &Exception<'_>| match exception.barred {
        Some(reason) => Projection::Filtered(reason),
        None => lens.project(exception.content, None, now),
    };
    let Projection::Shown(shown) = (if master.barred.is_some() { &NOTHING } else { &series }) else {
        let is_dismissed = master.barred == Some(FilterReason::Dismissed);
        let alone = |exception| {
            if is_dismissed { Projection::Filtered(FilterReason::Dismissed) } else { single(exception) }
        };
        let instances = match &series {
            Projection::Shown(body) => {
                known.keys().map(|occurrence| (*occurrence, left_of(body, *occurrence))).collect()
            }
            Projection::Filtered(_) => BTreeMap::new(),
        };
        return Plan { alone: exceptions.iter().map(alone).collect(), series, instances };
    };
    let mut instances = BTreeMap::new();
    let mut alone = Vec::new();
    let mut covered = BTreeSet::new();
    for exception in exceptions {
        let occurrence = exception.occurrence;
        if !master.has.contains(&occurrence) {
            alone.push(single(exception));
            continue;
        }
        alone.push(Projection::Filtered(FilterReason::InSeries));
        covered.insert(occurrence);
        let row = known.get(&occurrence);
        let wanted = match single(exception) {
            _ if row == Some(&Known::Barred) => Instance::Gone,
            Projection::Filtered(_) => Instance::Gone,
            Projection::Shown(body) => {
                let body = as_visible_as(shown, body);
                if row.is_none() && inherited(shown, occurrence).as_ref() == Some(&body) {
                    continue;
                }
                Instance::Shown(Box::new(body))
            }
        };
        instances.insert(occurrence, wanted);
    }
    for (occurrence, row) in known.iter().filter(|(occurrence, _)| !covered.contains(occurrence)) {
        let wanted = match (row, inherited(shown, *occurrence)) {
            (_, None) => Instance::Stale,
            _ if !master.has.contains(occurrence) => Instance::Stale,
            (Known::Barred, _) => Instance::Gone,
            (Known::Written, Some(body)) => Instance::Shown(Box::new(body)),
        };
        instances.insert(*occurrence, wanted);
    }
    Plan { series, instances, alone }
}

/// There is no mirror of the whole series.
const NOTHING: Projection = Projection::Filtered(FilterReason::Duplicate);

/// The target holds the series itself: its mirror is what the target does not attend of it, one block or a list of them.
/// Exceptions are looked at by themselves.
fn declined(lens: &Lens, master: &Master<'_>, exceptions: &[Exception<'_>], now: Timestamp) -> Projection {
    let Projection::Shown(shown) = lens.project(master.content, master.last_end, now) else { return NOTHING };
    let is_excepted =
        |occurrence: &Occurrence| exceptions.iter().any(|exception| exception.occurrence == *occurrence);
    let left: BTreeSet<Occurrence> = master
        .declined
        .iter()
        .copied()
        .filter(|occurrence| master.has.contains(occurrence) && !is_excepted(occurrence))
        .collect();
    let Some(first) = left.first().and_then(|first| inherited(&shown, *first)) else { return NOTHING };
    if left.len() == 1 {
        return Projection::Shown(first);
    }
    let stamps: Vec<String> = left.iter().map(|occurrence| occurrence.stamp()).collect();
    let kind = if first.when.extent() == Extent::WholeDays { ";VALUE=DATE" } else { "" };
    let when = match (&first.when, &shown.when) {
        (When::Timed { start, end, .. }, When::Timed { zone, end_zone, .. }) => {
            When::Timed { start: *start, end: *end, zone: zone.clone(), end_zone: end_zone.clone() }
        }
        (when, _) => when.clone(),
    };
    let recurrence = canonical_lines(&[format!("RDATE{kind}:{}", stamps.join(","))]);
    Projection::Shown(MirrorBody { when, recurrence, ..first })
}

/// What was written of an instance of the whole series, when its mirror is only what the target does not attend: another
/// event under the same id. It shows what the list has, and else goes first.
fn left_of(list: &MirrorBody, occurrence: Occurrence) -> Instance {
    let stamp = occurrence.stamp();
    let is_listed = list.recurrence.iter().any(|line| line.split([':', ',']).any(|listed| listed == stamp));
    match inherited(list, occurrence).filter(|_| is_listed) {
        Some(body) => Instance::Shown(Box::new(body)),
        None => Instance::Stale,
    }
}

/// The provider knows no instance that is more visible than its series, and hides the whole series with one that is less
/// (Calendar API, Event.visibility). What is to be hidden in one that cannot be is left out.
fn as_visible_as(series: &MirrorBody, body: MirrorBody) -> MirrorBody {
    let hides = body.visibility == Visibility::Private && series.visibility != Visibility::Private;
    let visibility = series.visibility;
    if hides {
        let summary = BUSY_TITLE.to_owned();
        return MirrorBody { summary, description: None, location: None, visibility, ..body };
    }
    MirrorBody { visibility, ..body }
}

/// What the provider shows of an occurrence that nobody changed; `None` if the series is of another kind.
#[must_use]
pub fn inherited(series: &MirrorBody, occurrence: Occurrence) -> Option<MirrorBody> {
    let when = series.when.at(occurrence)?.in_no_zone();
    Some(MirrorBody { when, recurrence: Vec::new(), ..series.clone() })
}

#[cfg(test)]
mod tests;
