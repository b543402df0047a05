//! Laws of the graph by itself, over its real commands: chunks in any order, chunks twice, the journal's way back.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

use std::collections::BTreeMap;

use serde_json::Value;
use tminus_domain::dirty::Lane;
use tminus_domain::event::{
    EventContent, EventType, Organizer, OwnResponse, SeriesPart, Status, Transparency, Visibility, When,
};
use tminus_domain::ids::{EventId, PrefixedId as _, RunId, Ulid};
use tminus_domain::occurrence::Occurrence;
use tminus_domain::ordering::Position;
use tminus_domain::policy::CalendarRole;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectClass;
use tminus_queues::ChunkRef;
use tminus_simulation::Stage;
use tminus_simulation::world::id_in;
use tminus_testkit::SeededRng;
use tminus_user_graph::contract::{ApplyChunk, Delta};
use tminus_user_graph::reading_contract::GetEvent;

/// 2026-02-02T09:00:00Z.
const NINE: i64 = 1_770_022_800_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// How many cases each law is tried with.
const CASES: u64 = 40;

struct Dice(SeededRng);

impl Dice {
    fn below(&self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    fn one_of<T: Copy>(&self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    fn shuffle<T>(&self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, usize::try_from(self.below(at as u64 + 1)).unwrap());
        }
    }
}

/// The ids that a history is about: single events, series, and occurrences of these.
fn ids() -> Vec<String> {
    let singles = (0..4).map(|nth| format!("single{nth}"));
    let series = (0..2).map(|nth| format!("series{nth}"));
    let occurrences = (0..2).flat_map(|nth| {
        (0..4).map(move |day| format!("series{nth}_{}", Occurrence::At(at(NINE + day * DAY)).stamp()))
    });
    singles.chain(series).chain(occurrences).collect()
}

const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn content(dice: &Dice, id: &str) -> EventContent {
    let (series, base) = match id.split_once('_') {
        Some((master, stamp)) => {
            let original_start = Occurrence::from_stamp(stamp).unwrap();
            let part = SeriesPart::Exception { master: master.to_owned(), original_start };
            (part, original_start.sort_key().millis())
        }
        None if id.starts_with("series") => {
            let rule = dice.one_of(&["FREQ=DAILY;COUNT=4", "COUNT=3;FREQ=DAILY", "FREQ=WEEKLY"]);
            (SeriesPart::Master { lines: vec![format!("RRULE:{rule}")] }, NINE)
        }
        None => (SeriesPart::Single, NINE),
    };
    let start =
        base + if matches!(series, SeriesPart::Master { .. }) { 0 } else { HOUR * dice.below(4) as i64 };
    let is_cancelled = matches!(series, SeriesPart::Exception { .. }) && dice.below(3) == 0;
    EventContent {
        title: Some(format!("title {}", dice.below(5))).filter(|_| dice.below(3) > 0),
        description: Some("somewhat".to_owned()).filter(|_| dice.below(3) == 0),
        location: None,
        when: When::timed(at(start), at(start + HOUR), Some("UTC".to_owned())).unwrap(),
        status: if is_cancelled {
            Status::Cancelled
        } else {
            dice.one_of(&[Status::Confirmed, Status::Tentative])
        },
        visibility: dice.one_of(&[Visibility::Default, Visibility::Private]),
        transparency: dice.one_of(&[Transparency::Opaque, Transparency::Opaque, Transparency::Transparent]),
        event_type: EventType::Default,
        own_response: dice.one_of(&[OwnResponse::NotInvited, OwnResponse::Accepted, OwnResponse::Declined]),
        organizer: Organizer::Own,
        series,
        ical_uid: None,
        sequence: dice.below(3) as i64,
    }
}

fn present(dice: &Dice, id: &str, etag: u64) -> Delta {
    let content = Box::new(content(dice, id));
    Delta::Present { id: id.to_owned(), etag: format!("{etag}"), updated: None, content }
}

/// A chunk of the first account's primary calendar.
fn chunk(stage: &Stage, generation: u32, page: u32, index: u32, deltas: Vec<Delta>) -> ApplyChunk {
    let run = RunId::from_ulid(Ulid::from_parts(u64::from(generation), 1));
    ApplyChunk {
        account: stage.accounts[0],
        calendar: stage.primary(0),
        role: CalendarRole::Primary,
        chunk: ChunkRef { run, position: Position { generation, page }, attempt: 0, index },
        full: false,
        lane: Lane::Live,
        deltas,
    }
}

fn apply(stage: &Stage, chunk: &ApplyChunk) {
    stage.world.call(&stage.person.user.to_string(), chunk).expect("the graph applies it");
}

fn rows(stage: &Stage, statement: &str) -> Vec<tminus_store::Row> {
    stage.world.rows(ObjectClass::UserGraph, &stage.person.user.to_string(), statement)
}

/// What the graph knows and wants, but for what tells how it came to know it: ids, versions, times of writing, and what a
/// tombstone said before.
fn state(stage: &Stage) -> Vec<String> {
    let events = rows(stage, "/* o */ SELECT canonical_event_id, origin_event_id FROM canonical_events");
    let origins: BTreeMap<EventId, String> =
        events.iter().map(|row| (id_in(row, 0), row.get(1).expect("a text"))).collect();
    let columns = rows(
        stage,
        "/* c */ SELECT group_concat(name) FROM pragma_table_info('canonical_events') WHERE name NOT IN
           ('canonical_event_id', 'origin_account_id', 'origin_calendar_id', 'version', 'created_at', 'updated_at')",
    );
    let columns: String = columns[0].get(0).expect("names");
    let mut lines = stage.graph(&format!("/* e */ SELECT {columns} FROM canonical_events WHERE deleted = 0"));
    lines.extend(stage.graph(
        "/* t */ SELECT origin_event_id, recurring_event_id, original_start FROM canonical_events WHERE deleted = 1",
    ));
    // What was wanted for a moment and never written is as good as what was never wanted. So is an instance that was to
    // differ from its series for a moment, and is to be as its series again.
    let mirrors = rows(
        stage,
        "/* m */ SELECT m.canonical_event_id, occurrence, part, state, hex(desired_hash), lane, m.start_ts
         FROM event_mirrors m JOIN canonical_events s USING (canonical_event_id)
         WHERE NOT (desired_hash IS NULL AND last_projected_hash IS NULL)
           AND NOT (desired_hash IS NOT NULL AND EXISTS (SELECT 1 FROM canonical_events e
             WHERE e.origin_calendar_id = s.origin_calendar_id AND e.recurring_event_id = s.origin_event_id
               AND e.original_start = m.occurrence AND e.deleted = 0
               AND strftime('%Y%m%dT%H%M%SZ', e.start_ts / 1000, 'unixepoch') = e.original_start))",
    );
    for row in mirrors {
        let origin = &origins[&id_in(&row, 0)];
        let rest: Vec<String> = (1..7)
            .map(|column| {
                row.get::<Option<String>>(column).map_or_else(
                    |_| row.get::<i64>(column).expect("a number").to_string(),
                    Option::unwrap_or_default,
                )
            })
            .collect();
        lines.push(format!("mirror {origin} {rest:?}"));
    }
    lines.sort();
    lines
}

/// What was there before: a run that is applied in order.
fn before(stage: &Stage, dice: &Dice) -> Vec<String> {
    let mut known: Vec<String> = ids();
    dice.shuffle(&mut known);
    known.truncate(8);
    let deltas: Vec<Delta> = known.iter().map(|id| present(dice, id, 1)).collect();
    for (index, part) in deltas.chunks(3).enumerate() {
        apply(stage, &chunk(stage, 100, 0, u32::try_from(index).unwrap(), part.to_vec()));
    }
    known
}

/// The chunks of one run, in the order of its pages: an id is in one chunk only, or twice in it, as a list shows it; what is
/// known may be in a later page again.
fn run(stage: &Stage, dice: &Dice, known: &[String], twice: bool) -> Vec<ApplyChunk> {
    let mut all = ids();
    dice.shuffle(&mut all);
    let mut chunks = Vec::new();
    for (nth, part) in all.chunks(3).enumerate() {
        let mut deltas = Vec::new();
        for id in part {
            match dice.below(6) {
                0 if known.contains(id) => deltas.push(Delta::Deleted { id: id.clone() }),
                1 if twice => {
                    deltas.push(present(dice, id, 2));
                    deltas.push(Delta::Deleted { id: id.clone() });
                }
                2 if twice => {
                    deltas.push(present(dice, id, 2));
                    deltas.push(present(dice, id, 3));
                }
                _ => deltas.push(present(dice, id, 4)),
            }
        }
        let (page, index) = (u32::try_from(nth / 2).unwrap(), u32::try_from(nth % 2).unwrap());
        chunks.push(chunk(stage, 101, page, index, deltas));
    }
    let again: Vec<Delta> =
        known.iter().filter(|_| dice.below(4) == 0).map(|id| present(dice, id, 9)).collect();
    chunks.push(chunk(stage, 101, 9, 0, again));
    chunks
}

fn settled(seed: u64) -> Stage {
    let stage = Stage::settled(seed, 2);
    // Nobody writes meanwhile.
    assert_eq!(stage.world.waiting().len(), 0);
    stage
}

/// Chunks that were held up arrive in any order, and some of them twice.
#[test]
fn the_order_of_chunks_and_repeats_of_them_change_nothing() {
    for case in 0..CASES {
        let outcome = |shuffled: bool| {
            let (stage, dice) = (settled(1), Dice(SeededRng::new(case)));
            let known = before(&stage, &dice);
            let mut chunks = run(&stage, &dice, &known, true);
            if shuffled {
                chunks.extend(chunks.clone().into_iter().filter(|_| dice.below(3) == 0));
                dice.shuffle(&mut chunks);
            }
            for chunk in &chunks {
                apply(&stage, chunk);
            }
            state(&stage)
        };
        let (in_order, shuffled) = (outcome(false), outcome(true));
        let gone: Vec<_> = in_order.iter().filter(|line| !shuffled.contains(line)).collect();
        let new: Vec<_> = shuffled.iter().filter(|line| !in_order.contains(line)).collect();
        assert!(gone.is_empty() && new.is_empty(), "case {case}:\ngone {gone:#?}\nnew {new:#?}");
    }
}

/// The whole run again, chunk by chunk: not one row changes.
#[test]
fn a_run_that_is_applied_twice_writes_nothing_more() {
    for case in 0..CASES {
        let (stage, dice) = (settled(2), Dice(SeededRng::new(case)));
        let known = before(&stage, &dice);
        let chunks = run(&stage, &dice, &known, false);
        chunks.iter().for_each(|chunk| apply(&stage, chunk));
        let (last, earlier) = chunks.split_last().unwrap();
        let tables = |stage: &Stage| {
            let mut rows = stage.graph("/* e */ SELECT * FROM canonical_events");
            rows.extend(stage.graph("/* j */ SELECT * FROM event_journal"));
            rows.extend(stage.graph("/* m */ SELECT * FROM event_mirrors"));
            rows
        };
        let before = tables(&stage);
        apply(&stage, last);
        assert_eq!(tables(&stage), before, "case {case}");
        earlier.iter().for_each(|chunk| apply(&stage, chunk));
        assert_eq!(tables(&stage), before, "case {case}: all of it");
    }
}

/// Applies a patch of RFC 6902, of the operations that a difference is made of.
fn go_back(json: &mut Value, patch: &str) {
    let operations: Vec<Value> = serde_json::from_str(patch).unwrap();
    for operation in operations {
        let (parent, name) = operation["path"].as_str().unwrap().rsplit_once('/').unwrap();
        match (json.pointer_mut(parent).unwrap(), operation["op"].as_str().unwrap()) {
            (Value::Object(object), "remove") => {
                object.remove(name).unwrap();
            }
            (Value::Object(object), "add" | "replace") => {
                object.insert(name.to_owned(), operation["value"].clone());
            }
            (Value::Array(array), "remove") => {
                array.remove(name.parse().unwrap());
            }
            (Value::Array(array), "replace") => {
                array[name.parse::<usize>().unwrap()] = operation["value"].clone();
            }
            (Value::Array(array), "add") => array.insert(name.parse().unwrap(), operation["value"].clone()),
            other => panic!("{other:?}"),
        }
    }
}

/// The events that stand.
fn standing(stage: &Stage) -> Vec<EventId> {
    let live = "/* live */ SELECT canonical_event_id FROM canonical_events WHERE deleted = 0";
    rows(stage, live).iter().map(|row| id_in(row, 0)).collect()
}

/// What each event said at each of its versions, by a look after each change, is what the patches lead back to.
#[test]
fn the_journal_leads_back_version_by_version() {
    let mut walked = 0;
    for case in 0..CASES {
        let (stage, dice) = (settled(3), Dice(SeededRng::new(case)));
        let user = stage.person.user.to_string();
        let mut said: BTreeMap<(EventId, u32), Value> = BTreeMap::new();
        let mut now: BTreeMap<EventId, (u32, Value)> = BTreeMap::new();
        let steps = 12;
        for step in 0..=steps {
            let id_list = ids();
            let deltas: Vec<Delta> = id_list
                .iter()
                .filter(|_| step == steps || dice.below(3) == 0)
                .map(|id| match dice.below(5) {
                    0 if step < steps => Delta::Deleted { id: id.clone() },
                    _ => {
                        let mut delta = present(&dice, id, 1_000 + step * 100 + dice.below(99));
                        if let Delta::Present { content, .. } = &mut delta
                            && step == steps
                        {
                            // In the end all of them stand.
                            content.status = Status::Confirmed;
                        }
                        delta
                    }
                })
                .collect();
            apply(&stage, &chunk(&stage, 100 + u32::try_from(step).unwrap(), 0, 0, deltas));
            for event in standing(&stage) {
                let event = stage.world.call(&user, &GetEvent { event }).unwrap().event;
                let json = serde_json::to_value(&event.content).unwrap();
                said.insert((event.event, event.version), json.clone());
                now.insert(event.event, (event.version, json));
            }
        }
        let journal = rows(
            &stage,
            "/* j */ SELECT canonical_event_id, version, patch_json FROM event_journal
             ORDER BY canonical_event_id, version DESC",
        );
        assert_eq!(now.len(), ids().len(), "case {case}");
        for (event, (latest, mut json)) in now {
            let mut version = latest;
            for row in journal.iter().filter(|row| id_in::<EventId>(row, 0) == event) {
                assert_eq!(row.get::<u32>(1).unwrap(), version, "case {case}: no version is left out");
                let Some(patch) = row.get::<Option<String>>(2).unwrap() else {
                    assert_eq!(version, 1, "case {case}: only the first has no way back");
                    continue;
                };
                go_back(&mut json, &patch);
                version -= 1;
                if let Some(said) = said.get(&(event, version)) {
                    assert_eq!(&json, said, "case {case}: version {version}");
                    walked += 1;
                }
            }
            assert_eq!(version, 1, "case {case}");
        }
    }
    assert!(walked > 500, "{walked}");
}
