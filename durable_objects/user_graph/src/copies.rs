//! Copies of the same meeting in several accounts, found by their UID.

use std::collections::{BTreeMap, BTreeSet};

use tminus_domain::event::{Extent, OwnResponse, Status, When};
use tminus_domain::ids::{AccountId, EventId};
use tminus_domain::meeting::{Copy, Scope, holding, own_id, usual_uid};
use tminus_domain::occurrence::Occurrence;
use tminus_domain::recurrence::Series;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{Row, StoreError};

use crate::bulk;
use crate::columns::{Hex, read_id};
use crate::context::Context;
use crate::events::StoredEvent;
use crate::keys;
use crate::lenses::Lenses;

/// What the accounts hold of some meetings.
#[derive(Debug, Default)]
pub(crate) struct Copies(BTreeMap<String, Vec<Copy>>);

/// Of each UID the occurrences that are asked for: whether the series of other accounts have them.
type Asked = BTreeMap<String, BTreeSet<Occurrence>>;

/// The last is what tells the occurrences of a series, if it is one.
const COLUMNS: &str = "e.origin_account_id, e.canonical_event_id, e.original_start, e.status, e.own_response, \
    CASE WHEN e.recurrence_rule IS NULL THEN NULL \
    ELSE json_array(e.start_ts, e.end_ts, e.timezone, e.all_day, e.recurrence_rule) END";
/// A cancelled occurrence counts: its series may hold the meeting but for that.
const COUNTS: &str = "(e.deleted = 0 OR e.original_start IS NOT NULL)";

impl Copies {
    /// Finds the copies of these events' meetings in all accounts but their own.
    pub(crate) fn find<H: ObjectHost>(
        ctx: &Context<'_, H>,
        lenses: &Lenses,
        events: &[&StoredEvent],
    ) -> Result<Self, StoreError> {
        let mut copies = Self::default();
        let asked = asked(events);
        let accounts: BTreeSet<AccountId> = events.iter().map(|event| event.account).collect();
        for account in accounts {
            let sources: Vec<Hex> = lenses.other_sources(account).map(Hex::of).collect();
            if sources.is_empty() {
                continue;
            }
            let of_account = || events.iter().filter(move |event| event.account == account);
            let uids: BTreeSet<String> = of_account().map(|event| event.uid()).collect();
            copies.with_stored_uid(ctx, account, &uids, &asked)?;
            let is_series = |event: &&&StoredEvent| event.exception().is_some() || event.lines().is_some();
            let series: BTreeSet<String> = of_account().filter(is_series).map(|event| event.uid()).collect();
            copies.with_usual_uid(ctx, account, &uids, &asked)?;
            copies.with_usual_uid_of_series(ctx, &sources, &series, &asked)?;
        }
        Ok(copies)
    }

    fn with_stored_uid<H: ObjectHost>(
        &mut self,
        ctx: &Context<'_, H>,
        account: AccountId,
        uids: &BTreeSet<String>,
        asked: &Asked,
    ) -> Result<(), StoreError> {
        let rows = ctx.query(
            &format!(
                "/* copies_by_uid */ SELECT e.ical_uid, {COLUMNS} FROM json_each(?1) AS j
                 CROSS JOIN canonical_events AS e ON e.uid_key = j.value
                 WHERE e.origin_account_id <> ?2 AND {COUNTS}"
            ),
            &[keys::list(uids.iter().map(String::as_str))?, crate::columns::id(account)],
        )?;
        for row in &rows {
            let uid: String = row.get(0)?;
            if uids.contains(&uid) {
                self.add(uid, row, asked)?;
            }
        }
        Ok(())
    }

    /// Meetings with the usual UID are stored without it: they are found by the id that it is made of.
    fn with_usual_uid<H: ObjectHost>(
        &mut self,
        ctx: &Context<'_, H>,
        account: AccountId,
        uids: &BTreeSet<String>,
        asked: &Asked,
    ) -> Result<(), StoreError> {
        let ids: BTreeSet<&str> = uids.iter().filter_map(|uid| own_id(uid)).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let rows = ctx.query(
            &format!(
                "/* copies_by_id */ SELECT e.origin_event_id, {COLUMNS} FROM json_each(?1) AS j
                 CROSS JOIN canonical_events AS e ON e.origin_key = j.value
                 WHERE e.origin_account_id <> ?2 AND e.ical_uid IS NULL AND {COUNTS}"
            ),
            &[keys::list(ids.iter().copied())?, crate::columns::id(account)],
        )?;
        for row in &rows {
            let origin: String = row.get(0)?;
            if ids.contains(origin.as_str()) {
                self.add(usual_uid(&origin), row, asked)?;
            }
        }
        Ok(())
    }

    /// The exceptions of a series with the usual UID: they are found by their series.
    fn with_usual_uid_of_series<H: ObjectHost>(
        &mut self,
        ctx: &Context<'_, H>,
        sources: &[Hex],
        uids: &BTreeSet<String>,
        asked: &Asked,
    ) -> Result<(), StoreError> {
        let ids: Vec<&str> = uids.iter().filter_map(|uid| own_id(uid)).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let rows = ctx.query(
            &format!(
                "/* copies_by_series */ SELECT j.value, {COLUMNS} FROM json_each(?1) AS c
                 CROSS JOIN json_each(?2) AS j
                 CROSS JOIN canonical_events AS e
                   ON e.origin_calendar_id = unhex(c.value) AND e.recurring_event_id = j.value
                 WHERE e.ical_uid IS NULL AND {COUNTS}"
            ),
            &[bulk::list(sources)?, bulk::list(ids)?],
        )?;
        rows.iter().try_for_each(|row| self.add(usual_uid(&row.get::<String>(0)?), row, asked))
    }

    fn add(&mut self, uid: String, row: &Row, asked: &Asked) -> Result<(), StoreError> {
        let event = read_id(row, 2)?;
        if self.0.get(&uid).is_some_and(|known| known.iter().any(|copy| copy.event == event)) {
            return Ok(());
        }
        let occurrence = row
            .get::<Option<String>>(3)?
            .map(|stamp| Occurrence::from_stamp(&stamp))
            .transpose()
            .map_err(|_| StoreError::Corrupt { what: "original start" })?;
        let status: Status = row.parse(4, "status")?;
        let response: OwnResponse = row.parse(5, "own response")?;
        let stands = status != Status::Cancelled && response != OwnResponse::Declined;
        let scope = match (occurrence, asked.get(&uid)) {
            (Some(occurrence), _) => Scope::One(occurrence),
            (None, Some(asked)) if stands => Scope::Whole { has: having(row.get(6)?, asked)? },
            (None, _) => Scope::Whole { has: BTreeSet::new() },
        };
        self.0.entry(uid).or_default().push(Copy { account: read_id(row, 1)?, event, scope, stands });
        Ok(())
    }

    fn of(&self, event: &StoredEvent) -> &[Copy] {
        if self.0.is_empty() { &[] } else { self.0.get(&event.uid()).map_or(&[], Vec::as_slice) }
    }

    /// Whether the account holds the event's meeting itself.
    pub(crate) fn holds(&self, account: AccountId, event: &StoredEvent) -> bool {
        self.held_by(account, event).next().is_some()
    }

    /// As which events the account holds the event's meeting.
    pub(crate) fn held_by(
        &self,
        account: AccountId,
        event: &StoredEvent,
    ) -> impl Iterator<Item = EventId> + '_ {
        let occurrence = event.exception().map(|(_, occurrence)| occurrence);
        holding(self.of(event), account, occurrence).map(|copy| copy.event)
    }

    /// The occurrences of a series that the account holds by themselves.
    pub(crate) fn held_occurrences(
        &self,
        account: AccountId,
        series: &StoredEvent,
    ) -> impl Iterator<Item = Occurrence> + '_ {
        self.of(series)
            .iter()
            .filter(move |copy| copy.account == account && copy.stands)
            .filter_map(Copy::occurrence)
    }

    /// The occurrences of a series that the account has and does not attend.
    pub(crate) fn declined_occurrences(&self, account: AccountId, series: &StoredEvent) -> Vec<Occurrence> {
        self.of(series)
            .iter()
            .filter(|copy| copy.account == account && !copy.stands)
            .filter_map(Copy::occurrence)
            .collect()
    }

    /// The occurrences of a series that any account has by themselves.
    pub(crate) fn occurrences(&self, series: &StoredEvent) -> impl Iterator<Item = Occurrence> + '_ {
        self.of(series).iter().filter_map(Copy::occurrence)
    }

    /// The events of other accounts that are copies of this one's meeting.
    pub(crate) fn siblings(&self, event: &StoredEvent) -> impl Iterator<Item = EventId> + '_ {
        self.of(event).iter().map(|copy| copy.event)
    }
}

/// The occurrences that are asked for: those of exceptions.
fn asked(events: &[&StoredEvent]) -> Asked {
    let mut asked = Asked::new();
    for event in events {
        if let Some((_, occurrence)) = event.exception() {
            asked.entry(event.uid()).or_default().insert(occurrence);
        }
    }
    asked
}

/// Those of the occurrences that a series has. One that is no series, or cannot be followed, has none.
fn having(rules: Option<String>, asked: &BTreeSet<Occurrence>) -> Result<BTreeSet<Occurrence>, StoreError> {
    let Some(rules) = rules else { return Ok(BTreeSet::new()) };
    let corrupt = StoreError::Corrupt { what: "series" };
    let read: Result<(Timestamp, Timestamp, Option<String>, u8, String), _> = serde_json::from_str(&rules);
    let Ok((start, end, zone, all_day, lines)) = read else { return Err(corrupt) };
    let extent = if all_day == 0 { Extent::Timed } else { Extent::WholeDays };
    let when = When::from_keys(start, end, zone, extent).ok_or(corrupt)?;
    let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
    Ok(Series::parse(&when, &lines).map_or_else(|_| BTreeSet::new(), |series| series.having(asked)))
}
