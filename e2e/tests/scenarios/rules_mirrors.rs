//! The protocol's rules of mirrors, on the real runtime: lost answers, conflicts, hands in the overlay.
//! `docs/PROTOCOL.md` says what each rule is.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fake_google::faults::{Effect, Fault};
use serde_json::{Value, json};
use tminus_e2e::federation::{only_mirror, overlay, rest};
use tminus_e2e::person::Person;
use tminus_e2e::rows;
use tminus_e2e::timeline::{between, calls};
use tminus_e2e::wait::{eventually, holds};
use tminus_e2e::world::World;

use crate::stage::{SOON, Stage, timed};

/// A write in doubt is looked for again after twice the deadline of a call.
const DOUBT: Duration = Duration::from_secs(60);

fn lose_answers(world: &World, operation: &str, times: u64) {
    let fault = Fault::on(operation, times, Effect { drop_answer_after: true, ..Effect::default() });
    world.google.with(|google| google.faults.push(fault));
}

/// Rule 18: one writer an account, whoever nudges; and a calendar that refuses every write is paused by itself, its
/// mirrors are not.
pub(crate) fn one_writer(stage: &Stage) -> Result<()> {
    let world = stage.apart("one_writer", Vec::new())?;
    let person = Person::ready(&world, "one-writer", 2)?;
    rest(&world, &person, SOON)?;
    let slow = Fault::on("batch", 1, Effect { delay_ms: 1_500, ..Effect::default() });
    world.google.with(|google| google.faults.push(slow));
    let before = calls(&world);
    world.insert(person.primary(0), &timed("2026-04-01", 9, 10))?;
    eventually("the batch is under way", SOON, || {
        let batches = calls(&world).get("batch").copied().unwrap_or_default();
        holds(batches > before.get("batch").copied().unwrap_or_default(), || "no batch".to_owned())
    })?;
    let target = &person.accounts[1].account;
    let nudges: Vec<String> = (0..5).map(|at| nudge(&person.user, target, at)).collect();
    for nudge in &nudges {
        world.deliver("tminus-mirror", 1, std::slice::from_ref(nudge))?;
    }
    rest(&world, &person, SOON)?;
    let made = between(&before, &calls(&world));
    ensure!(made.get("events.insert") == Some(&1), "{made:?}");

    let refusal = Effect { status: Some(404), reason: Some("notFound".to_owned()), ..Effect::default() };
    world.google.with(|google| google.faults.push(Fault::on("events.insert", 1, refusal)));
    world.insert(person.primary(0), &timed("2026-04-02", 9, 10))?;
    eventually("the calendar is paused", SOON, || {
        let paused = column(&world, "SELECT calendar_id FROM calendars WHERE write_after IS NOT NULL")?;
        holds(paused.len() == 1, || format!("{} are paused", paused.len()))
    })?;
    let waiting = column(&world, "SELECT next_attempt_ts FROM event_mirrors WHERE state = 'PENDING'")?;
    ensure!(waiting == ["0"], "the mirror is paused: {waiting:?}");
    // The other account is written all the while.
    world.insert(person.primary(1), &timed("2026-04-03", 9, 10))?;
    eventually("the other account is written", SOON, || {
        let there = world.events(&overlay(&world, person.primary(0))?)?.len();
        holds(there == 1, || format!("{there} mirrors"))
    })?;
    rest(&world, &person, Duration::from_secs(90))?;
    stage.collect(&world);
    Ok(())
}

fn nudge(user: &str, account: &str, at: usize) -> String {
    json!({
        "v": 1, "id": format!("msg_01J000000000000000000000{at:02}"), "trace": "trc_01J00000000000000000000000",
        "enqueued_at": 0, "body": {"user": user, "account": account},
    })
    .to_string()
}

/// Rules 20 and 21: an answer that is lost after the effect is found out: an insert by its conflict, an update by its
/// precondition, a delete by a second look.
pub(crate) fn lost_answers(stage: &Stage) -> Result<()> {
    let world = stage.apart("lost_answers", Vec::new())?;
    let person = Person::ready(&world, "lost-answers", 2)?;
    rest(&world, &person, SOON)?;
    lose_answers(&world, "batch", 1);
    let made = world.insert(person.primary(0), &timed("2026-04-01", 9, 10))?;
    rest(&world, &person, DOUBT)?;
    let id = text(&only_mirror(&world, person.primary(1))?, "id")?;
    let conflicts = failures(&world, "events.insert 409");
    ensure!(conflicts == 1, "{conflicts} conflicts");

    lose_answers(&world, "batch", 1);
    world.patch(&made.calendar, &made.id, &timed("2026-04-02", 9, 10))?;
    rest(&world, &person, DOUBT)?;
    ensure!(text(&only_mirror(&world, person.primary(1))?, "id")? == id, "another mirror");
    ensure!(failures(&world, "events.update 412") == 1, "the update was not repeated under its precondition");

    lose_answers(&world, "batch", 1);
    world.delete(&made.calendar, &made.id)?;
    rest(&world, &person, DOUBT)?;
    let deletes = failures(&world, "events.delete 404") + failures(&world, "events.delete 410");
    ensure!(deletes == 2, "{deletes} looks at what was deleted");

    // It comes back: the id of what was deleted is never free again.
    world.patch(&made.calendar, &made.id, &json!({"status": "confirmed"}))?;
    rest(&world, &person, DOUBT)?;
    ensure!(text(&only_mirror(&world, person.primary(1))?, "id")? != id, "an id was used twice");
    stage.collect(&world);
    Ok(())
}

/// Rule 23: a mirror that somebody edits is restored, three times a day; then it is left as it is and said so.
pub(crate) fn hands_in_the_overlay(stage: &Stage) -> Result<()> {
    let world = stage.apart("hands", Vec::new())?;
    let person = Person::ready(&world, "hands", 2)?;
    world.insert(person.primary(0), &timed("2026-04-01", 9, 10))?;
    rest(&world, &person, SOON)?;
    let calendar = overlay(&world, person.primary(1))?;
    let id = text(&only_mirror(&world, person.primary(1))?, "id")?;
    for _ in 0..3 {
        world.patch(&calendar, &id, &json!({"summary": "planted-secret by hand"}))?;
        eventually("the mirror is restored", SOON, || {
            let title = text(&only_mirror(&world, person.primary(1))?, "summary")?;
            holds(title == "Busy", || "it shows what was typed".to_owned())
        })?;
        rest(&world, &person, SOON)?;
    }
    world.patch(&calendar, &id, &json!({"summary": "planted-secret by hand"}))?;
    eventually("the mirror is given up", SOON, || {
        let given_up = column(&world, "SELECT error_message FROM event_mirrors WHERE state = 'ERROR'")?;
        holds(given_up.len() == 1, || "no error".to_owned())
    })?;
    let events = column(&world, "SELECT canonical_event_id FROM canonical_events")?;
    ensure!(events.len() == 1, "a mirror became an event");
    stage.collect(&world);
    Ok(())
}

fn failures(world: &World, what: &str) -> u64 {
    world.google.with(|google| google.counters.failures.get(what).copied().unwrap_or_default())
}

fn text(event: &fake_google::model::Object, key: &str) -> Result<String> {
    Ok(event.get(key).and_then(Value::as_str).context("no such text")?.to_owned())
}

fn column(world: &World, query: &str) -> Result<Vec<String>> {
    Ok(rows::column(&world.runtime.ready.persist, query)?.into_iter().flatten().collect())
}
