//! The append-only journal of settings: every change of the policy and of constraints, with the way back, in the
//! transaction of the change (ADR 0015).

use serde_json::Value as Json;
use tminus_domain::actor::Asker;
use tminus_domain::ids::{JournalId, TraceId};
use tminus_ports::ObjectHost;
use tminus_store::{Row, StoreError, Value};

use crate::columns::{id, read_id, read_id_opt, read_time};
use crate::context::Context;
use crate::error::GraphError;
use crate::journal;
use crate::own_contract::{ListSettingsJournal, SettingsChange, SettingsEntry, SettingsPage, Subject};

/// Most entries of a page.
const MAX_PAGE: u32 = 500;
const CORRUPT: StoreError = StoreError::Corrupt { what: "settings' journal" };

/// What is set before a change.
pub(crate) struct Before {
    subject: Subject,
    state: Option<Json>,
}

/// Remembers what is set, so that a change of it can be journalled.
pub(crate) fn before<H: ObjectHost>(ctx: &Context<'_, H>, subject: Subject) -> Result<Before, StoreError> {
    Ok(Before { subject, state: state(ctx, subject)? })
}

impl Before {
    /// Journals what was changed meanwhile; whether anything was.
    pub(crate) fn record<H: ObjectHost>(
        self,
        ctx: &Context<'_, H>,
        by: Asker,
        reason: &str,
    ) -> Result<bool, StoreError> {
        let after = state(ctx, self.subject)?;
        if after == self.state {
            return Ok(false);
        }
        let change = match (&self.state, &after) {
            (None, _) => SettingsChange::Created,
            (Some(_), Some(_)) => SettingsChange::Updated,
            (Some(_), None) => SettingsChange::Deleted,
        };
        let after = after.unwrap_or_default();
        let way_back = self.state.map(|before| serde_json::to_string(&json_patch::diff(&after, &before)));
        ctx.run(
            "/* append_settings_journal */ INSERT INTO settings_journal
               (subject, journal_id, ts, actor, change_type, patch_json, reason, trace_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            &[
                Value::text(self.subject),
                id(next_id(ctx, self.subject)?),
                ctx.now.millis().into(),
                by.as_str().into(),
                change.as_str().into(),
                way_back.transpose().map_err(|_| CORRUPT)?.into(),
                reason.into(),
                ctx.trace.parse::<TraceId>().map_or(Value::Null, id),
            ],
        )?;
        Ok(true)
    }
}

/// An id behind all others of the subject.
fn next_id<H: ObjectHost>(ctx: &Context<'_, H>, subject: Subject) -> Result<JournalId, StoreError> {
    let row = ctx.first(
        "/* last_settings_entry */ SELECT MAX(journal_id) FROM settings_journal WHERE subject = ?1",
        &[Value::text(subject)],
    )?;
    let last = row.map_or(Ok(None), |row| read_id_opt(&row, 0))?;
    journal::id_after(ctx, last)
}

/// What is set of a subject; `None`: nothing is. There is always a policy, if only that of someone who set nothing. The
/// engine makes the text: its JSON functions are SQLite's, as in `bulk.rs`.
fn state<H: ObjectHost>(ctx: &Context<'_, H>, subject: Subject) -> Result<Option<Json>, StoreError> {
    let row = match subject {
        Subject::Policy => ctx.first(
            "/* settings_of_policy */ SELECT json_object(
               'hand_deleted', COALESCE((SELECT hand_deleted FROM policies WHERE is_default = 1), 'restore'),
               'accounts', json((SELECT json_group_object(account_id, calendar_kind) FROM linked_accounts)),
               'edges', json((SELECT json_group_object(
                   e.from_account_id || CASE e.from_calendar_id WHEN '' THEN '' ELSE ':' || e.from_calendar_id END
                     || '>' || e.to_account_id,
                   json_object('detail', e.detail_level, 'kind', e.calendar_kind,
                     'switch', CASE e.is_on WHEN 0 THEN 'off' ELSE 'on' END, 'rules', json(e.rules_json)))
                 FROM policy_edges e JOIN policies p ON p.policy_id = e.policy_id AND p.is_default = 1)))",
            &[],
        )?,
        Subject::WorkingHours | Subject::Constraint(_) => ctx.first(
            "/* settings_of_constraint */ SELECT config_json FROM constraints WHERE constraint_id = ?1",
            &[Value::text(subject)],
        )?,
        Subject::Event(event) => ctx.first(
            "/* settings_of_event */ SELECT json_quote(hand_deleted) FROM event_settings
             WHERE canonical_event_id = ?1",
            &[id(event)],
        )?,
    };
    row.map(|row| serde_json::from_str(&row.get::<String>(0)?).map_err(|_| CORRUPT)).transpose()
}

/// Lists what was changed of a subject, the newest change first.
pub(crate) fn list<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ListSettingsJournal,
) -> Result<SettingsPage, GraphError> {
    let limit = command.limit.clamp(1, MAX_PAGE);
    let entries = ctx
        .query(
            "/* list_settings_journal */ SELECT journal_id, ts, actor, change_type, patch_json, reason, trace_id
             FROM settings_journal WHERE subject = ?1 AND (?2 IS NULL OR journal_id < ?2)
             ORDER BY journal_id DESC LIMIT ?3",
            &[Value::text(command.subject), command.before.map_or(Value::Null, id), limit.into()],
        )?
        .iter()
        .map(entry)
        .collect::<Result<Vec<_>, StoreError>>()?;
    let is_full = entries.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let next = entries.last().filter(|_| is_full).map(|entry| entry.id);
    Ok(SettingsPage { now: state(ctx, command.subject)?, entries, next })
}

fn entry(row: &Row) -> Result<SettingsEntry, StoreError> {
    let patch: Option<String> = row.get(4)?;
    Ok(SettingsEntry {
        id: read_id(row, 0)?,
        at: read_time(row, 1)?,
        by: row.parse(2, "who asked")?,
        change: row.parse(3, "what happened")?,
        way_back: patch.map(|patch| serde_json::from_str(&patch)).transpose().map_err(|_| CORRUPT)?,
        reason: row.get(5)?,
        trace: read_id_opt(row, 6)?,
    })
}
