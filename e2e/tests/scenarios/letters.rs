//! Bad messages and bad events: kept with their reason, in nobody's way.

use anyhow::{Context, Result, ensure};
use fake_google::model::{Object, Stored};
use fake_google::server::now_ms;
use serde_json::{Value, json};
use tminus_e2e::federation::{eventually_mirrors, rest};
use tminus_e2e::wait::{eventually, holds};

use crate::stage::{PLANTED, SOON, Stage, timed};

/// Every queue and what its messages name.
const QUEUES: [&str; 6] = [
    "tminus-sync",
    "tminus-backfill",
    "tminus-delta",
    "tminus-delta-bulk",
    "tminus-mirror",
    "tminus-mirror-bulk",
];

pub(crate) fn newer_version(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("newer", 2)?);
    let account = &person.accounts[0].account;
    for (n, queue) in QUEUES.iter().enumerate() {
        let body = json!({
            "v": 9, "id": format!("msg_01J0000000000000000000000{n}"), "trace": "trc_01J00000000000000000000000",
            "enqueued_at": 0, "body": {"kind": "future", "account": account, "title": format!("{PLANTED} title")},
        });
        let text = body.to_string();
        // A deploy may be under way: it is tried again, to the last.
        for attempt in 1..=6 {
            let answer = world.deliver(queue, attempt, std::slice::from_ref(&text))?;
            let retried = answer["retryMessages"].as_array().is_some_and(|retried| retried.len() == 1);
            ensure!(retried, "{queue}, attempt {attempt}: {answer}");
        }
        // What the platform does then.
        world.deliver(&format!("{queue}-dlq"), 1, &[text])?;
    }
    let path = format!("/v1/admin/accounts/{account}/dead_letters");
    let letters = eventually("the letters are listed", SOON, || {
        let answer: Value = world.admin_get(&path)?.expect(200)?;
        let letters = answer["dead_letters"].as_array().cloned().unwrap_or_default();
        Ok(if letters.len() == QUEUES.len() {
            Ok(letters)
        } else {
            Err(format!("{} letters", letters.len()))
        })
    })?;
    for letter in &letters {
        ensure!(letter["reason"] == "message version 9 is newer than 1", "{letter}");
        let delta = letter["queue"].as_str().is_some_and(|queue| queue.starts_with("tminus-delta"));
        ensure!(letter["body"].is_null() == delta, "nudges are kept whole, deltas are not: {letter}");
    }
    let status = person.status()?;
    let counted = status.accounts.iter().find(|known| known.account_id == *account).map(|a| a.dead_letters);
    ensure!(counted == Some(6), "the status counts {counted:?}");
    world.insert(person.primary(0), &timed("2026-04-01", 9, 10))?;
    rest(world, &person, SOON).map(drop)
}

pub(crate) fn undecodable(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("undecodable", 2)?);
    let texts = |queue: &str| {
        [format!("{PLANTED} no message, for {queue}"), format!("{{\"v\":1,\"x\":\"{PLANTED} {queue}\"}}")]
    };
    for queue in QUEUES {
        let answer = world.deliver(queue, 1, &texts(queue))?;
        ensure!(answer["retryMessages"].as_array().is_none_or(Vec::is_empty), "{queue}: {answer}");
    }
    eventually("the letters are listed", SOON, || {
        let answer: Value = world.admin_get("/v1/admin/accounts/acc_unroutable/dead_letters")?.expect(200)?;
        let letters = answer["dead_letters"].as_array().context("no list")?.clone();
        let of = |queue: &str| letters.iter().filter(|letter| letter["queue"] == queue).count();
        let clear = letters.iter().all(|letter| {
            let reason = letter["reason"].as_str().unwrap_or_default();
            reason.starts_with("undecodable at line ") && letter["body"].is_null()
        });
        ensure!(clear, "a letter without its reason, or with its text: {letters:?}");
        holds(QUEUES.iter().all(|queue| of(queue) == 2), || format!("{} letters", letters.len()))
    })?;
    let newest: Value = world.admin_get("/v1/admin/dead_letters")?.expect(200)?;
    ensure!(newest["dead_letters"].as_array().is_some_and(|letters| letters.len() >= 12), "{newest}");
    world.insert(person.primary(0), &timed("2026-04-01", 9, 10))?;
    rest(world, &person, SOON).map(drop)
}

pub(crate) fn bad_event(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("bad", 2)?);
    let calendar = person.primary(0).to_owned();
    let bad = [
        json!({"id": "badtime", "start": {"dateTime": format!("{PLANTED} o'clock")}, "end": {"dateTime": "2026-04-01T10:00:00Z"}}),
        json!({"id": "nostart", "summary": format!("{PLANTED} title")}),
        json!({"id": "mixed", "start": {"date": "2026-04-01"}, "end": {"dateTime": "2026-04-01T10:00:00Z"}}),
        json!({"id": "backwards", "start": {"dateTime": "2026-04-01T10:00:00Z"}, "end": {"dateTime": "2026-04-01T09:00:00Z"}}),
        json!({"id": "noshape", "start": [1, 2], "attendees": "everyone", "summary": 7}),
    ];
    // Before its good neighbours, and after: they go out with the same push.
    world.google.with(|google| plant(google, &calendar, &bad[..3]))?;
    world.google.with(|google| plant(google, &calendar, &bad[3..]))?;
    let first = world.insert(&calendar, &timed("2026-04-01", 9, 10))?;
    world.insert(&calendar, &timed("2026-04-02", 9, 10))?;
    eventually_mirrors(world, person.primary(1), "the neighbours are mirrored", SOON, |all| {
        Ok(all.len() == 2)
    })?;
    person.wait_settled(SOON)?;
    let quarantined = person.status()?.graph.context("no graph")?.quarantined;
    let mut reasons: Vec<&str> = quarantined.iter().map(|item| item.reason.as_str()).collect();
    reasons.sort_unstable();
    let expected = [
        "a date or time of the event cannot be read",
        "one of start and end is a date, the other a time",
        "the event does not fit the provider's schema",
        "the event ends before it starts",
        "the event has no start",
    ];
    ensure!(reasons == expected, "{reasons:?}");

    // Neither do they hurt later changes, and mended they are like any other.
    world.delete(&calendar, &first.id)?;
    eventually_mirrors(world, person.primary(1), "a neighbour is gone", SOON, |all| Ok(all.len() == 1))?;
    let good = timed("2026-04-09", 9, 10);
    let bodies: Vec<Value> = ["badtime", "nostart", "mixed", "backwards", "noshape"]
        .iter()
        .map(|id| {
            let mut body = good.clone();
            body["id"] = (*id).into();
            body
        })
        .collect();
    world.google.with(|google| plant(google, &calendar, &bodies))?;
    let last = world.insert(&calendar, &timed("2026-04-10", 9, 10))?;
    eventually_mirrors(world, person.primary(1), "the mended are mirrored", SOON, |all| Ok(all.len() == 7))?;
    person.wait_settled(SOON)?;
    let left = person.status()?.graph.context("no graph")?.quarantined;
    ensure!(left.is_empty(), "{} mended events are still in quarantine", left.len());
    world.delete(&calendar, &last.id)?;
    eventually_mirrors(world, person.primary(1), "the last is gone", SOON, |all| Ok(all.len() == 6))
}

/// Puts events into a calendar as they are, past every check of the API. No push tells of them.
fn plant(google: &mut fake_google::Google, calendar: &str, events: &[Value]) -> Result<()> {
    let calendar = google.calendars.get_mut(calendar).context("no such calendar")?;
    for event in events {
        let mut body: Object = event.as_object().context("no event")?.clone();
        let id = body["id"].as_str().unwrap_or_default().to_owned();
        body.entry("status").or_insert_with(|| "confirmed".into());
        body.insert("iCalUID".to_owned(), format!("{id}-{PLANTED}@google.com").into());
        let stored = Stored::successor(body, calendar.events.get(&id), now_ms(), true);
        calendar.put(&id, stored, now_ms());
    }
    Ok(())
}
