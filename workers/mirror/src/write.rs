//! Writing claimed operations in one batch call, and finding out what stands at the provider.

use std::collections::BTreeSet;

use tminus_domain::ids::CalendarId;
use tminus_domain::mark::{HASH_PROPERTY, MARK_PROPERTY, Mark, Ownership, ownership};
use tminus_domain::mirroring::Fact;
use tminus_domain::projection::ProjectionHash;
use tminus_domain::time::Timestamp;
use tminus_google::{ApiError, CalendarApi, Event, Failure, WriteOp, shown_hash};
use tminus_ports::Http;
use tminus_user_graph::contract::{MirrorAction, MirrorOperation, MirrorResult};

use crate::body;

/// How long is waited after a refusal that no one can mend at once: of a mirror by a calendar that takes others, of a
/// batch as a whole.
const REFUSED_PAUSE_S: u32 = 300;
/// How long an account is left alone after a whole batch got no answer.
const OUTAGE_PAUSE_S: u32 = 2;

/// One operation, ready to be sent.
struct Prepared<'a> {
    operation: &'a MirrorOperation,
    mark: Mark,
    /// The calendar's id at the provider.
    calendar: &'a str,
    event: Event,
}

/// What became of a batch.
pub(crate) struct Written {
    /// One result an operation.
    pub(crate) results: Vec<MirrorResult>,
    /// How many calls were made: each part of a batch counts.
    pub(crate) calls: u32,
    /// Calendars that are not there or take no write: each is paused, its mirrors are not.
    pub(crate) unwritable: BTreeSet<CalendarId>,
    /// What stops the whole account, if anything does.
    pub(crate) halt: Option<Halt>,
}

/// Why nothing more is written into the account for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Halt {
    /// The access token was refused.
    Unauthorized,
    /// The provider asks for patience.
    TryAfter {
        /// Seconds to wait.
        seconds: u32,
    },
}

/// Writes operations, each into the calendar that `place` finds for it.
pub(crate) async fn write<'a, P: Http>(
    api: &CalendarApi<'_, P>,
    operations: &'a [MirrorOperation],
    place: impl Fn(&MirrorOperation) -> Option<&'a str>,
) -> Written {
    let mut written = Written { results: Vec::new(), calls: 0, unwritable: BTreeSet::new(), halt: None };
    let mut prepared = Vec::new();
    for operation in operations {
        match (operation.parsed_mark(), place(operation)) {
            (Ok(mark), Some(calendar)) => {
                let event = match &operation.action {
                    MirrorAction::Insert { body } | MirrorAction::Update { body, .. } => {
                        body::event(&mark, body)
                    }
                    MirrorAction::Delete { .. } => Event::default(),
                };
                prepared.push(Prepared { operation, mark, calendar, event });
            }
            // It was not asked for, or is none of ours.
            _ => written.results.push(result(operation, Fact::Untouched)),
        }
    }
    let ids: Vec<String> =
        prepared.iter().map(|prepared| prepared.operation.provider_event_id(&prepared.mark)).collect();
    let ops: Vec<WriteOp<'_>> = prepared.iter().zip(&ids).map(|(prepared, id)| prepared.op(id)).collect();
    let Some(answers) = send(api, &ops, &mut written).await else {
        written.results.extend(prepared.iter().map(|prepared| result(prepared.operation, Fact::Untouched)));
        return written;
    };
    let mut looks = Vec::new();
    for ((prepared, id), answer) in prepared.iter().zip(&ids).zip(answers) {
        match judge(prepared, answer, &mut written) {
            Some(fact) => written.results.push(result(prepared.operation, fact)),
            None => looks.push((prepared, WriteOp::Get { calendar_id: prepared.calendar, event_id: id })),
        }
    }
    let ops: Vec<WriteOp<'_>> = looks.iter().map(|(_, op)| *op).collect();
    let answers = send(api, &ops, &mut written).await;
    for (at, (prepared, _)) in looks.iter().enumerate() {
        let answer = answers.as_ref().map(|answers| answers.get(at).cloned());
        let fact = match answer {
            Some(Some(answer)) => look(prepared, answer, &mut written),
            // It was not looked at: it is found out the next time.
            _ => Fact::Untouched,
        };
        written.results.push(result(prepared.operation, fact));
    }
    acquit(&mut written);
    written
}

fn result(operation: &MirrorOperation, fact: Fact) -> MirrorResult {
    MirrorResult {
        mark: operation.mark.clone(),
        occurrence: operation.occurrence,
        version: operation.version,
        fact,
    }
}

impl Prepared<'_> {
    fn op<'b>(&'b self, event_id: &'b str) -> WriteOp<'b> {
        let calendar_id = self.calendar;
        match &self.operation.action {
            MirrorAction::Insert { .. } => WriteOp::Insert { calendar_id, event: &self.event },
            MirrorAction::Update { etag, .. } => {
                WriteOp::Update { calendar_id, event_id, if_match: etag.as_deref(), event: &self.event }
            }
            MirrorAction::Delete { etag } => {
                WriteOp::Delete { calendar_id, event_id, if_match: etag.as_deref() }
            }
        }
    }

    const fn inserts(&self) -> bool {
        matches!(self.operation.action, MirrorAction::Insert { .. })
    }

    const fn deletes(&self) -> bool {
        matches!(self.operation.action, MirrorAction::Delete { .. })
    }
}

/// One answer an operation; `None` if the envelope was refused, which says nothing of any of them.
async fn send<P: Http>(
    api: &CalendarApi<'_, P>,
    ops: &[WriteOp<'_>],
    written: &mut Written,
) -> Option<Vec<Result<Option<Event>, ApiError>>> {
    if ops.is_empty() {
        return Some(Vec::new());
    }
    written.calls = written.calls.saturating_add(u32::try_from(ops.len()).unwrap_or(u32::MAX));
    let error = match api.batch(ops).await {
        Ok(answers) => return Some(answers),
        Err(error) => error,
    };
    match error.failure {
        failure if failure.effect_unknown() => {
            let seconds = error.retry_after_s.unwrap_or(OUTAGE_PAUSE_S);
            written.halt = written.halt.or(Some(Halt::TryAfter { seconds }));
        }
        // What the envelope was refused for, each part would be.
        Failure::Unauthorized | Failure::RateLimited { .. } | Failure::QuotaExceeded => {}
        _ => {
            tracing::error!(%error, operations = ops.len(), "a batch is refused as a whole; its mirrors wait");
            written.halt = written.halt.or(Some(Halt::TryAfter { seconds: REFUSED_PAUSE_S }));
            return None;
        }
    }
    tracing::warn!(%error, operations = ops.len(), "a batch failed");
    Some(ops.iter().map(|_| Err(error.clone())).collect())
}

/// What an answer to a write says; `None` if the provider has to be asked.
fn judge(
    prepared: &Prepared<'_>,
    answer: Result<Option<Event>, ApiError>,
    written: &mut Written,
) -> Option<Fact> {
    let error = match answer {
        Ok(_) if prepared.deletes() => return Some(Fact::Absent),
        Ok(event) => {
            let acknowledged = event.and_then(|event| Some((event.etag.clone()?, updated(&event))));
            return Some(match acknowledged {
                Some((etag, updated)) => Fact::Written { hash: hash_of(&prepared.event), etag, updated },
                // It may have been written; its etag is not known.
                None => Fact::InDoubt,
            });
        }
        Err(error) => error,
    };
    match error.failure {
        Failure::NotFound | Failure::Gone if prepared.deletes() => Some(Fact::Absent),
        // What cannot be inserted into is the calendar itself: a look would find nothing and burn the id.
        Failure::NotFound | Failure::Forbidden if prepared.inserts() => Some(refused(prepared, written)),
        Failure::Duplicate
        | Failure::PreconditionFailed
        | Failure::Gone
        | Failure::NotFound
        | Failure::Forbidden => None,
        _ => Some(fact_of(&error, prepared, written)),
    }
}

/// The calendar itself refuses, as far as this operation can tell.
fn refused(prepared: &Prepared<'_>, written: &mut Written) -> Fact {
    written.unwritable.insert(prepared.operation.calendar);
    Fact::Untouched
}

/// A calendar that took any write of the batch is no refuser: then it is the one mirror that is refused, and only that
/// waits.
fn acquit(written: &mut Written) {
    let Written { results, unwritable, .. } = written;
    let calendar_of = |result: &MirrorResult| result.mark.parse().ok().map(|mark: Mark| mark.target_calendar);
    let took: BTreeSet<CalendarId> = results
        .iter()
        .filter(|result| matches!(result.fact, Fact::Written { .. }))
        .filter_map(calendar_of)
        .collect();
    unwritable.retain(|calendar| !took.contains(calendar));
    for result in results.iter_mut().filter(|result| result.fact == Fact::Untouched) {
        if calendar_of(result).is_some_and(|calendar| took.contains(&calendar)) {
            result.fact = Fact::TryAfter { seconds: REFUSED_PAUSE_S };
        }
    }
}

/// What a look at the event says.
fn look(prepared: &Prepared<'_>, answer: Result<Option<Event>, ApiError>, written: &mut Written) -> Fact {
    match answer {
        Ok(Some(event)) => seen(prepared, &event),
        Ok(None) => Fact::InDoubt,
        Err(error) if matches!(error.failure, Failure::NotFound | Failure::Gone) => missing(prepared),
        Err(error) => fact_of(&error, prepared, written),
    }
}

fn seen(prepared: &Prepared<'_>, event: &Event) -> Fact {
    if event.is_cancelled() {
        return missing(prepared);
    }
    let private = event.extended_properties.as_ref().map(|properties| &properties.private);
    let property = |name: &str| private.and_then(|private| private.get(name)).map(String::as_str);
    let id = event.id.as_deref().unwrap_or_default();
    match (ownership(id, property(MARK_PROPERTY)), &event.etag) {
        (Ownership::Mirror(mark), Some(etag)) if mark == prepared.mark => {
            Fact::Exists { hash: shown_hash(event), etag: etag.clone(), updated: updated(event) }
        }
        _ if prepared.deletes() => {
            tracing::error!(mark = %prepared.mark, "an event with a mirror's id is not ours; it is left alone");
            Fact::Absent
        }
        _ => {
            tracing::error!(mark = %prepared.mark, "a mirror's id is taken by an event that is not ours");
            Fact::IdBurnt
        }
    }
}

/// It is not there: good for a delete; otherwise its id is a tombstone that a provider never frees.
const fn missing(prepared: &Prepared<'_>) -> Fact {
    if prepared.deletes() { Fact::Absent } else { Fact::IdBurnt }
}

fn fact_of(error: &ApiError, prepared: &Prepared<'_>, written: &mut Written) -> Fact {
    let halt = &mut written.halt;
    let wait = |seconds: u32| error.retry_after_s.unwrap_or(seconds);
    match error.failure {
        Failure::Unauthorized => {
            *halt = Some(Halt::Unauthorized);
            Fact::TryAfter { seconds: 1 }
        }
        Failure::RateLimited { .. } | Failure::QuotaExceeded => {
            let seconds = wait(if error.failure == Failure::QuotaExceeded { 3_600 } else { 10 });
            *halt = halt.or(Some(Halt::TryAfter { seconds }));
            Fact::TryAfter { seconds }
        }
        Failure::ConflictRetry => Fact::TryAfter { seconds: 1 },
        _ if error.failure.effect_unknown() => Fact::InDoubt,
        Failure::NotFound | Failure::Forbidden | Failure::ReadOnly | Failure::InsufficientScope => {
            refused(prepared, written)
        }
        _ => Fact::Refused { reason: format!("the provider refused: {}", error.failure.code()) },
    }
}

/// When the provider last changed the event, by its own clock.
fn updated(event: &Event) -> Option<Timestamp> {
    event.updated.as_deref().and_then(Timestamp::parse_rfc3339)
}

fn hash_of(event: &Event) -> ProjectionHash {
    let stored =
        event.extended_properties.as_ref().and_then(|properties| properties.private.get(HASH_PROPERTY));
    ProjectionHash::from_stored(stored.cloned().unwrap_or_default())
}
