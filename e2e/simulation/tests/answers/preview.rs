//! What a change of the policy would do: told without doing it, and done exactly so.

use std::collections::BTreeMap;

use serde_json::json;
use tminus_domain::policy::DetailLevel;
use tminus_ports::ObjectError;
use tminus_simulation::Stage;
use tminus_simulation::stage::{all_day, timed};
use tminus_user_graph::explaining_contract::{PolicyChange, Preview, PreviewPolicy, PreviewedChange};
use tminus_user_graph::policy_contract::{EdgeKey, RemoveEdge, SetWorkingHours};

use crate::support::{ask, edge, insert, made, monday, mornings, rows, switched_off, weekly};

/// Everything that the user's graph keeps, timers included.
fn dump(stage: &Stage) -> (Vec<String>, Vec<String>) {
    (stage.world.state(), stage.graph("/* timers */ SELECT * FROM timers"))
}

/// Asks until all is worked out; answers how many steps it took, too.
fn previewed(stage: &Stage, change: &PolicyChange) -> (Preview, u32) {
    let (mut so_far, mut steps) = (None, 0);
    loop {
        let before = dump(stage);
        let preview = ask(stage, &PreviewPolicy { change: change.clone(), so_far }).unwrap();
        assert!(dump(stage) == before, "a preview changes something");
        steps += 1;
        if preview.next.is_none() {
            return (preview, steps);
        }
        so_far = Some(preview);
    }
}

fn apply(stage: &Stage, change: &PolicyChange) {
    match change {
        PolicyChange::PutEdge(change) => ask(stage, change).map(drop),
        PolicyChange::RemoveEdge(change) => ask(stage, change).map(drop),
        PolicyChange::SetWorkingHours(change) => ask(stage, change).map(drop),
    }
    .unwrap();
}

/// What was written at the provider: made, changed, deleted.
fn written(stage: &Stage) -> [u64; 3] {
    ["events.insert", "events.update", "events.delete"].map(|name| stage.world.calls(name))
}

/// Previews a change, makes it, and holds one against the other; answers the preview.
fn done_exactly(stage: &mut Stage, change: &PolicyChange) -> Preview {
    let (preview, _) = previewed(stage, change);
    let before = written(stage);
    apply(stage, change);
    stage.settle();
    let after = written(stage);
    let told = [preview.created, preview.changed, preview.deleted].map(u64::from);
    let done: Vec<u64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
    assert_eq!(done, told, "{change:?}: {preview:?}");
    let writes: u32 = preview.writes.values().sum();
    assert_eq!(u64::from(writes), done.iter().sum::<u64>());
    assert_eq!(u64::from(preview.examples.len() as u32), done.iter().sum::<u64>().min(10));
    // Made already, there is nothing left to do.
    assert_eq!(previewed(stage, change).0.writes, BTreeMap::new());
    preview
}

/// Three accounts; in the first one some of everything.
fn furnished() -> Stage {
    let mut stage = Stage::settled(4, 3);
    for event in [
        monday("lunch", json!({})),
        monday("free", json!({"transparency": "transparent"})),
        all_day("day", "2026-02-03", "2026-02-05"),
        timed("night", "2026-02-02T22:00:00Z", "2026-02-02T23:00:00Z"),
        timed("far", "2026-09-07T09:00:00Z", "2026-09-07T10:00:00Z"),
        monday("private", json!({"visibility": "private"})),
    ] {
        insert(&stage, &event);
    }
    let id = insert(&stage, &weekly("series", 4));
    let (email, instance) = (stage.emails[0].clone(), format!("{id}_20260209T090000Z"));
    let late =
        json!({"start": {"dateTime": "2026-02-09T11:00:00Z"}, "end": {"dateTime": "2026-02-09T12:00:00Z"}});
    stage.world.patch(&email, &email, &instance, &late).unwrap();
    let cancelled = format!("{id}_20260216T090000Z");
    assert!(stage.world.delete(&email, &email, &cancelled));
    let meeting = monday("meeting", json!({}));
    let guests = [stage.emails[1].clone()];
    let guests: Vec<&str> = guests.iter().map(String::as_str).collect();
    stage.world.google(|google| google.invite(&email, &guests, meeting.as_object().unwrap())).unwrap();
    stage.settle();
    stage
}

#[test]
fn what_is_previewed_is_what_is_done() {
    let mut stage = furnished();
    let put = |stage: &Stage, detail, rules| PolicyChange::PutEdge(edge(stage, 1, detail, rules));
    let titles = put(&stage, DetailLevel::Title, json!({}));
    let preview = done_exactly(&mut stage, &titles);
    assert!(preview.changed > 0 && preview.created == 0 && preview.deleted == 0, "{preview:?}");
    let rules =
        json!({"filters": {"skip_titles": ["lunch"], "free_events": "copy", "working_hours": "inside"}});
    let ruled = put(&stage, DetailLevel::Busy, rules);
    let preview = done_exactly(&mut stage, &ruled);
    assert!(preview.changed > 0 && preview.created == 1 && preview.deleted == 1, "{preview:?}");
    let preview = done_exactly(&mut stage, &PolicyChange::SetWorkingHours(mornings()));
    assert!(preview.deleted > 0, "{preview:?}");
    let preview = done_exactly(&mut stage, &PolicyChange::SetWorkingHours(SetWorkingHours { hours: None }));
    assert!(preview.created > 0, "{preview:?}");
    let mut own = edge(&stage, 1, DetailLevel::Full, json!({}));
    own.edge.key.from_calendar = Some(stage.primary(0));
    let key: EdgeKey = own.edge.key;
    done_exactly(&mut stage, &PolicyChange::PutEdge(own));
    done_exactly(&mut stage, &PolicyChange::RemoveEdge(RemoveEdge { key }));
    let off = PolicyChange::PutEdge(switched_off(&stage, 1));
    let preview = done_exactly(&mut stage, &off);
    assert!(preview.deleted > 3 && preview.created == 0, "{preview:?}");
    assert_eq!(stage.shown(1), []);
    let preview = done_exactly(&mut stage, &titles);
    // The series, with an occurrence that is moved and one that is cancelled; and all the others.
    assert_eq!((preview.created, preview.changed, preview.deleted), (6, 1, 1));
}

/// A series that comes back comes without what was dismissed of it: that is a write too.
#[test]
fn what_was_dismissed_of_a_series_is_counted_when_it_comes_back() {
    use tminus_user_graph::policy_contract::{HandDeleted, SetHandDeleted};
    let mut stage = furnished();
    ask(&stage, &SetHandDeleted { event: None, becomes: Some(HandDeleted::Dismiss) }).unwrap();
    let (email, overlay) = (stage.emails[1].clone(), stage.overlay(1));
    let events = stage.world.events(&overlay);
    let moved = events.iter().find(|event| event.contains_key("recurringEventId")).unwrap();
    assert!(stage.world.delete(&email, &overlay, moved["id"].as_str().unwrap()));
    stage.settle();
    let off = PolicyChange::PutEdge(switched_off(&stage, 1));
    done_exactly(&mut stage, &off);
    let on = PolicyChange::PutEdge(edge(&stage, 1, DetailLevel::Busy, json!({})));
    done_exactly(&mut stage, &on);
}

#[test]
fn the_ten_soonest_are_shown_in_their_order() {
    let mut stage = Stage::settled(4, 2);
    for day in (1..=15).rev() {
        let at = |hour: u32| format!("2026-03-{day:02}T{hour:02}:00:00Z");
        insert(&stage, &timed(&format!("day {day}"), &at(9), &at(10)));
    }
    insert(&stage, &timed("over", "2025-03-01T09:00:00Z", "2025-03-01T10:00:00Z"));
    let mut old = weekly("series", 500);
    for key in ["start", "end"] {
        let time = if key == "start" { "2025-03-03T09:00:00Z" } else { "2025-03-03T10:00:00Z" };
        old[key]["dateTime"] = time.into();
    }
    insert(&stage, &old);
    stage.settle();
    let (preview, steps) = previewed(&stage, &PolicyChange::PutEdge(switched_off(&stage, 1)));
    assert_eq!((preview.deleted, preview.done, preview.of, steps), (17, 17, 17, 1));
    assert_eq!(preview.quota_minutes, 1);
    let shown: Vec<&str> =
        preview.examples.iter().map(|example| example.title.as_deref().unwrap_or_default()).collect();
    let days: Vec<String> = (1..=9).map(|day| format!("day {day}")).collect();
    assert_eq!(shown[0], "series", "its next occurrence is the soonest: {shown:?}");
    assert_eq!(shown[1..], days);
    let now = stage.world.now();
    assert!(preview.examples.iter().all(|example| example.start.plus_seconds(3_600) > now));
    assert!(preview.examples.iter().all(|example| example.does == PreviewedChange::Deleted));
    assert!(preview.examples.iter().all(|example| example.calendar == stage.overlay_id(1)));
}

/// So many copies of the only event, of which no mirror is known yet.
fn multiplied(stage: &Stage, copies: u32) {
    let columns = rows(stage, "/* c */ SELECT name FROM pragma_table_info('canonical_events')");
    let columns: Vec<String> = columns.iter().map(|row| row.get(0).unwrap()).collect();
    let value = |column: &String| match column.as_str() {
        "canonical_event_id" => "randomblob(16)".to_owned(),
        "origin_event_id" => "origin_event_id || n".to_owned(),
        "origin_key" => "origin_key + n".to_owned(),
        other => other.to_owned(),
    };
    let values: Vec<String> = columns.iter().map(value).collect();
    let _ = stage.graph(&format!(
        "/* copies */ WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < {copies})
         INSERT INTO canonical_events ({}) SELECT {} FROM canonical_events CROSS JOIN copies",
        columns.join(", "),
        values.join(", ")
    ));
}

#[test]
fn more_events_than_a_step_takes_are_worked_out_in_steps() {
    let mut stage = Stage::settled(4, 2);
    made(&mut stage, &monday("secret", json!({})));
    multiplied(&stage, 4_100);
    let change = PolicyChange::PutEdge(edge(&stage, 1, DetailLevel::Title, json!({})));
    let (preview, steps) = previewed(&stage, &change);
    assert_eq!((preview.done, preview.of, steps), (4_101, 4_101, 3));
    assert_eq!((preview.created, preview.changed, preview.deleted), (4_100, 1, 0));
    assert_eq!(preview.writes, [(stage.accounts[1], 4_101)].into());
    assert!(preview.quota_minutes > 4 && preview.examples.len() == 10);
    // Asked once more after the end, it says the same.
    let again = PreviewPolicy { change, so_far: Some(preview.clone()) };
    assert_eq!(ask(&stage, &again).unwrap(), preview);
}

#[test]
fn a_policy_that_was_changed_meanwhile_ends_a_preview() {
    let mut stage = Stage::settled(4, 2);
    made(&mut stage, &monday("secret", json!({})));
    multiplied(&stage, 2_100);
    let change = PolicyChange::PutEdge(edge(&stage, 1, DetailLevel::Title, json!({})));
    let first = ask(&stage, &PreviewPolicy { change: change.clone(), so_far: None }).unwrap();
    assert!(first.next.is_some() && first.done == 2_000);
    ask(&stage, &switched_off(&stage, 1)).unwrap();
    match ask(&stage, &PreviewPolicy { change, so_far: Some(first) }) {
        Err(ObjectError::Unfit { reason }) => assert!(reason.contains("begin again"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_change_that_cannot_be_made_cannot_be_previewed() {
    let stage = Stage::settled(4, 2);
    let mut put = edge(&stage, 1, DetailLevel::Title, json!({}));
    put.edge.key.to = put.edge.key.from;
    let before = dump(&stage);
    let refused = ask(&stage, &PreviewPolicy { change: PolicyChange::PutEdge(put), so_far: None });
    assert!(matches!(refused, Err(ObjectError::Unfit { .. })), "{refused:?}");
    assert!(dump(&stage) == before);
}
