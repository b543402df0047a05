//! Chunks against a graph that fails as told and an account that counts.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use futures::executor::block_on;
use serde_json::{Value, json};
use tminus_account::contract::{ChunkApplied, CommitRun, Progress};
use tminus_domain::dirty::Lane;
use tminus_domain::ids::{PrefixedId, Ulid};
use tminus_domain::ordering::Position;
use tminus_domain::policy::CalendarRole;
use tminus_ports::{CallError, ObjectError};
use tminus_queues::{ChunkRef, DeltaChunk, Next};
use tminus_testkit::TestPorts;
use tminus_user_graph::contract::{Applied, ApplyChunk, ConcludeFullRun, Concluded, Delta};

use crate::{Silence, apply_apart, apply_whole};

fn id<I: PrefixedId>(number: u128) -> I {
    I::from_ulid(Ulid::from_parts(1_767_225_600_000, number))
}

fn event(name: &str) -> Value {
    json!({
        "id": name, "etag": "\"1\"", "start": {"dateTime": "2026-03-01T08:00:00Z"},
        "end": {"dateTime": "2026-03-01T09:00:00Z"},
    })
}

fn chunk(items: Vec<Value>, full: bool) -> DeltaChunk {
    DeltaChunk {
        user: id(1),
        account: id(1),
        calendar: id(1),
        role: CalendarRole::Primary,
        chunk: ChunkRef { run: id(1), position: Position { generation: 3, page: 0 }, attempt: 0, index: 0 },
        full,
        lane: Lane::Live,
        items,
        zone: None,
        whole: Some(Next::Cursor("next".to_owned())),
    }
}

/// What the graph holds.
#[derive(Default, Clone, PartialEq, Eq, Debug)]
struct Held {
    present: BTreeSet<String>,
    bad: BTreeSet<(Option<String>, String)>,
    /// The ids of the full run's chunk, as its first arrival had them.
    ids: Option<Vec<String>>,
}

struct World {
    ports: TestPorts,
    held: Rc<RefCell<Held>>,
}

fn name(delta: &Delta) -> Option<String> {
    match delta {
        Delta::Present { id, .. } | Delta::Floating { id, .. } | Delta::Deleted { id } => Some(id.clone()),
        Delta::Bad { id, .. } => id.clone(),
        Delta::Mirror { .. } => None,
    }
}

/// A world whose graph fails as `fails` says.
fn world(fails: impl Fn(&ApplyChunk) -> Option<ObjectError> + 'static) -> World {
    let ports = TestPorts::new().unwrap();
    let held = Rc::new(RefCell::new(Held::default()));
    let kept = Rc::clone(&held);
    ports.objects.on(move |_: &str, command: ApplyChunk| {
        if let Some(error) = fails(&command) {
            return Err(error);
        }
        let mut held = kept.borrow_mut();
        for delta in &command.deltas {
            match delta {
                Delta::Present { id, .. } => drop(held.present.insert(id.clone())),
                Delta::Bad { id, reason } => drop(held.bad.insert((id.clone(), reason.clone()))),
                _ => {}
            }
        }
        if command.full {
            held.ids.get_or_insert(command.deltas.iter().filter_map(name).collect());
        }
        Ok(Applied { incarnation: 7, ..Applied::default() })
    });
    ports.objects.on(|_: &str, _: ChunkApplied| Ok(Progress::Conclude));
    ports.objects.on(|_: &str, _: ConcludeFullRun| Ok(Concluded { suspects: 2, ..Concluded::default() }));
    ports.objects.on(|_: &str, _: CommitRun| Ok(Progress::Committed));
    World { ports, held }
}

fn poisonous(command: &ApplyChunk) -> bool {
    let poison = |delta: &Delta| matches!(delta, Delta::Present { id, .. } if id.starts_with("poison"));
    command.deltas.iter().any(poison)
}

fn internal() -> ObjectError {
    ObjectError::Internal { reason: "overflow".to_owned() }
}

impl World {
    fn apart(&self, chunk: DeltaChunk, silence: Silence) -> Result<(), CallError> {
        block_on(apply_apart(&self.ports, "trace", chunk, silence))
    }

    fn counted(&self) -> Vec<ChunkApplied> {
        self.ports.objects.sent().into_iter().map(|(_, counted)| counted).collect()
    }

    fn calls(&self) -> usize {
        self.ports.objects.sent::<ApplyChunk>().len()
    }
}

#[test]
fn a_chunk_is_applied_counted_and_its_full_run_concluded() {
    let world = world(|_| None);
    block_on(apply_whole(&world.ports, "trace", chunk(vec![event("a")], true))).unwrap();
    let counted = world.counted();
    assert_eq!((counted.len(), counted[0].index, counted[0].incarnation), (1, 0, 7));
    assert_eq!(counted[0].whole, Some(Next::Cursor("next".to_owned())));
    let committed = world.ports.objects.sent::<CommitRun>();
    assert_eq!(committed[0].1, CommitRun { calendar: id(1), run: id(1), suspects: 2 });
    let concluded = world.ports.objects.sent::<ConcludeFullRun>();
    assert_eq!(concluded[0].1.generation, 3);
}

#[test]
fn a_chunk_that_fails_as_a_whole_is_not_counted() {
    let world = world(|command| poisonous(command).then(internal));
    let failed = block_on(apply_whole(&world.ports, "trace", chunk(vec![event("poison")], false)));
    assert!(matches!(failed, Err(CallError::Object { .. })));
    assert!(world.counted().is_empty());
}

#[test]
fn what_fails_by_itself_goes_into_quarantine_and_applying_apart_twice_is_once() {
    let world = world(|command| poisonous(command).then(internal));
    let mut items: Vec<Value> = (0..200).map(|number| event(&format!("e{number}"))).collect();
    items[17] = event("poison1");
    items[180] = event("poison2");
    items.push(json!({"id": "odd", "start": 5}));
    world.apart(chunk(items.clone(), true), Silence::Wait).unwrap();
    let once = world.held.borrow().clone();
    assert_eq!(once.present.len(), 198);
    let reason = "apply_chunk failed: the object failed: overflow".to_owned();
    let poison = |number| (Some(format!("poison{number}")), reason.clone());
    let odd = (Some("odd".to_owned()), "the event does not fit the provider's schema".to_owned());
    assert_eq!(once.bad, [poison(1), poison(2), odd].into());
    // A full run must know every id, those in quarantine too: what it does not know it takes for deleted.
    assert_eq!(once.ids.as_ref().map(Vec::len), Some(201));
    assert_eq!(world.counted().len(), 1);
    // Far fewer calls than items: each failing one is found by halves.
    assert!(world.calls() < 80, "{}", world.calls());

    world.apart(chunk(items, true), Silence::Wait).unwrap();
    assert_eq!(*world.held.borrow(), once);
    let counted = world.counted();
    assert_eq!(counted[0], counted[1]);
}

#[test]
fn a_part_is_never_taken_for_its_chunk() {
    let world = world(|command| poisonous(command).then(internal));
    world.apart(chunk(vec![event("a"), event("poison"), event("b")], true), Silence::Wait).unwrap();
    let sent = world.ports.objects.sent::<ApplyChunk>();
    let (whole, parts): (Vec<_>, Vec<_>) = sent.iter().partition(|(_, sent)| sent.chunk.index == 0);
    assert!(whole.iter().all(|(_, sent)| sent.full && sent.deltas.len() == 3));
    assert_eq!(whole.len(), 2);
    assert!(parts.iter().all(|(_, sent)| !sent.full && sent.chunk.index == u32::MAX));
}

#[test]
fn a_chunk_that_has_recovered_is_applied_as_it_is() {
    let world = world(|_| None);
    world.apart(chunk(vec![event("a"), event("b")], false), Silence::Wait).unwrap();
    assert_eq!((world.calls(), world.counted().len()), (1, 1));
}

#[test]
fn what_is_not_the_fault_of_an_item_quarantines_nothing() {
    let errors = [
        internal(),
        ObjectError::Refused { reason: "no such account".to_owned() },
        ObjectError::Gone,
        ObjectError::Unavailable { reason: "busy".to_owned() },
        ObjectError::NewerSchema { stored: 9, known: 1 },
    ];
    for error in errors {
        let world = world(move |_| Some(error.clone()));
        let failed = world.apart(chunk(vec![event("a"), event("b")], false), Silence::Quarantine);
        assert!(matches!(failed, Err(CallError::Object { .. })));
        assert!(world.held.borrow().bad.is_empty() && world.counted().is_empty());
    }
    let world = world(|_| None);
    world.ports.objects.set_unreachable(true);
    for silence in [Silence::Wait, Silence::Quarantine] {
        let failed = world.apart(chunk(vec![event("a"), event("b")], false), silence);
        assert!(matches!(failed, Err(CallError::NoAnswer { .. })));
    }
}

#[test]
fn an_item_that_gets_no_answer_waits_at_first_and_blocks_nothing_for_ever() {
    let world = World { ports: TestPorts::new().unwrap(), held: Rc::default() };
    let kept = Rc::clone(&world.held);
    world.ports.objects.on_perhaps(move |_: &str, command: ApplyChunk| {
        if poisonous(&command) {
            return None;
        }
        let bad = command.deltas.iter().filter_map(|delta| match delta {
            Delta::Bad { id, reason } => Some((id.clone(), reason.clone())),
            _ => None,
        });
        kept.borrow_mut().bad.extend(bad);
        Some(Ok(Applied::default()))
    });
    world.ports.objects.on(|_: &str, _: ChunkApplied| Ok(Progress::Committed));
    let items = vec![event("a"), event("poison"), event("b")];
    let failed = world.apart(chunk(items.clone(), false), Silence::Wait);
    assert!(matches!(failed, Err(CallError::NoAnswer { .. })));
    assert!(world.counted().is_empty());
    world.apart(chunk(items, false), Silence::Quarantine).unwrap();
    assert_eq!(world.held.borrow().bad, [(Some("poison".to_owned()), "no answer".to_owned())].into());
    assert_eq!(world.counted().len(), 1);
}
