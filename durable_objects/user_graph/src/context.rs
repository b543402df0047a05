//! What every command works with.

use std::collections::BTreeMap;

use tminus_domain::dirty::Lane;
use tminus_domain::ids::{AccountId, PrefixedId};
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

/// What is to be done outside once the transaction is committed.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// Target accounts with mirrors to write, and the most urgent lane of each.
    pub(crate) nudges: BTreeMap<AccountId, Lane>,
}

impl Effects {
    /// Adds the effects of one more step.
    pub(crate) fn merge(&mut self, more: Self) {
        more.nudges.into_iter().for_each(|(account, lane)| self.nudge(account, lane));
    }

    /// Nudges the writer of a target account.
    pub(crate) fn nudge(&mut self, account: AccountId, lane: Lane) {
        let known = self.nudges.entry(account).or_insert(lane);
        if lane == Lane::Live {
            *known = Lane::Live;
        }
    }
}
