//! What is asked of events beside when they take place: parts of a statement, with their parameters.

use tminus_domain::ids::AccountId;
use tminus_store::{StoreError, Value};

use crate::bulk;
use crate::columns::Hex;

/// Conditions on rows of `canonical_events`, all of which are to hold.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    fixed: Vec<&'static str>,
    bound: Vec<Condition>,
}

/// A condition with one parameter: what stands before it, its value, what stands behind it.
pub(crate) type Condition = (&'static str, Value, &'static str);

impl Conditions {
    /// Events of these accounts; of all if there is none.
    pub(crate) fn of_accounts(accounts: &[AccountId]) -> Result<Self, StoreError> {
        let mut conditions = Self::default();
        if !accounts.is_empty() {
            let accounts = bulk::list(accounts.iter().copied().map(Hex::of))?;
            conditions.push("origin_account_id IN (SELECT unhex(value) FROM json_each(", accounts, "))");
        }
        Ok(conditions)
    }

    /// One without a parameter.
    pub(crate) fn always(&mut self, condition: &'static str) {
        self.fixed.push(condition);
    }

    /// One with a parameter.
    pub(crate) fn push(&mut self, before: &'static str, value: Value, behind: &'static str) {
        self.bound.push((before, value, behind));
    }

    /// More of them.
    pub(crate) fn extend(&mut self, more: impl IntoIterator<Item = Condition>) {
        self.bound.extend(more);
    }

    /// Their part of a statement that has `taken` parameters of its own.
    pub(crate) fn sql(&self, taken: usize) -> String {
        let mut sql = String::new();
        for condition in &self.fixed {
            sql.push_str(" AND ");
            sql.push_str(condition);
        }
        for (at, (before, _, behind)) in self.bound.iter().enumerate() {
            let number = taken.saturating_add(at).saturating_add(1);
            sql.push_str(&format!(" AND {before}?{number}{behind}"));
        }
        sql
    }

    /// The statement's own parameters with theirs behind them.
    pub(crate) fn params(&self, mut own: Vec<Value>) -> Vec<Value> {
        own.extend(self.bound.iter().map(|(_, value, _)| value.clone()));
        own
    }
}
