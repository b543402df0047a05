//! Search by text.
//!
//! All that is SQLite's own of it, FTS5, is here: another engine brings an index of texts of another make, and everything
//! else asks for one condition on events. Who never searches pays for none of it: the index is made at the first
//! search, in bounded steps, and from then on an event's texts are indexed as they change.

use tminus_domain::ids::{EventId, PrefixedId as _, Ulid};
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value, transaction};

use crate::bulk;
use crate::change::Changed;
use crate::columns::{Hex, id, read_id};
use crate::conditions::Condition;
use crate::context::Context;
use crate::error::GraphError;
use crate::events::StoredEvent;
use crate::reading_contract::{Indexing, MAX_TEXT};
use crate::timers::{self, Kind};

/// How many events one step goes through.
const STEP: u32 = 1_000;
/// The one index of the graph.
const SUBJECT: &str = "all";
/// Most words of a search: each is looked up by itself.
const MAX_WORDS: usize = 16;

/// What is searched for, as FTS5 reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expression(String);

impl Expression {
    /// Reads what a user typed: words, and phrases within quotation marks. All of it goes within quotation marks of
    /// FTS5's own, so that nothing is an operator.
    pub(crate) fn read(text: &str) -> Result<Self, GraphError> {
        if text.chars().count() > MAX_TEXT {
            return Err(GraphError::unfit(format!("a text to search for has at most {MAX_TEXT} characters")));
        }
        let mut terms: Vec<String> = Vec::new();
        // Every second part is within quotation marks; the last may lack its end.
        for (at, part) in text.split('"').enumerate() {
            if at % 2 == 1 {
                terms.extend(term(part));
            } else {
                terms.extend(part.split_whitespace().filter_map(term));
            }
        }
        if terms.len() > MAX_WORDS {
            return Err(GraphError::unfit(format!("a text to search for has at most {MAX_WORDS} words")));
        }
        let is_phrase = text.trim_end().ends_with('"');
        let mut expression = terms.join(" AND ");
        if expression.is_empty() {
            return Err(GraphError::unfit("a text to search for has a letter or a digit at least"));
        }
        if !is_phrase {
            expression.push_str(" *");
        }
        Ok(Self(expression))
    }

    /// That an event has it.
    pub(crate) fn into_condition(self) -> Condition {
        (
            "canonical_event_id IN (SELECT s.canonical_event_id FROM event_texts
               JOIN searched_events AS s ON s.place = event_texts.rowid WHERE event_texts MATCH ",
            Value::Text(self.0),
            ")",
        )
    }
}

/// A word or phrase that is looked up, if there is anything in it that is.
fn term(text: &str) -> Option<String> {
    text.contains(char::is_alphanumeric).then(|| format!("\"{}\"", text.replace('\0', " ")))
}

/// How far the index is; `None` if it is whole. The first time it is begun.
pub(crate) fn progress<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Option<Indexing>, StoreError> {
    if state(ctx)?.is_none() {
        transaction(ctx.host.sql(), || {
            ctx.run(
                "/* begin_search */ INSERT INTO search_progress (one, after_event, passed, total, whole)
                 SELECT 1, ?1, 0, COUNT(*), 0 FROM canonical_events",
                &[id(EventId::from_ulid(Ulid::nil()))],
            )?;
            // Most people's events are all in the first.
            step(ctx)
        })?;
    }
    Ok(state(ctx)?
        .filter(|state| !state.is_whole)
        .map(|state| Indexing { indexed: state.passed.min(state.total), of: state.total }))
}

struct State {
    after: EventId,
    passed: u32,
    total: u32,
    is_whole: bool,
}

fn state<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Option<State>, StoreError> {
    ctx.first("/* search_progress */ SELECT after_event, passed, total, whole FROM search_progress", &[])?
        .map(|row| {
            Ok(State {
                after: read_id(&row, 0)?,
                passed: row.get(1)?,
                total: row.get(2)?,
                is_whole: row.get(3)?,
            })
        })
        .transpose()
}

/// Indexes the next events.
pub(crate) fn step<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<(), StoreError> {
    let Some(State { after, passed, .. }) = state(ctx)? else {
        return timers::clear(ctx, Kind::Index, SUBJECT);
    };
    transaction(ctx.host.sql(), || {
        let reach = ctx.first(
            "/* search_step */ SELECT COUNT(*), MAX(canonical_event_id) FROM (
               SELECT canonical_event_id FROM canonical_events WHERE canonical_event_id > ?1
               ORDER BY canonical_event_id LIMIT ?2)",
            &[id(after), STEP.into()],
        )?;
        let Some(reach) = reach.filter(|row| row.get(0) != Ok(0_u32)) else {
            ctx.run("/* search_is_whole */ UPDATE search_progress SET whole = 1", &[])?;
            return timers::clear(ctx, Kind::Index, SUBJECT);
        };
        let (count, last): (u32, EventId) = (reach.get(0)?, read_id(&reach, 1)?);
        index(
            ctx,
            // What has changed since the index was begun is in it.
            "SELECT canonical_event_id FROM canonical_events AS e
             WHERE canonical_event_id > ?1 AND canonical_event_id <= ?2 AND deleted = 0
               AND NOT EXISTS (SELECT 1 FROM searched_events AS s WHERE s.canonical_event_id = e.canonical_event_id)",
            &[id(after), id(last)],
        )?;
        ctx.run(
            "/* search_passed */ UPDATE search_progress SET after_event = ?1, passed = ?2, whole = ?3",
            &[id(last), passed.saturating_add(count).into(), (count < STEP).into()],
        )?;
        if count < STEP {
            timers::clear(ctx, Kind::Index, SUBJECT)
        } else {
            timers::set(ctx, Kind::Index, SUBJECT, ctx.now, 0, None)
        }
    })
}

/// Indexes the texts of events that changed, in the transaction of the change, if anyone searches.
pub(crate) fn note<H: ObjectHost>(ctx: &Context<'_, H>, changes: &[Changed]) -> Result<(), StoreError> {
    let texts = |event: &StoredEvent| {
        let content = &event.content;
        (event.deleted, content.title.clone(), content.description.clone(), content.location.clone())
    };
    let is_other = |changed: &&Changed| {
        changed.before.as_ref().is_none_or(|before| texts(before) != texts(&changed.after))
    };
    let changed: Vec<Hex> =
        changes.iter().filter(is_other).map(|changed| Hex::of(changed.after.event)).collect();
    if changed.is_empty() || state(ctx)?.is_none() {
        return Ok(());
    }
    let changed = [bulk::list(changed)?];
    ctx.run(
        "/* forget_texts */ DELETE FROM event_texts WHERE rowid IN (SELECT place FROM searched_events
           WHERE canonical_event_id IN (SELECT unhex(value) FROM json_each(?1)))",
        &changed,
    )?;
    ctx.run(
        "/* forget_searched */ DELETE FROM searched_events
         WHERE canonical_event_id IN (SELECT unhex(value) FROM json_each(?1))",
        &changed,
    )?;
    index(
        ctx,
        "SELECT canonical_event_id FROM canonical_events
         WHERE canonical_event_id IN (SELECT unhex(value) FROM json_each(?1)) AND deleted = 0",
        &changed,
    )
}

/// Indexes the events that `which` selects; none of them is in the index.
fn index<H: ObjectHost>(ctx: &Context<'_, H>, which: &str, params: &[Value]) -> Result<(), StoreError> {
    let row = ctx.first("/* last_place */ SELECT COALESCE(MAX(place), 0) FROM searched_events", &[])?;
    let last: i64 = row.map_or(Ok(0), |row| row.get(0))?;
    ctx.run(&format!("/* index_events */ INSERT INTO searched_events (canonical_event_id) {which}"), params)?;
    ctx.run(
        "/* index_texts */ INSERT INTO event_texts (rowid, title, description, location)
         SELECT s.place, e.title, e.description, e.location FROM searched_events AS s
         JOIN canonical_events AS e ON e.canonical_event_id = s.canonical_event_id
         WHERE s.place > ?1 ORDER BY s.place",
        &[last.into()],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        Expression::read(text).ok().map(|expression| expression.0)
    }

    #[test]
    fn words_are_all_wanted_and_the_last_may_be_begun_only() {
        assert_eq!(read("sales plan").unwrap(), r#""sales" AND "plan" *"#);
        assert_eq!(read(r#"sales "quarterly plan""#).unwrap(), r#""sales" AND "quarterly plan""#);
        assert_eq!(read(r#""quarterly plan" sal"#).unwrap(), r#""quarterly plan" AND "sal" *"#);
        assert_eq!(read(r#""quarterly pl"#).unwrap(), r#""quarterly pl" *"#);
    }

    #[test]
    fn what_is_syntax_to_the_engine_is_a_word() {
        assert_eq!(read("a OR b").unwrap(), r#""a" AND "OR" AND "b" *"#);
        assert_eq!(read("title:x* -y (z) ^q").unwrap(), r#""title:x*" AND "-y" AND "(z)" AND "^q" *"#);
        assert_eq!(read("a\0b").unwrap(), "\"a b\" *");
    }

    #[test]
    fn what_holds_no_word_or_too_many_is_refused() {
        for bad in ["", "  ", "!!! *", "\"\"", &"x".repeat(201), &"x ".repeat(17)] {
            assert!(matches!(Expression::read(bad), Err(GraphError::Unfit { .. })), "{bad}");
        }
        assert!(read(&"x ".repeat(16)).is_some());
    }
}
