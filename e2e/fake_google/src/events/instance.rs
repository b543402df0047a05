//! Instances of a series, made on the fly.

use chrono::TimeDelta;
use chrono_tz::Tz;

use crate::events::recur::{Occurrence, Series};
use crate::model::{Calendar, Object, Stored};
use crate::time::Moment;

/// An event by id: stored, or an instance which nobody has touched yet.
#[must_use]
pub fn find(calendar: &Calendar, id: &str) -> Option<Stored> {
    if let Some(stored) = calendar.events.get(id) {
        return Some(stored.clone());
    }
    let (master_id, stamp) = id.rsplit_once('_')?;
    let master = calendar.events.get(master_id).filter(|m| m.recurring())?;
    let occurrence = Series::of(&master.body, calendar.zone).ok()?.find(stamp)?;
    Some(make(master, &occurrence, calendar.zone))
}

/// The untouched instance of an occurrence. It has its master's etag.
#[must_use]
pub fn make(master: &Stored, occurrence: &Occurrence, calendar_zone: Tz) -> Stored {
    let mut body = master.body.clone();
    body.remove("recurrence");
    let master_id = master.text("id").unwrap_or_default().to_owned();
    body.insert("id".to_owned(), format!("{master_id}_{}", occurrence.stamp()).into());
    body.insert("recurringEventId".to_owned(), master_id.into());
    place(&mut body, occurrence, calendar_zone);
    Stored { body, ..master.clone() }
}

/// Moves start and end to the occurrence and notes the original start.
fn place(body: &mut Object, occurrence: &Occurrence, calendar_zone: Tz) {
    let start = Moment::parse(body.get("start"), "start");
    let end = Moment::parse(body.get("end"), "end");
    let (start, end) = match (start, end, occurrence.date) {
        (Ok(Moment::Date(a)), Ok(Moment::Date(b)), Some(date)) => {
            (Moment::Date(date), Moment::Date(date + TimeDelta::days((b - a).num_days())))
        }
        (Ok(Moment::Instant { ms: a, zone }), Ok(Moment::Instant { ms: b, zone: end_zone }), None) => (
            Moment::Instant { ms: occurrence.start_ms, zone },
            Moment::Instant { ms: occurrence.start_ms + (b - a), zone: end_zone },
        ),
        _ => return,
    };
    body.insert("originalStartTime".to_owned(), start.render(calendar_zone));
    body.insert("start".to_owned(), start.render(calendar_zone));
    body.insert("end".to_owned(), end.render(calendar_zone));
}
