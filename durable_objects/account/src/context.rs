//! What every command works with.

use tminus_domain::dirty::Lane;
use tminus_domain::ids::{CalendarId, PrefixedId};
use tminus_domain::time::Timestamp;
use tminus_ports::{ObjectHost, fresh_id};
use tminus_store::{Row, StoreError, Value};

/// The object's world at one moment.
pub(crate) struct Context<'a, H> {
    pub(crate) host: &'a H,
    pub(crate) now: Timestamp,
    /// The trace id of the work at hand.
    pub(crate) trace: &'a str,
}

impl<H: ObjectHost> Context<'_, H> {
    /// Runs a statement and returns its rows.
    pub(crate) fn query(&self, statement: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        tminus_store::Sql::query(self.host.sql(), statement, params)
    }

    /// Runs a statement and returns its first row.
    pub(crate) fn first(&self, statement: &str, params: &[Value]) -> Result<Option<Row>, StoreError> {
        tminus_store::first(self.host.sql(), statement, params)
    }

    /// Runs a statement whose rows are of no interest.
    pub(crate) fn run(&self, statement: &str, params: &[Value]) -> Result<(), StoreError> {
        tminus_store::run(self.host.sql(), statement, params)
    }

    /// A fresh id.
    pub(crate) fn id<I: PrefixedId>(&self) -> I {
        fresh_id(self.host)
    }
}

/// A nudge to send once the transaction is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nudge {
    /// To the sync Worker: a calendar.
    Calendar(CalendarId, Lane),
    /// To the sync Worker: maintain the account.
    Maintain,
    /// To the mirror Worker: the account has mirrors to write.
    Write(Lane),
}

/// What is to be done outside once the transaction is committed.
pub(crate) type Effects = Vec<Nudge>;
