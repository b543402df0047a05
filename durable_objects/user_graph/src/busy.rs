//! When the user is taken and when free: everything that their accounts hold, merged.

use serde::Deserialize;
use tminus_domain::availability::{Claim, Taken, availability, taken};
use tminus_domain::constraint::Effect;
use tminus_domain::event::{Extent, OwnResponse, Status, Transparency, When};
use tminus_domain::hours::Zone;
use tminus_domain::spans::Span;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value};

use crate::bulk;
use crate::conditions::Conditions;
use crate::constraints;
use crate::context::Context;
use crate::error::GraphError;
use crate::expansion::{Expansions, Repeating, Said};
use crate::ranges::{self, LONG, OF_WEEKS, WEEK_MS};
use crate::reading_contract::{FreeBusy, GetFreeBusy};

/// A day of a zone begins or ends less than this from the same day in UTC.
const DAY_MS: i64 = 86_400_000;

/// Events that begin together and say the same, as far as they take time; each value is told by its place.
#[derive(Deserialize)]
struct Row(
    /* 0: start */ Timestamp,
    /* 1: the last end */ Timestamp,
    /* 2: all day */ u8,
    /* 3 */ Status,
    /* 4 */ Transparency,
    /* 5 */ OwnResponse,
);

/// Answers when the user is taken, and when free.
pub(crate) fn get<H: ObjectHost>(
    ctx: &Context<'_, H>,
    expansions: &Expansions,
    command: &GetFreeBusy,
) -> Result<FreeBusy, GraphError> {
    let range = ranges::checked(command.from, command.to)?;
    let hours = crate::lenses::working_hours(ctx)?;
    let zone = command.zone.or(hours.as_ref().map(|hours| hours.zone)).unwrap_or(Zone::UTC);
    let mut conditions = Conditions::of_accounts(&command.accounts)?;
    conditions.always("deleted = 0");
    conditions.always("transparency = 'opaque'");
    let wide = Span { start: range.start.plus_millis(-DAY_MS), end: range.end.plus_millis(DAY_MS) };
    let mut claims = Vec::new();
    let mut claim = |span: Span, extent: Extent, kind: Option<Taken>| {
        claims.extend(kind.and_then(|kind| Some((placed(span, extent, zone)?, Claim::Taken(kind)))));
    };
    let earliest = wide.start.plus_millis(-WEEK_MS);
    let own = || {
        let mut own = ranges::start_params(earliest, wide.end);
        own.push(wide.start.millis().into());
        own
    };
    for which in [OF_WEEKS, LONG] {
        for Row(start, end, all_day, status, transparency, own_response) in
            rows(ctx, which, &conditions, own())?
        {
            let extent = if all_day == 0 { Extent::Timed } else { Extent::WholeDays };
            claim(Span { start, end }, extent, taken(status, transparency, own_response));
        }
    }
    let any = Span { start: Timestamp::from_millis(i64::MIN), end: wide.end };
    for found in Repeating::load(ctx, expansions, &conditions, wide)?.between(any, wide) {
        let Said { status, transparency, own_response } = found.said;
        claim(found.span, found.extent(), taken(status, transparency, own_response));
    }
    // What is busy by a constraint is an event.
    for (_, constraint) in constraints::between(ctx, range.start, range.end)? {
        let when = constraint.when();
        let span = Span { start: when.start_key(), end: when.end_key() };
        let span = placed(span, when.extent(), zone).filter(|_| constraint.effect() == Effect::Free);
        claims.extend(span.map(|span| (span, Claim::Free)));
    }
    let found = availability(range, claims, hours.as_ref());
    Ok(FreeBusy { zone, busy: found.taken, free: found.free })
}

fn rows<H: ObjectHost>(
    ctx: &Context<'_, H>,
    which: &str,
    conditions: &Conditions,
    own: Vec<Value>,
) -> Result<Vec<Row>, StoreError> {
    // Of those that begin together the last end says it all: a full calendar has many, and each that is handed over costs
    // more than it does here.
    let statement = format!(
        "/* blocks_in_range */ SELECT json_group_array(json_array(start_ts, end_ts, all_day, status, transparency, own_response))
         FROM (SELECT start_ts, MAX(end_ts) AS end_ts, all_day, status, transparency, own_response FROM canonical_events
           WHERE {which} AND end_ts > ?5 {}
           GROUP BY start_ts, all_day, status, transparency, own_response)
         GROUP BY start_ts / 604800000",
        conditions.sql(own.len())
    );
    let mut all = Vec::new();
    for row in ctx.query(&statement, &conditions.params(own))? {
        all.extend(bulk::read::<Vec<Row>>(&row, 0)?);
    }
    Ok(all)
}

/// Where a span lies; whole days, which are stored as midnights in UTC, in the user's zone.
fn placed(span: Span, extent: Extent, zone: Zone) -> Option<Span> {
    match When::from_keys(span.start, span.end, None, extent)? {
        When::Timed { .. } => Some(span),
        When::AllDay { start, end } => Some(zone.days(start, end)),
    }
}
