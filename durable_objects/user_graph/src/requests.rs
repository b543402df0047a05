//! Requests under keys of their senders: each is done once, and a repeat gets the same answer for a day.

use tminus_domain::ids::TraceId;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{Row, StoreError, transaction};

use crate::columns;
use crate::context::Context;
use crate::error::GraphError;
use crate::requests_contract::{BeginRequest, Begun, EndRequest, RequestAnswer};
use crate::timers::{self, Kind};

/// How long an answer is kept.
const KEPT_MS: i64 = 24 * 3_600_000;
/// How long a request may be under way; one that never ended is anybody's after that. The API gives an object 15 s.
const UNDER_WAY_MS: i64 = 60_000;
/// How long at least between two sweeps: each looks at every request.
const SWEEP_PAUSE_MS: i64 = 3_600_000;
/// The one subject of the timer.
const SWEEP: &str = "requests";

/// A request that is known.
struct Known {
    request: String,
    attempt: TraceId,
    begun_at: Timestamp,
    answer: Option<RequestAnswer>,
}

impl Known {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let body: Option<String> = row.get(4)?;
        let answer = match body {
            Some(body) => {
                let status = u16::try_from(row.get::<u32>(3)?);
                Some(RequestAnswer {
                    status: status.map_err(|_| StoreError::Corrupt { what: "status" })?,
                    body,
                })
            }
            None => None,
        };
        let attempt = columns::read_id(row, 1)?;
        Ok(Self { request: row.get(0)?, attempt, begun_at: columns::read_time(row, 2)?, answer })
    }

    /// Whether it counts no more.
    fn is_over(&self, now: Timestamp) -> bool {
        let lasts = if self.answer.is_some() { KEPT_MS } else { UNDER_WAY_MS };
        self.begun_at.plus_millis(lasts) <= now
    }
}

/// Begins a request.
pub(crate) fn begin<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &BeginRequest,
) -> Result<Begun, GraphError> {
    Ok(transaction(ctx.host.sql(), || -> Result<Begun, StoreError> {
        let row = ctx.first(
            "/* known_request */ SELECT request_hash, attempt_id, begun_at, status, answer FROM requests
             WHERE idempotency_key = ?1",
            &[command.key.as_str().into()],
        )?;
        let known = row.as_ref().map(Known::read).transpose()?;
        match known.filter(|known| !known.is_over(ctx.now)) {
            Some(known) if known.request != command.request => Ok(Begun::Reused),
            Some(Known { answer: Some(answer), .. }) => Ok(Begun::Answered(answer)),
            Some(known) if known.attempt != command.attempt => Ok(Begun::UnderWay),
            Some(_) => Ok(Begun::Run),
            None => {
                put(ctx, command)?;
                Ok(Begun::Run)
            }
        }
    })?)
}

fn put<H: ObjectHost>(ctx: &Context<'_, H>, command: &BeginRequest) -> Result<(), StoreError> {
    ctx.run(
        "/* begin_request */ INSERT INTO requests (idempotency_key, request_hash, attempt_id, begun_at)
         VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (idempotency_key) DO UPDATE
         SET request_hash = excluded.request_hash, attempt_id = excluded.attempt_id, begun_at = excluded.begun_at,
             status = NULL, answer = NULL",
        &[
            command.key.as_str().into(),
            command.request.as_str().into(),
            columns::id(command.attempt),
            ctx.now.millis().into(),
        ],
    )?;
    timers::set_at_most(ctx, Kind::Requests, SWEEP, ctx.now.plus_millis(KEPT_MS))
}

/// Ends a request.
pub(crate) fn end<H: ObjectHost>(ctx: &Context<'_, H>, command: &EndRequest) -> Result<(), GraphError> {
    let (key, attempt) = (command.key.as_str().into(), columns::id(command.attempt));
    match &command.answer {
        Some(answer) => ctx.run(
            "/* end_request */ UPDATE requests SET status = ?3, answer = ?4
             WHERE idempotency_key = ?1 AND attempt_id = ?2 AND answer IS NULL",
            &[key, attempt, u32::from(answer.status).into(), answer.body.as_str().into()],
        )?,
        None => ctx.run(
            "/* drop_request */ DELETE FROM requests
             WHERE idempotency_key = ?1 AND attempt_id = ?2 AND answer IS NULL",
            &[key, attempt],
        )?,
    }
    Ok(())
}

/// Forgets what was begun more than a day ago, and looks again when the next of them is as old.
pub(crate) fn sweep<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<(), GraphError> {
    let until = ctx.now.plus_millis(-KEPT_MS).millis();
    ctx.run("/* sweep_requests */ DELETE FROM requests WHERE begun_at <= ?1", &[until.into()])?;
    let row = ctx.first("/* oldest_request */ SELECT MIN(begun_at) FROM requests", &[])?;
    let oldest: Option<i64> = row.map_or(Ok(None), |row| row.get(0))?;
    match oldest.map(Timestamp::from_millis) {
        Some(oldest) => {
            let next = oldest.plus_millis(KEPT_MS).max(ctx.now.plus_millis(SWEEP_PAUSE_MS));
            timers::set(ctx, Kind::Requests, SWEEP, next, 0, None)?;
        }
        None => timers::clear(ctx, Kind::Requests, SWEEP)?,
    }
    Ok(())
}
