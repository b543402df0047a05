//! Whether every event is accounted for along every edge.
//!
//! Each class is counted by itself from the rows of mirrors. What there has to be is counted from events and edges: a pair
//! without a row, or a row without a pair, is a defect of ours and shows as an imbalance.

use tminus_domain::mirroring::MirrorState;
use tminus_domain::policy::FilterReason;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::columns::read_id;
use crate::context::Context;
use crate::error::GraphError;
use crate::explaining_contract::Conservation;
use crate::lenses::Lenses;
use crate::reproject;

/// Counts; an imbalance that no job explains is logged as an error.
pub(crate) fn report<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Conservation, GraphError> {
    let mut report = Conservation {
        expected: expected(ctx)?,
        reprojecting: reproject::is_running(ctx)?,
        ..Conservation::default()
    };
    for (state, reason, pairs) in classes(ctx)? {
        let class = match (reason, state) {
            // Not of a pair: it goes, or went.
            (Some(FilterReason::Deleted | FilterReason::NoEdge), _) | (None, MirrorState::Tombstoned) => {
                continue;
            }
            (_, MirrorState::Pending) => &mut report.pending,
            (None, MirrorState::Active) => &mut report.mirrored,
            (_, MirrorState::Error) => &mut report.failed,
            (Some(FilterReason::Duplicate), _) => &mut report.deduplicated,
            (Some(FilterReason::Dismissed), _) => &mut report.dismissed,
            (Some(reason), _) => report.filtered.entry(reason.as_str().to_owned()).or_default(),
            // Nothing is wanted, and nobody says why: it is missing in the sum.
            (None, MirrorState::Deleted) => continue,
        };
        *class = class.saturating_add(pairs);
    }
    let sum = [report.mirrored, report.deduplicated, report.dismissed, report.pending, report.failed]
        .into_iter()
        .chain(report.filtered.values().copied())
        .fold(0_u64, u64::saturating_add);
    report.balanced = sum == report.expected;
    if !report.balanced && !report.reprojecting {
        tracing::error!(expected = report.expected, sum, "events are not accounted for along every edge");
    }
    Ok(report)
}

/// Pairs of a live event and an edge that leaves its calendar.
fn expected<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<u64, StoreError> {
    let lenses = Lenses::load(ctx)?;
    let rows = ctx.query(
        "/* live_by_calendar */ SELECT origin_account_id, origin_calendar_id, COUNT(*) FROM canonical_events
         WHERE deleted = 0 GROUP BY origin_calendar_id",
        &[],
    )?;
    rows.iter().try_fold(0_u64, |sum, row| {
        let edges = lenses.of(read_id(row, 0)?, read_id(row, 1)?).len();
        let events: u32 = row.get(2)?;
        Ok(sum.saturating_add(u64::from(events).saturating_mul(u64::try_from(edges).unwrap_or(u64::MAX))))
    })
}

/// The mirrors that stand for events themselves, by state and reason. Instances belong to the mirror of their series.
fn classes<H: ObjectHost>(
    ctx: &Context<'_, H>,
) -> Result<Vec<(MirrorState, Option<FilterReason>, u64)>, StoreError> {
    ctx.query(
        "/* mirrors_by_class */ SELECT state, reason, COUNT(*) FROM event_mirrors WHERE occurrence = ''
         GROUP BY state, reason",
        &[],
    )?
    .iter()
    .map(|row| {
        Ok((row.parse(0, "mirror state")?, row.parse_opt(1, "reason")?, u64::from(row.get::<u32>(2)?)))
    })
    .collect()
}
