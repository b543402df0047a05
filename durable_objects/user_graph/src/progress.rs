//! How far each calendar's run is in the graph (protocol rules 6 and 12).

use tminus_domain::ids::CalendarId;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value};

use crate::context::Context;
use crate::contract::{ApplyChunk, GetRunProgress, RunProgress};
use crate::error::GraphError;
use crate::graph;

/// So long after its last chunk a full run is taken to go on.
const FULL_RUN_MS: i64 = 60_000;

/// The page that was applied last.
struct Page {
    generation: u32,
    run: String,
    page: u32,
    attempt: u32,
    chunks: Vec<u32>,
}

fn get<H: ObjectHost>(ctx: &Context<'_, H>, calendar: CalendarId) -> Result<Option<Page>, StoreError> {
    ctx.first(
        "/* applied_page */ SELECT generation, run_id, page, attempt, chunks FROM applied_pages
         WHERE calendar_id = ?1",
        &[Value::text(calendar)],
    )?
    .map(|row| {
        let chunks = serde_json::from_str(&row.get::<String>(4)?)
            .map_err(|_| StoreError::Corrupt { what: "applied chunks" })?;
        Ok(Page {
            generation: row.get(0)?,
            run: row.get(1)?,
            page: row.get(2)?,
            attempt: row.get(3)?,
            chunks,
        })
    })
    .transpose()
}

/// What is known of a calendar's runs when a chunk of them is applied.
pub(crate) struct Recorded {
    /// The highest generation.
    pub(crate) generation: u32,
    /// Whether the chunk is news.
    pub(crate) news: News,
}

/// Whether a chunk tells anything new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// It was neither applied before, nor overtaken by another fetch.
    Fresh,
    /// It comes again, or too late.
    Old,
}

/// Records that a chunk is applied. A chunk of an older page, or of an older fetch of the page, leaves what is recorded as
/// it is.
pub(crate) fn record<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ApplyChunk,
) -> Result<Recorded, StoreError> {
    let chunk = &command.chunk;
    let known = get(ctx, command.calendar)?;
    let present = (chunk.position.generation, chunk.position.page, chunk.attempt);
    let mut chunks = Vec::new();
    if let Some(known) = known {
        let recorded = (known.generation, known.page, known.attempt);
        if present < recorded {
            return Ok(Recorded { generation: known.generation, news: News::Old });
        }
        if present == recorded && known.run == chunk.run.to_string() {
            if known.chunks.contains(&chunk.index) {
                return Ok(Recorded { generation: known.generation, news: News::Old });
            }
            chunks = known.chunks;
        }
    }
    chunks.push(chunk.index);
    let full_until = command.full.then(|| ctx.now.plus_millis(FULL_RUN_MS).millis());
    ctx.run(
        "/* record_page */ INSERT INTO applied_pages
           (calendar_id, generation, run_id, page, attempt, chunks, full_until)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (calendar_id) DO UPDATE
         SET generation = excluded.generation, run_id = excluded.run_id, page = excluded.page,
             attempt = excluded.attempt, chunks = excluded.chunks, full_until = excluded.full_until",
        &[
            Value::text(command.calendar),
            chunk.position.generation.into(),
            Value::text(chunk.run),
            chunk.position.page.into(),
            chunk.attempt.into(),
            serde_json::json!(chunks).to_string().into(),
            full_until.into(),
        ],
    )?;
    Ok(Recorded { generation: chunk.position.generation, news: News::Fresh })
}

/// How much of a page is applied.
pub(crate) fn of<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &GetRunProgress,
) -> Result<RunProgress, GraphError> {
    let asked = (command.position.generation, command.position.page, command.attempt);
    let applied = get(ctx, command.calendar)?
        .filter(|known| (known.generation, known.page, known.attempt) == asked)
        .filter(|known| known.run == command.run.to_string())
        .map(|known| known.chunks)
        .unwrap_or_default();
    Ok(RunProgress { incarnation: graph::incarnation(ctx)?, applied })
}

/// The calendar's full run is at its end.
pub(crate) fn ended<H: ObjectHost>(ctx: &Context<'_, H>, calendar: CalendarId) -> Result<(), StoreError> {
    ctx.run(
        "/* full_run_ended */ UPDATE applied_pages SET full_until = NULL
         WHERE calendar_id = ?1 AND full_until IS NOT NULL",
        &[Value::text(calendar)],
    )
}

/// Until when a full run of any calendar is taken to go on; `None` if none does.
pub(crate) fn full_run_until<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Option<Timestamp>, StoreError> {
    let row = ctx.first("/* full_run_until */ SELECT MAX(full_until) FROM applied_pages", &[])?;
    let until: Option<i64> = row.map_or(Ok(None), |row| row.get(0))?;
    Ok(until.map(Timestamp::from_millis).filter(|until| *until > ctx.now))
}
