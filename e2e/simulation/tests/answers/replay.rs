//! The journals, led back from the present: whatever happened, what was is told as it was.

use std::collections::{BTreeMap, BTreeSet};

use tminus_domain::event::{EventContent, Extent, SeriesPart, When};
use tminus_domain::ids::EventId;
use tminus_domain::occurrence::Occurrence;
use tminus_domain::projection::ProjectionHash;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectClass;
use tminus_simulation::Stage;
use tminus_simulation::generate::history;
use tminus_simulation::run::watch;
use tminus_simulation::world::{bytes_of, id_in};
use tminus_store::Row;
use tminus_user_graph::explaining_contract::{AsOf, GetAsOf, Was};

/// How many histories.
const HISTORIES: u64 = 25;

/// An event with its mirrors, each as a text.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    event: String,
    mirrors: BTreeSet<String>,
}

fn rows(stage: &Stage, statement: &str) -> Vec<Row> {
    stage.world.rows(ObjectClass::UserGraph, &stage.person.user.to_string(), statement)
}

/// What is stored now, column by column.
fn stored(stage: &Stage) -> BTreeMap<EventId, Seen> {
    let events = rows(
        stage,
        "/* events */ SELECT canonical_event_id, concat_ws('|', version, deleted, title, '/', description, '/', location,
           '/', start_ts, end_ts, timezone, '/', end_timezone, all_day, status, visibility, transparency,
           recurrence_rule, '/', event_type, own_response, organizer, ical_uid, '/', sequence, recurring_event_id,
           original_start) FROM canonical_events",
    );
    let seen = |row: &Row| (id_in(row, 0), Seen { event: row.get(1).unwrap(), mirrors: BTreeSet::new() });
    let mut found: BTreeMap<EventId, Seen> = events.iter().map(seen).collect();
    let mirrors = rows(
        stage,
        "/* mirrors */ SELECT canonical_event_id, target_calendar_id, concat_ws('|', occurrence, lower(hex(desired_hash)),
           '/', reason, '/', lower(hex(last_projected_hash)), '/', error_message) FROM event_mirrors
         WHERE COALESCE(desired_hash, last_projected_hash, reason, error_message) IS NOT NULL",
    );
    for row in &mirrors {
        let calendar: tminus_domain::ids::CalendarId = id_in(row, 1);
        let mirror = format!("{calendar}|{}", row.get::<String>(2).unwrap());
        found.get_mut(&id_in(row, 0)).unwrap().mirrors.insert(mirror);
    }
    found
}

/// The same of what the journals tell.
fn told(was: &Was) -> Seen {
    let hash = |hash: &Option<ProjectionHash>| hash.as_ref().map(ToString::to_string).unwrap_or_default();
    let mirror = |was: &tminus_user_graph::explaining_contract::MirrorWas| {
        let facts = &was.facts;
        let stamp = was.of.occurrence.map(Occurrence::stamp).unwrap_or_default();
        let optional = [
            Some(stamp),
            Some(hash(&facts.wanted)),
            Some("/".to_owned()),
            facts.reason.map(|reason| reason.to_string()),
            Some("/".to_owned()),
            Some(hash(&facts.shown)),
            Some("/".to_owned()),
            facts.error.clone(),
        ];
        let told: Vec<String> = optional.into_iter().flatten().collect();
        format!("{}|{}", was.of.calendar, told.join("|"))
    };
    Seen {
        event: columns(was.version, was.deleted, &was.content),
        mirrors: was.mirrors.iter().map(mirror).collect(),
    }
}

fn columns(version: u32, deleted: bool, content: &EventContent) -> String {
    let (zone, end_zone) = match &content.when {
        When::Timed { zone, end_zone, .. } => (zone.clone(), end_zone.clone()),
        When::AllDay { .. } => (None, None),
    };
    let (rule, exception) = match &content.series {
        SeriesPart::Single => (None, None),
        SeriesPart::Master { lines } => (Some(lines.join("\n")), None),
        SeriesPart::Exception { master, original_start } => {
            (None, Some(format!("{master}|{}", original_start.stamp())))
        }
    };
    let slash = || Some("/".to_owned());
    let optional = [
        Some(format!("{version}|{}", u8::from(deleted))),
        content.title.clone(),
        slash(),
        content.description.clone(),
        slash(),
        content.location.clone(),
        slash(),
        Some(format!("{}|{}", content.when.start_key().millis(), content.when.end_key().millis())),
        zone,
        slash(),
        end_zone,
        Some(u8::from(content.when.extent() == Extent::WholeDays).to_string()),
        Some(format!("{}|{}|{}", content.status, content.visibility, content.transparency)),
        rule,
        slash(),
        Some(format!("{}|{}|{}", content.event_type, content.own_response, content.organizer)),
        content.ical_uid.clone(),
        slash(),
        Some(content.sequence.to_string()),
        exception,
    ];
    optional.into_iter().flatten().collect::<Vec<String>>().join("|")
}

fn as_of(stage: &Stage, event: EventId, at: Timestamp) -> AsOf {
    stage.world.call(&stage.person.user.to_string(), &GetAsOf { event, at }).expect("an answer")
}

/// Since when nothing of an event is told: its account was unlinked.
fn forgotten_since(stage: &Stage, event: EventId) -> Option<i64> {
    let statement = format!(
        "/* forgotten */ SELECT MAX(ts) FROM event_journal WHERE reason = 'account unlinked' AND canonical_event_id = {}",
        bytes_of(event)
    );
    rows(stage, &statement)[0].get(0).unwrap()
}

#[test]
fn replay_equals_state() {
    let (mut compared, mut of_mirrors) = (0_u32, 0_usize);
    for seed in 1..=HISTORIES {
        let mut remembered: Vec<(Timestamp, BTreeMap<EventId, Seen>)> = Vec::new();
        let stage = watch(&history(seed), |stage| {
            remembered.push((stage.world.now(), stored(stage)));
            // What comes next comes later.
            stage.world.advance_millis(1);
        });
        let last: Vec<EventId> = stored(&stage).into_keys().collect();
        for (at, seen) in &remembered {
            for event in &last {
                match (as_of(&stage, *event, *at), seen.get(event)) {
                    (AsOf::Known(was), Some(seen)) => {
                        assert_eq!(told(&was), *seen, "seed {seed}, {event} at {at:?}");
                        compared += 1;
                        of_mirrors += seen.mirrors.len();
                    }
                    (AsOf::NotYet { since }, None) => assert!(since > *at),
                    (AsOf::Forgotten { earliest }, _) => {
                        assert_eq!(Some(earliest.millis()), forgotten_since(&stage, *event), "seed {seed}");
                        assert!(earliest > *at);
                    }
                    (answer, seen) => panic!("seed {seed}, {event} at {at:?}: {answer:?}, and was {seen:?}"),
                }
            }
        }
    }
    assert!(
        compared > 1_000 && of_mirrors > 1_000,
        "{compared} events and {of_mirrors} mirrors were compared"
    );
}
