//! Writing claimed operations in one batch call, and finding out what stands at the provider.

use std::collections::BTreeSet;

use tminus_domain::ids::CalendarId;
use tminus_domain::mark::{HASH_PROPERTY, Mark};
use tminus_domain::mirroring::Fact;
use tminus_domain::projection::ProjectionHash;
use tminus_domain::time::Timestamp;
use tminus_google::{ApiError, CalendarApi, Event, Failure, MAX_BATCH, WriteOp};
use tminus_ports::Http;
use tminus_user_graph::contract::{MirrorAction, MirrorOperation, MirrorResult};

use crate::body;
use crate::look::{Look, learnt};

/// How long is waited after a refusal that no one can mend at once: of a mirror by a calendar that takes others, of a
/// batch as a whole.
pub(crate) const REFUSED_PAUSE_S: u32 = 300;
/// How long an account is left alone after a whole batch got no answer.
const OUTAGE_PAUSE_S: u32 = 2;

/// One operation, ready to be sent.
pub(crate) struct Prepared<'a> {
    pub(crate) operation: &'a MirrorOperation,
    pub(crate) mark: Mark,
    /// The event's id at the provider.
    pub(crate) id: String,
    /// The calendar's id at the provider.
    pub(crate) calendar: &'a str,
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
            (Ok(mark), Some(calendar)) => prepared.push(Prepared::new(operation, mark, calendar)),
            // It was not asked for, or is none of ours.
            _ => written.results.push(result(operation, Fact::Untouched)),
        }
    }
    let ops: Vec<WriteOp<'_>> = prepared.iter().map(Prepared::op).collect();
    let Some(answers) = send(api, &ops, &mut written).await else {
        written.results.extend(prepared.iter().map(|prepared| result(prepared.operation, Fact::Untouched)));
        return written;
    };
    let mut looks = Vec::new();
    for (prepared, answer) in prepared.iter().zip(answers) {
        match judge(prepared, answer, &mut written) {
            Judged::Known(fact) => written.results.push(result(prepared.operation, fact)),
            Judged::Look(failure) => looks.push(Look::after(prepared, failure)),
        }
    }
    let ops: Vec<WriteOp<'_>> = looks.iter().flat_map(Look::ops).collect();
    let mut answers = Vec::new();
    // An occurrence is looked at together with its series: there may be more looks than writes.
    for ops in ops.chunks(MAX_BATCH) {
        match send(api, ops, &mut written).await {
            Some(some) => answers.extend(some),
            None => break,
        }
    }
    let mut answers = answers.into_iter();
    for look in &looks {
        let answers: Vec<Answer> = answers.by_ref().take(look.ops().count()).collect();
        let fact = learnt(look, &answers, &mut written);
        written.results.push(result(look.prepared.operation, fact));
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

/// What the provider says to one operation.
pub(crate) type Answer = Result<Option<Event>, ApiError>;

impl<'a> Prepared<'a> {
    fn new(operation: &'a MirrorOperation, mark: Mark, calendar: &'a str) -> Self {
        let event = match (&operation.action, operation.occurrence) {
            (MirrorAction::Delete { .. }, _) => Event::default(),
            (MirrorAction::Insert { body } | MirrorAction::Update { body, .. }, None) => {
                body::event(&mark, body)
            }
            (MirrorAction::Insert { body } | MirrorAction::Update { body, .. }, Some(occurrence)) => {
                body::instance(&mark, occurrence, body)
            }
        };
        Self { operation, mark, id: operation.provider_event_id(&mark), calendar, event }
    }

    fn op(&self) -> WriteOp<'_> {
        let (calendar_id, event_id, event) = (self.calendar, self.id.as_str(), &self.event);
        match &self.operation.action {
            MirrorAction::Insert { .. } if self.inserts() => WriteOp::Insert { calendar_id, event },
            // An instance is there by its series.
            MirrorAction::Insert { .. } => WriteOp::Update { calendar_id, event_id, if_match: None, event },
            MirrorAction::Update { etag, .. } => {
                WriteOp::Update { calendar_id, event_id, if_match: etag.as_deref(), event }
            }
            MirrorAction::Delete { etag } => {
                WriteOp::Delete { calendar_id, event_id, if_match: etag.as_deref() }
            }
        }
    }

    const fn inserts(&self) -> bool {
        matches!(self.operation.action, MirrorAction::Insert { .. }) && !self.is_instance()
    }

    /// Whether it is an instance of a mirrored series.
    pub(crate) const fn is_instance(&self) -> bool {
        self.operation.occurrence.is_some()
    }

    pub(crate) const fn deletes(&self) -> bool {
        matches!(self.operation.action, MirrorAction::Delete { .. })
    }
}

/// One answer an operation; `None` if the envelope was refused, which says nothing of any of them.
async fn send<P: Http>(
    api: &CalendarApi<'_, P>,
    ops: &[WriteOp<'_>],
    written: &mut Written,
) -> Option<Vec<Answer>> {
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

/// What an answer to a write says.
enum Judged {
    /// What is known now.
    Known(Fact),
    /// The provider has to be asked what is there, after a failure that leaves it open.
    Look(Failure),
}

fn judge(prepared: &Prepared<'_>, answer: Answer, written: &mut Written) -> Judged {
    let error = match answer {
        Ok(_) if prepared.deletes() => return Judged::Known(Fact::Absent),
        Ok(event) => {
            let acknowledged = event.and_then(|event| Some((event.etag.clone()?, updated(&event))));
            return Judged::Known(match acknowledged {
                Some((etag, updated)) => Fact::Written { hash: hash_of(&prepared.event), etag, updated },
                // It may have been written; its etag is not known.
                None => Fact::InDoubt,
            });
        }
        Err(error) => error,
    };
    match error.failure {
        Failure::NotFound | Failure::Gone if prepared.deletes() => Judged::Known(Fact::Absent),
        // What cannot be inserted into is the calendar itself: a look would find nothing and burn the id.
        Failure::NotFound | Failure::Forbidden if prepared.inserts() => {
            Judged::Known(refused(prepared, written))
        }
        Failure::Duplicate
        | Failure::PreconditionFailed
        | Failure::Gone
        | Failure::NotFound
        | Failure::Forbidden => Judged::Look(error.failure),
        _ => Judged::Known(fact_of(&error, prepared, written)),
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

/// What a failure that nothing has to be looked at for says.
pub(crate) fn fact_of(error: &ApiError, prepared: &Prepared<'_>, written: &mut Written) -> Fact {
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
pub(crate) fn updated(event: &Event) -> Option<Timestamp> {
    event.updated.as_deref().and_then(Timestamp::parse_rfc3339)
}

fn hash_of(event: &Event) -> ProjectionHash {
    let stored =
        event.extended_properties.as_ref().and_then(|properties| properties.private.get(HASH_PROPERTY));
    ProjectionHash::from_text(stored.map_or("", String::as_str))
}
