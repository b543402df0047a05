//! The visibility of an instance: a stricter one hides the whole series, a looser one is ignored (Calendar API, events
//! resource, `visibility`).

use serde_json::Value;

use crate::model::{Object, Stored};
use crate::state::Google;

fn strictness(event: &Object) -> u8 {
    match event.get("visibility").and_then(Value::as_str) {
        Some("public") => 0,
        Some("private" | "confidential") => 2,
        _ => 1,
    }
}

/// Undoes a looser visibility; answers whether it became stricter.
pub(crate) fn of_instance(old: &Object, new: &mut Object) -> bool {
    let (before, after) = (strictness(old), strictness(new));
    if after < before {
        copy(old, new);
    }
    after > before
}

fn copy(from: &Object, to: &mut Object) {
    match from.get("visibility") {
        Some(value) => to.insert("visibility".to_owned(), value.clone()),
        None => to.remove("visibility"),
    };
}

impl Google {
    /// Makes the series of an instance, and its other exceptions, as strict as the instance.
    pub(crate) fn hide_series(&mut self, calendar_id: &str, instance: &Stored) {
        let now_ms = self.now_ms;
        let Some(calendar) = self.calendars.get_mut(calendar_id) else { return };
        let Some(master) = instance.master() else { return };
        let mut ids: Vec<String> = calendar.exceptions_of(master).cloned().collect();
        ids.push(master.to_owned());
        for id in ids {
            let looser =
                |old: &&Stored| !old.cancelled() && strictness(&old.body) < strictness(&instance.body);
            let Some(old) = calendar.events.get(&id).filter(looser) else { continue };
            let mut body = old.body.clone();
            copy(&instance.body, &mut body);
            let stored = Stored::successor(body, Some(old), now_ms, true);
            calendar.put(&id, stored, now_ms);
        }
        self.notify_change(calendar_id, false);
    }
}
