//! What every command leaves to be done outside.

use std::collections::BTreeMap;

use tminus_domain::dirty::Lane;
use tminus_domain::ids::AccountId;
pub(crate) use tminus_ports::core::Context;

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
