//! The account's calls in the last minute (protocol rules 16 and 18).
//!
//! They are counted in memory. What a sitting wrote is kept in rows as well if it is more than a handful, so that an
//! object that restarts does not take the minute for empty; a row for each single write would cost more than it saves.
//! A crash may lose the count of one sitting, which is why a sitting is short.

use std::cell::Cell;

use tminus_domain::dirty::Lane;
use tminus_domain::quota::{Share, Window};
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::context::Context;
use crate::contract::Permits;

/// The most calls of one sitting: what the share of live work leaves of the quota, and a little.
const SITTING: u32 = 100;
/// Bulk work waits until so many calls fit: small batches cost as many requests as large ones.
const WORTHWHILE: u32 = 50;
/// A sitting of at least so many calls is kept in rows.
const HANDFUL: u32 = 10;

/// The calls, as far as this instance knows.
#[derive(Default)]
pub(crate) struct Quota(Cell<Option<Window>>);

/// Calls that a writer may make, reserved until it says how many it made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reserved {
    pub(crate) permits: Permits,
    at: Timestamp,
}

/// What a writer is given.
pub(crate) enum Grant {
    Reserved(Reserved),
    /// Nothing fits before this.
    Wait(Timestamp),
}

impl Quota {
    /// Counts calls that are not paced, such as reads: they only leave writes less room.
    pub(crate) fn count<H: ObjectHost>(&self, ctx: &Context<'_, H>, calls: u32) -> Result<(), StoreError> {
        let mut window = self.take(ctx)?;
        window.add(ctx.now, calls);
        self.0.set(Some(window));
        Ok(())
    }

    /// Reserves what a writer of this lane may use now.
    pub(crate) fn reserve<H: ObjectHost>(
        &self,
        ctx: &Context<'_, H>,
        per_minute: u32,
        lane: Lane,
    ) -> Result<Grant, StoreError> {
        let mut window = self.take(ctx)?;
        let (live, bulk) = (Share::Live.of(per_minute), Share::Bulk.of(per_minute));
        let permits = Permits {
            live: window.room(ctx.now, live).min(SITTING),
            bulk: window.room(ctx.now, bulk).min(SITTING),
        };
        let (limit, least, granted) = match lane {
            Lane::Live => (live, 1, permits.live),
            Lane::Bulk => (bulk, WORTHWHILE.min(bulk), permits.bulk),
        };
        if granted < least {
            let when = window.when(ctx.now, limit, least);
            self.0.set(Some(window));
            return Ok(Grant::Wait(when));
        }
        let permits = Permits { live: granted, bulk: permits.bulk.min(granted) };
        window.add(ctx.now, granted);
        self.0.set(Some(window));
        Ok(Grant::Reserved(Reserved { permits, at: ctx.now }))
    }

    /// Counts the calls that were made, and gives the others back.
    pub(crate) fn settle<H: ObjectHost>(
        &self,
        ctx: &Context<'_, H>,
        reserved: Reserved,
        used: u32,
    ) -> Result<(), StoreError> {
        let mut window = self.take(ctx)?;
        window.give_back(reserved.at, reserved.permits.live);
        window.add(ctx.now, used);
        if used >= HANDFUL {
            keep(ctx, &window)?;
        }
        self.0.set(Some(window));
        Ok(())
    }

    /// When so much bulk work as is worthwhile fits again; `None` if it does now.
    pub(crate) fn bulk_after<H: ObjectHost>(
        &self,
        ctx: &Context<'_, H>,
        per_minute: u32,
    ) -> Result<Option<Timestamp>, StoreError> {
        let when = self.when(ctx, per_minute, WORTHWHILE)?;
        Ok((when > ctx.now).then_some(when))
    }

    /// When so many calls of bulk work fit.
    pub(crate) fn when<H: ObjectHost>(
        &self,
        ctx: &Context<'_, H>,
        per_minute: u32,
        calls: u32,
    ) -> Result<Timestamp, StoreError> {
        let window = self.take(ctx)?;
        let bulk = Share::Bulk.of(per_minute);
        let when = window.when(ctx.now, bulk, calls.min(bulk));
        self.0.set(Some(window));
        Ok(when)
    }

    fn take<H: ObjectHost>(&self, ctx: &Context<'_, H>) -> Result<Window, StoreError> {
        match self.0.take() {
            Some(window) => Ok(window),
            None => load(ctx),
        }
    }
}

fn load<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Window, StoreError> {
    let mut window = Window::default();
    let rows = ctx.query(
        "/* quota_window */ SELECT bucket, calls FROM quota_ledger WHERE bucket >= ?1 ORDER BY bucket",
        &[Window::oldest(ctx.now).into()],
    )?;
    for row in rows {
        window.add(Timestamp::from_millis(row.get(0)?), row.get(1)?);
    }
    Ok(window)
}

/// Keeps the present bucket, and drops those that no longer count.
fn keep<H: ObjectHost>(ctx: &Context<'_, H>, window: &Window) -> Result<(), StoreError> {
    ctx.run("/* old_quota */ DELETE FROM quota_ledger WHERE bucket < ?1", &[Window::oldest(ctx.now).into()])?;
    let bucket = Window::bucket(ctx.now);
    ctx.run(
        "/* keep_quota */ INSERT INTO quota_ledger (bucket, calls) VALUES (?1, ?2)
         ON CONFLICT (bucket) DO UPDATE SET calls = excluded.calls WHERE quota_ledger.calls <> excluded.calls",
        &[bucket.into(), window.calls(bucket).into()],
    )
}
