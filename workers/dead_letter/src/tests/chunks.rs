//! Chunks that died: kept as letters, and applied all the same.

use std::collections::BTreeSet;

use tminus_account::contract::{ChunkApplied, Progress};
use tminus_user_graph::contract::{Applied, ApplyChunk, Delta};

use super::*;

/// What the graph holds: ids that are applied, and those in quarantine with their reasons.
type Held = Rc<RefCell<(BTreeSet<String>, BTreeSet<(String, String)>)>>;

/// A world whose graph answers `poison` (`None`: nothing) to whatever holds an event of that name.
fn world(poison: Option<ObjectError>) -> (World, Held) {
    let (world, held) = (World::new(), Held::default());
    let kept = Rc::clone(&held);
    world.ports.objects.on_perhaps(move |_: &str, command: ApplyChunk| {
        let poisonous = |delta: &Delta| matches!(delta, Delta::Present { id, .. } if id == "poison");
        if command.deltas.iter().any(poisonous) {
            return poison.clone().map(Err);
        }
        for delta in command.deltas {
            match delta {
                Delta::Present { id, .. } => drop(kept.borrow_mut().0.insert(id)),
                Delta::Bad { id, reason } => drop(kept.borrow_mut().1.insert((id.unwrap(), reason))),
                _ => {}
            }
        }
        Some(Ok(Applied { incarnation: 1, ..Applied::default() }))
    });
    world.ports.objects.on(|_: &str, _: ChunkApplied| Ok(Progress::Committed));
    (world, held)
}

fn event(name: &str) -> serde_json::Value {
    json!({
        "id": name, "etag": "\"1\"", "start": {"dateTime": "2026-03-01T08:00:00Z"},
        "end": {"dateTime": "2026-03-01T09:00:00Z"},
    })
}

fn chunk(names: &[&str]) -> String {
    let mut chunk: serde_json::Value = serde_json::from_str(&delta(1)).unwrap();
    chunk["body"]["items"] = names.iter().map(|name| event(name)).collect();
    chunk["body"]["whole"] = json!({"next": "cursor", "token": "next"});
    chunk.to_string()
}

fn counted(world: &World) -> Vec<(String, ChunkApplied)> {
    world.ports.objects.sent()
}

#[test]
fn a_dead_chunk_takes_effect_but_for_what_fails_by_itself_and_twice_is_once() {
    let (world, held) = world(Some(ObjectError::Internal { reason: "overflow".to_owned() }));
    let text = chunk(&["a", "poison", "b"]);
    let (object, _) = world.twice_is_once("tminus-delta-dlq", &text);
    assert_eq!(object, account(1));
    let reason = "apply_chunk failed: the object failed: overflow".to_owned();
    let expected = (["a".to_owned(), "b".to_owned()].into(), [("poison".to_owned(), reason)].into());
    assert_eq!(*held.borrow(), expected);
    let counted = counted(&world);
    assert_eq!((counted.len(), &counted[0].0), (2, &account(1)));
    assert_eq!(counted[0], counted[1]);
}

#[test]
fn a_rejected_chunk_takes_effect_too_twice_is_once() {
    let (world, held) = world(None);
    let wrapped = json!({"rejected": "refused", "original": chunk(&["a"])}).to_string();
    let (_, letter) = world.twice_is_once("tminus-delta-bulk-dlq", &wrapped);
    assert_eq!(letter.reason, "refused");
    assert_eq!(held.borrow().0.len(), 1);
}

#[test]
fn an_item_that_never_gets_an_answer_blocks_its_calendar_for_a_while_only() {
    let (world, held) = world(None);
    let text = chunk(&["a", "poison"]);
    for attempts in 1..5 {
        let verdict = block_on(consume(&world.ports, "tminus-delta-dlq", &text, attempts));
        assert!(matches!(verdict, Verdict::Retry { after_s: Some(_) }), "{attempts}");
        assert!(counted(&world).is_empty());
    }
    assert_eq!(world.store.borrow().len(), 1, "it is kept from the first attempt on");
    assert_eq!(block_on(consume(&world.ports, "tminus-delta-dlq", &text, 5)), Verdict::Ack);
    assert_eq!(held.borrow().1, [("poison".to_owned(), "no answer".to_owned())].into());
    assert_eq!(counted(&world).len(), 1);
}

#[test]
fn a_graph_that_is_away_puts_nothing_into_quarantine() {
    let (world, held) = world(None);
    world.ports.objects.on_perhaps(|_: &str, _: ApplyChunk| None);
    let verdict = block_on(consume(&world.ports, "tminus-delta-dlq", &chunk(&["a", "b"]), 9));
    assert!(matches!(verdict, Verdict::Retry { .. }));
    assert!(held.borrow().1.is_empty() && counted(&world).is_empty());
}

#[test]
fn a_chunk_of_something_erased_and_one_that_cannot_be_read_are_only_kept() {
    for text in [chunk(&["a"]), delta(9)] {
        let world = World::new();
        assert_eq!(world.consume("tminus-delta-dlq", &text), Verdict::Ack);
        assert!(counted(&world).is_empty());
    }
    let (world, held) = world(None);
    assert_eq!(world.consume("tminus-delta-dlq", "{\"v\":1}"), Verdict::Ack);
    // A nudge that died is about a row that its object nudges about again by itself.
    assert_eq!(world.consume("tminus-sync-dlq", &sync_nudge(1)), Verdict::Ack);
    assert!(held.borrow().0.is_empty() && world.ports.objects.sent::<ApplyChunk>().is_empty());
}
