//! What only Google itself can do to a calendar: events past every check, and "this and following".

use serde_json::Value;

use crate::error::{ApiError, ApiResult};
use crate::events::body::merge;
use crate::events::commit::cancel;
use crate::events::instance;
use crate::events::recur::{Occurrence, Series};
use crate::events::write::{Actor, Change, Options, Written};
use crate::model::{Object, Stored};
use crate::state::Google;
use crate::time::utc;

impl Google {
    /// Stores an event as it is: odd rules, unknown enum values, missing times, foreign organizers.
    /// Only an id is needed.
    pub fn plant_event(&mut self, calendar_id: &str, event: &Object) -> ApiResult<Written> {
        let now_ms = self.now_ms;
        let calendar = self.calendars.get_mut(calendar_id).ok_or_else(ApiError::not_found)?;
        let id = event.get("id").and_then(Value::as_str).ok_or_else(|| ApiError::required("Missing id"))?;
        let mut body = event.clone();
        body.entry("status").or_insert_with(|| "confirmed".into());
        body.entry("iCalUID").or_insert_with(|| format!("{id}@google.com").into());
        let stored = Stored::successor(body, calendar.events.get(id), now_ms, true);
        calendar.put(id, stored.clone(), now_ms);
        let seq = self.record("change", calendar_id, |e| {
            e.event_id = Some(id.to_owned());
            e.what = Some("plant".to_owned());
        });
        self.notify_change(calendar_id, false);
        Ok(Written { stored, seq })
    }

    /// "This and following" in Google's own pages: the series ends before the instance, a new one with
    /// an id of the form `<base>_R<stamp>` begins there with `changes`. Exceptions from there on are
    /// reset, so the ids of all later instances change.
    pub fn split_series(
        &mut self,
        actor: &Actor,
        calendar_id: &str,
        instance_id: &str,
        changes: &Object,
    ) -> ApiResult<Written> {
        let calendar = self.calendars.get(calendar_id).ok_or_else(ApiError::not_found)?;
        let (master_id, stamp) = instance_id.rsplit_once('_').ok_or_else(ApiError::not_found)?;
        let master = calendar.events.get(master_id).filter(|m| m.recurring() && !m.cancelled());
        let master = master.ok_or_else(ApiError::not_found)?.clone();
        let series = Series::of(&master.body, calendar.zone)?;
        let cut = series.find(stamp).ok_or_else(ApiError::not_found)?;
        let first = instance::make(&master, &cut, calendar.zone);
        let before = counted_before(&master, calendar.zone, &cut)?;
        let (head, tail) = halves(&master, &cut, before);
        let later: Vec<String> = calendar
            .exceptions_of(master_id)
            .filter(|id| id.rsplit_once('_').is_some_and(|(_, s)| s >= stamp))
            .cloned()
            .collect();

        let now_ms = self.now_ms;
        if let Some(calendar) = self.calendars.get_mut(calendar_id) {
            for id in later {
                cancel(calendar, &id, now_ms);
            }
        }
        let mut shortened = Object::new();
        shortened.insert("recurrence".to_owned(), head);
        let options = Options::default();
        self.change_event(actor, calendar_id, master_id, Change::Patch(&shortened), &options)?;

        let base = master_id.rsplit_once("_R").map_or(master_id, |(base, _)| base);
        let mut body = master.body.clone();
        for key in ["start", "end"] {
            body.insert(key.to_owned(), first.body.get(key).cloned().unwrap_or_default());
        }
        body.insert("recurrence".to_owned(), tail);
        merge(&mut body, changes);
        body.insert("id".to_owned(), format!("{base}_R{}", stamp.trim_end_matches('Z')).into());
        for key in ["iCalUID", "sequence"] {
            body.remove(key);
        }
        self.insert_event(actor, calendar_id, &body, &options)
    }
}

/// How many occurrences of its rules a series has before the cut; `COUNT` counts excluded ones too.
fn counted_before(master: &Stored, zone: chrono_tz::Tz, cut: &Occurrence) -> ApiResult<usize> {
    let mut rules_only = master.body.clone();
    if let Some(lines) = rules_only.get_mut("recurrence").and_then(Value::as_array_mut) {
        lines.retain(|line| line.as_str().is_some_and(|l| l.starts_with("RRULE")));
    }
    Ok(Series::of(&rules_only, zone)?.between(None, cut.start_ms - 1, usize::from(u16::MAX)).len())
}

/// The recurrence of a series up to the cut, and from it on.
fn halves(master: &Stored, cut: &Occurrence, before: usize) -> (Value, Value) {
    let until = match cut.date {
        Some(date) => date.pred_opt().unwrap_or(date).format("%Y%m%d").to_string(),
        None => utc(cut.start_ms - 1000).format("%Y%m%dT%H%M%SZ").to_string(),
    };
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    let lines = master.body.get("recurrence").and_then(Value::as_array);
    for line in lines.into_iter().flatten().filter_map(Value::as_str) {
        let Some(rule) = line.strip_prefix("RRULE:") else {
            head.push(line.to_owned());
            tail.push(line.to_owned());
            continue;
        };
        let parts = || rule.split(';').filter(|p| !p.is_empty());
        let unbounded = parts().filter(|p| !p.starts_with("COUNT=") && !p.starts_with("UNTIL="));
        head.push(format!("RRULE:{};UNTIL={until}", unbounded.collect::<Vec<_>>().join(";")));
        let rest = parts().map(|p| match p.strip_prefix("COUNT=").and_then(|n| n.parse::<usize>().ok()) {
            Some(count) => format!("COUNT={}", count.saturating_sub(before)),
            None => p.to_owned(),
        });
        tail.push(format!("RRULE:{}", rest.collect::<Vec<_>>().join(";")));
    }
    (head.into(), tail.into())
}
