//! What a person can ask, over the API: why, what was, what would be, what takes place, when they are free.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tminus_e2e::person::Person;
use tminus_e2e::view::{blocks, wait_blocks};
use tminus_e2e::wait::{eventually, holds};

use crate::stage::{PLANTED, SOON, Stage, timed};

const JUNE: (&str, &str) = ("2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z");

fn get(person: &Person, path: &str) -> Result<Value> {
    person.get(path)?.expect(200)
}

/// The one event that is listed in June.
fn only_event(person: &Person) -> Result<String> {
    eventually("one event is listed", SOON, || {
        let listed = person.listed(JUNE.0, JUNE.1)?;
        Ok(match listed.as_slice() {
            [event] => Ok(event["event"].as_str().unwrap_or_default().to_owned()),
            others => Err(format!("{} events", others.len())),
        })
    })
}

/// The verdict of each edge is what the other calendars show, and so is that of a time.
pub(crate) fn why(stage: &Stage) -> Result<()> {
    let person = stage.person("why", 3)?;
    person.put_edge(&person.edge(0, 2, "BUSY", &json!({"filters": {"skip_titles": [PLANTED]}})))?;
    person.wait_settled(SOON)?;
    stage.world.insert(person.primary(0), &timed("2026-06-01", 9, 10))?;
    let event = only_event(&person)?;
    person.wait_written(SOON)?;
    let why = get(&person, &format!("/v1/events/{event}/explanation"))?;
    ensure!(why["owner"]["account"] == person.accounts[0].account.as_str(), "{why}");
    for (n, verdict) in [(1, json!("mirrored")), (2, json!("filtered"))] {
        let calendar = person.calendar(n, "BUSY_OVERLAY")?;
        let edges = why["edges"].as_array().context("no edges")?;
        let edge = edges.iter().find(|edge| edge["calendar"] == calendar).context("no such edge")?;
        ensure!(edge["verdict"] == verdict, "{edge}");
        ensure!(edge["reason"] == if n == 2 { json!("pattern") } else { Value::Null }, "{edge}");
        let slot = get(&person, &format!("/v1/calendars/{calendar}/explanation?at=2026-06-01T07:30:00Z"))?;
        ensure!(slot["blocked"] == (n == 1) && slot["events"][0]["event"] == event.as_str(), "{slot}");
        ensure!(blocks(&stage.world, &person, n)?.len() == usize::from(n == 1), "the calendars differ");
    }
    let report = get(&person, "/v1/conservation")?;
    ensure!(report["balanced"] == true, "{report}");
    ensure!(report["mirrored"] == 1 && report["filtered"]["pattern"] == 1, "{report}");
    Ok(())
}

/// An event is what it was at any time, and each change is in the journal.
pub(crate) fn what_was(stage: &Stage) -> Result<()> {
    let person = stage.person("was", 2)?;
    let made = stage.world.insert(person.primary(0), &timed("2026-06-01", 9, 10))?;
    let event = only_event(&person)?;
    person.wait_written(SOON)?;
    let journal = get(&person, &format!("/v1/events/{event}/journal"))?;
    let created = journal["entries"].as_array().context("no entries")?;
    let created = created.iter().find(|entry| entry["change"] == "created").context("no creation")?;
    let at = created["at"].as_i64().context("no time")?;
    ensure!(created["actor"] == "provider" && created["trace"].is_string(), "{created}");
    stage.world.patch(person.primary(0), &made.id, &json!({"summary": format!("{PLANTED} other")}))?;
    eventually("the change is known", SOON, || {
        let one = get(&person, &format!("/v1/events/{event}"))?;
        holds(one["event"]["version"] == 2, || one["event"]["version"].to_string())
    })?;
    let then = chrono::DateTime::from_timestamp_millis(at).context("no such time")?;
    let then = then.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let was = get(&person, &format!("/v1/events/{event}/as-of?at={then}"))?;
    ensure!(was["content"]["title"] == format!("{PLANTED} title") && was["version"] == 1, "it was otherwise");
    let never = person.get(&format!("/v1/events/{event}/as-of?at=2001-01-01T00:00:00Z"))?;
    ensure!((never.status, never.error_code().as_deref()) == (404, Some("not_yet")), "{}", never.shown());
    Ok(())
}

/// A change of the policy does exactly what was shown before.
pub(crate) fn what_would_be(stage: &Stage) -> Result<()> {
    let person = stage.person("preview", 2)?;
    let mut days = Vec::new();
    for day in ["2026-06-01", "2026-06-02", "2026-06-03"] {
        stage.world.insert(person.primary(0), &timed(day, 9, 10))?;
        days.push(format!("{day}T07:00Z/{day}T08:00Z"));
    }
    wait_blocks(&stage.world, &person, 1, &days, SOON)?;
    person.wait_written(SOON)?;
    let mut edge = person.edge(0, 1, "BUSY", &json!({}));
    edge["switch"] = "off".into();
    let ask = json!({"change": {"put_edge": edge}});
    let step: Value = person.post("/v1/policy/preview", &ask)?.expect(200)?;
    let preview = &step["preview"];
    ensure!(preview["done"] == preview["of"] && preview["deleted"] == 3, "{step}");
    ensure!(preview["created"] == 0 && preview["changed"] == 0, "{step}");
    ensure!(blocks(&stage.world, &person, 1)?.len() == 3, "a preview changed something");
    person.put_edge(&edge)?;
    wait_blocks::<&str>(&stage.world, &person, 1, &[], SOON)
}

/// What takes place in a range is found by its text, written as a calendar file, and taken from what is free.
pub(crate) fn reads(stage: &Stage) -> Result<()> {
    let person = stage.person("reads", 2)?;
    let mut weekly = timed("2026-06-01", 9, 10);
    weekly["summary"] = json!(format!("{PLANTED} weekly Lücke"));
    weekly["recurrence"] = json!(["RRULE:FREQ=WEEKLY;COUNT=4"]);
    stage.world.insert(person.primary(0), &weekly)?;
    stage.world.insert(person.primary(1), &timed("2026-06-02", 12, 14))?;
    let listed = eventually("all are listed", SOON, || {
        let listed = person.listed(JUNE.0, JUNE.1)?;
        Ok(if listed.len() == 5 { Ok(listed) } else { Err(format!("{} events", listed.len())) })
    })?;
    ensure!(
        listed.iter().filter(|event| event["occurrence"].is_string()).count() == 4,
        "{} listed",
        listed.len()
    );
    let query = format!("from={}&to={}", JUNE.0, JUNE.1);
    let found = get(&person, &format!("/v1/events?{query}&text=lucke&limit=2"))?;
    ensure!(found["events"].as_array().is_some_and(|events| events.len() == 2), "{} found", found["events"]);
    let cursor = found["next_cursor"].as_str().context("no cursor")?;
    let rest = get(&person, &format!("/v1/events?{query}&text=lucke&limit=2&cursor={cursor}"))?;
    ensure!(rest["events"].as_array().is_some_and(|events| events.len() == 2), "the rest");
    let other = person.get(&format!("/v1/events?{query}&text=other&cursor={cursor}"))?;
    ensure!(other.error_code().as_deref() == Some("cursor_of_another_query"), "{}", other.shown());
    let hours = json!({"zone": "Europe/Berlin", "days": ["mon", "tue"], "from": "09:00", "to": "17:00"});
    person.put("/v1/working-hours", &hours)?.expect::<Value>(200)?;
    let day = "from=2026-06-02T00:00:00Z&to=2026-06-03T00:00:00Z";
    let free = get(&person, &format!("/v1/free-busy?{day}"))?;
    let spans = |list: &Value| list.as_array().map_or(0, Vec::len);
    ensure!((spans(&free["busy"]), spans(&free["free"])) == (1, 2), "{free}");
    let file = person.get(&format!("/v1/events.ics?{query}"))?;
    let text = String::from_utf8_lossy(&file.body).into_owned();
    ensure!(file.status == 200 && text.matches("BEGIN:VEVENT").count() == 5, "{}", file.status);
    let long = person.get("/v1/events?from=1000-01-01T00:00:00Z&to=2026-01-01T00:00:00Z")?;
    ensure!(long.status == 400, "{}", long.shown());
    Ok(())
}

/// What is made here blocks time in every account, and goes with its event or constraint.
pub(crate) fn own_events(stage: &Stage) -> Result<()> {
    const EVENT: &str = "2026-06-01T09:00Z/2026-06-01T10:00Z";
    let person = stage.person("own", 2)?;
    let when = json!({"timed": {"start": 1_780_304_400_000_i64, "end": 1_780_308_000_000_i64, "zone": "Europe/Berlin"}});
    let made: Value = person.post("/v1/events", &json!({"title": PLANTED, "when": when}))?.expect(201)?;
    let event = made["event"].as_str().context("no id")?.to_owned();
    for n in 0..2 {
        wait_blocks(&stage.world, &person, n, &[EVENT], SOON)?;
    }
    let trip = json!({"trip": {"when": {"all_day": {"start": "2026-06-10", "end": "2026-06-12"}}}});
    let constraint: Value = person.post("/v1/constraints", &trip)?.expect(201)?;
    for n in 0..2 {
        wait_blocks(&stage.world, &person, n, &[EVENT, "2026-06-10/2026-06-12"], SOON)?;
    }
    person.delete(&format!("/v1/events/{event}"))?.expect::<Value>(200)?;
    let id = constraint["id"].as_str().context("no id")?;
    person.delete(&format!("/v1/constraints/{id}"))?.expect::<Value>(200)?;
    for n in 0..2 {
        wait_blocks::<&str>(&stage.world, &person, n, &[], SOON)?;
    }
    Ok(())
}
