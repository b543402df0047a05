//! Finding out what stands at the provider, after an answer to a write that leaves it open (protocol rules 20 to 22).

use tminus_domain::mark::{MARK_PROPERTY, Ownership, ownership};
use tminus_domain::mirroring::Fact;
use tminus_google::{ApiError, Event, Failure, Shown, WriteOp, shown};

use crate::write::{Answer, Prepared, REFUSED_PAUSE_S, Written, fact_of, updated};

/// An operation whose answer left open what is there.
pub(crate) struct Look<'a> {
    pub(crate) prepared: &'a Prepared<'a>,
    /// What the write was refused for.
    failure: Failure,
    /// The id of the series, if what was written is an instance of it: without the series it cannot be told whether the
    /// occurrence is missing or everything is.
    series: Option<String>,
}

impl<'a> Look<'a> {
    pub(crate) fn after(prepared: &'a Prepared<'a>, failure: Failure) -> Self {
        let asks = prepared.is_instance() && !prepared.deletes();
        Self { prepared, failure, series: asks.then(|| prepared.mark.provider_event_id()) }
    }

    /// What is asked: the event, then its series.
    pub(crate) fn ops(&self) -> impl Iterator<Item = WriteOp<'_>> {
        let calendar_id = self.prepared.calendar;
        let ids = std::iter::once(self.prepared.id.as_str()).chain(self.series.as_deref());
        ids.map(move |event_id| WriteOp::Get { calendar_id, event_id })
    }
}

/// What is known of the event after the look.
pub(crate) fn learnt(look: &Look<'_>, answers: &[Answer], written: &mut Written) -> Fact {
    let prepared = look.prepared;
    let (event, series) = match (answers, &look.series) {
        ([event], None) => (event, None),
        ([event, series], Some(_)) => (event, Some(series)),
        // It was not looked at: it is found out the next time.
        _ => return Fact::Untouched,
    };
    match found(event) {
        Found::Live(event) => seen(prepared, event),
        Found::Unread => Fact::InDoubt,
        Found::Failed(error) => fact_of(error, prepared, written),
        Found::Cancelled(_) | Found::Nothing if prepared.deletes() => Fact::Absent,
        // Nobody frees an id: that of a tombstone, or one that is said to be taken while nothing is there.
        Found::Cancelled(_) if series.is_none() => Fact::Cancelled,
        Found::Nothing if series.is_none() => Fact::IdBurnt,
        gone => missing(look, &gone, series, written),
    }
}

/// An answer to a look.
enum Found<'a> {
    Live(&'a Event),
    /// A tombstone, with its content if the provider still shows it.
    Cancelled(Option<&'a Event>),
    Nothing,
    /// An answer without an event.
    Unread,
    Failed(&'a ApiError),
}

fn found(answer: &Answer) -> Found<'_> {
    match answer {
        Ok(Some(event)) if event.is_cancelled() => Found::Cancelled(Some(event)),
        Ok(Some(event)) => Found::Live(event),
        Ok(None) => Found::Unread,
        Err(error) => match error.failure {
            Failure::NotFound => Found::Nothing,
            Failure::Gone => Found::Cancelled(None),
            _ => Found::Failed(error),
        },
    }
}

fn seen(prepared: &Prepared<'_>, event: &Event) -> Fact {
    match (is_ours(prepared, event), &event.etag) {
        (true, Some(etag)) => {
            let Shown { hash, by_hand } = shown(event);
            Fact::Exists { hash, etag: etag.clone(), updated: updated(event), shows: by_hand }
        }
        _ if prepared.deletes() => {
            tracing::error!(mark = %prepared.mark, "an event with a mirror's id is not ours; it is left alone");
            Fact::Absent
        }
        _ if prepared.is_instance() => {
            tracing::error!(mark = %prepared.mark, "an occurrence of a mirror is not ours; it is left alone");
            Fact::Refused { reason: "the occurrence is not ours".to_owned() }
        }
        _ => {
            tracing::error!(mark = %prepared.mark, "a mirror's id is taken by an event that is not ours");
            Fact::IdBurnt
        }
    }
}

/// Whether an event carries the mark that its id, or for an instance that of its series, is the hash of.
fn is_ours(prepared: &Prepared<'_>, event: &Event) -> bool {
    let private = event.extended_properties.as_ref().map(|properties| &properties.private);
    let mark = private.and_then(|private| private.get(MARK_PROPERTY)).map(String::as_str);
    let own_id = event.recurring_event_id.as_deref().or(event.id.as_deref()).unwrap_or_default();
    ownership(own_id, mark) == Ownership::Mirror(prepared.mark)
}

/// What it means that an instance is cancelled or not there. Its id is never burnt: it belongs to the series.
fn missing(look: &Look<'_>, gone: &Found<'_>, series: Option<&Answer>, written: &mut Written) -> Fact {
    let refused = |reason: &str| Fact::Refused { reason: reason.to_owned() };
    match series.map(found) {
        Some(Found::Live(series)) if is_ours(look.prepared, series) => {}
        Some(Found::Unread) => return Fact::InDoubt,
        Some(Found::Failed(error)) => return fact_of(error, look.prepared, written),
        // The mirror of the series was deleted; it is made again when that is seen, and this instance with it.
        _ => return Fact::TryAfter { seconds: REFUSED_PAUSE_S },
    }
    match gone {
        // Cancelled by hand while it was to be changed: to write over that brings it back. What it shows now is nothing
        // that was ever wished, so it is written again.
        Found::Cancelled(Some(event)) if look.failure == Failure::PreconditionFailed => match &event.etag {
            Some(etag) => {
                let Shown { hash, by_hand } = shown(event);
                Fact::Exists { hash, etag: etag.clone(), updated: updated(event), shows: by_hand }
            }
            None => Fact::InDoubt,
        },
        Found::Cancelled(_) => refused("the provider does not bring back a cancelled occurrence"),
        _ => refused("the series has no such occurrence"),
    }
}
