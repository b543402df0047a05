//! Writing claimed operations in one batch call, and finding out what stands at the provider.

use tminus_domain::mark::{HASH_PROPERTY, MARK_PROPERTY, Mark, Ownership, ownership};
use tminus_domain::mirroring::Fact;
use tminus_domain::projection::ProjectionHash;
use tminus_domain::time::Timestamp;
use tminus_google::{ApiError, CalendarApi, Event, Failure, WriteOp, shown_hash};
use tminus_ports::Http;
use tminus_user_graph::contract::{MirrorAction, MirrorOperation, MirrorResult};

use crate::body;

/// How long a calendar that is not there is left alone.
const MISSING_PAUSE_S: u32 = 60;
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
    /// What stops the whole account, if anything does.
    pub(crate) halt: Option<Halt>,
}

/// Why nothing more is written into the account for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Halt {
    /// The access token was refused.
    Unauthorized,
    /// A calendar is not there or cannot be written.
    CalendarMissing,
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
    let mut written = Written { results: Vec::new(), calls: 0, halt: None };
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
            // The calendar is not there (yet): maintenance makes it.
            _ => {
                written.halt = written.halt.or(Some(Halt::CalendarMissing));
                written.results.push(result(operation, Fact::TryAfter { seconds: MISSING_PAUSE_S }));
            }
        }
    }
    let ids: Vec<String> = prepared.iter().map(|prepared| prepared.mark.provider_event_id()).collect();
    let ops: Vec<WriteOp<'_>> = prepared.iter().zip(&ids).map(|(prepared, id)| prepared.op(id)).collect();
    let answers = send(api, &ops, &mut written).await;
    let mut looks = Vec::new();
    for ((prepared, id), answer) in prepared.iter().zip(&ids).zip(answers) {
        match judge(prepared, answer, &mut written.halt) {
            Some(fact) => written.results.push(result(prepared.operation, fact)),
            None => looks.push((prepared, WriteOp::Get { calendar_id: prepared.calendar, event_id: id })),
        }
    }
    let ops: Vec<WriteOp<'_>> = looks.iter().map(|(_, op)| *op).collect();
    let answers = send(api, &ops, &mut written).await;
    for ((prepared, _), answer) in looks.into_iter().zip(answers) {
        let fact = look(prepared, answer, &mut written.halt);
        written.results.push(result(prepared.operation, fact));
    }
    written
}

fn result(operation: &MirrorOperation, fact: Fact) -> MirrorResult {
    MirrorResult { mark: operation.mark.clone(), version: operation.version, fact }
}

impl Prepared<'_> {
    fn op<'b>(&'b self, event_id: &'b str) -> WriteOp<'b> {
        let calendar_id = self.calendar;
        match &self.operation.action {
            MirrorAction::Insert { .. } => WriteOp::Insert { calendar_id, event: &self.event },
            MirrorAction::Update { etag, .. } => {
                WriteOp::Update { calendar_id, event_id, if_match: Some(etag), event: &self.event }
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

/// One answer an operation, whatever became of the call.
async fn send<P: Http>(
    api: &CalendarApi<'_, P>,
    ops: &[WriteOp<'_>],
    written: &mut Written,
) -> Vec<Result<Option<Event>, ApiError>> {
    if ops.is_empty() {
        return Vec::new();
    }
    written.calls = written.calls.saturating_add(u32::try_from(ops.len()).unwrap_or(u32::MAX));
    match api.batch(ops).await {
        Ok(answers) => answers,
        Err(error) => {
            tracing::warn!(%error, operations = ops.len(), "a batch failed");
            if error.failure.effect_unknown() {
                let seconds = error.retry_after_s.unwrap_or(OUTAGE_PAUSE_S);
                written.halt = written.halt.or(Some(Halt::TryAfter { seconds }));
            }
            ops.iter().map(|_| Err(error.clone())).collect()
        }
    }
}

/// What an answer to a write says; `None` if the provider has to be asked.
fn judge(
    prepared: &Prepared<'_>,
    answer: Result<Option<Event>, ApiError>,
    halt: &mut Option<Halt>,
) -> Option<Fact> {
    let error = match answer {
        Ok(_) if prepared.deletes() => return Some(Fact::Absent),
        Ok(event) => {
            let written = event.and_then(|event| Some((event.etag.clone()?, updated(&event))));
            return Some(match written {
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
        Failure::NotFound | Failure::Forbidden | Failure::ReadOnly if prepared.inserts() => {
            *halt = halt.or(Some(Halt::CalendarMissing));
            Some(Fact::TryAfter { seconds: MISSING_PAUSE_S })
        }
        Failure::Duplicate
        | Failure::PreconditionFailed
        | Failure::Gone
        | Failure::NotFound
        | Failure::Forbidden => None,
        _ => Some(fact_of(&error, halt)),
    }
}

/// What a look at the event says.
fn look(prepared: &Prepared<'_>, answer: Result<Option<Event>, ApiError>, halt: &mut Option<Halt>) -> Fact {
    match answer {
        Ok(Some(event)) => seen(prepared, &event),
        Ok(None) => Fact::InDoubt,
        Err(error) if matches!(error.failure, Failure::NotFound | Failure::Gone) => missing(prepared),
        Err(error) => fact_of(&error, halt),
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

fn fact_of(error: &ApiError, halt: &mut Option<Halt>) -> Fact {
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
            // The calendar cannot be written; maintenance may mend it.
            Fact::TryAfter { seconds: 300 }
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
