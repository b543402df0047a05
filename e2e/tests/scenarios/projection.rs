//! What an edge shows: levels, calendars, shapes, and what no mirror ever has.

use anyhow::{Context, Result, ensure};
use fake_google::model::Object;
use serde_json::{Value, json};
use tminus_e2e::federation::{only_mirror, shows_busy_only};
use tminus_e2e::person::{DOMAIN, Person};
use tminus_e2e::view::{is_ours, wait_done};
use tminus_e2e::wait::{eventually, holds};
use tminus_e2e::world::World;

use crate::stage::{PLANTED, SOON, Stage, timed};

/// Everything that an event can have, and a mirror must not.
fn crowded(day: &str) -> Value {
    let mut event = timed(day, 9, 10);
    event["reminders"] = json!({"useDefault": false, "overrides": [{"method": "email", "minutes": 30}]});
    event["conferenceData"] = json!({"conferenceId": "abc-defg-hij", "entryPoints": [
        {"entryPointType": "video", "uri": "https://meet.google.com/abc-defg-hij"}]});
    event["hangoutLink"] = "https://meet.google.com/abc-defg-hij".into();
    event["attachments"] = json!([{"fileUrl": "https://drive.google.com/planted-secret", "title": PLANTED}]);
    event["source"] = json!({"url": "https://planted-secret.example", "title": PLANTED});
    event["extendedProperties"] = json!({"private": {"planted": PLANTED}, "shared": {"planted": PLANTED}});
    event["guestsCanModify"] = true.into();
    event["colorId"] = "3".into();
    event
}

fn text<'a>(event: &'a Object, key: &str) -> Option<&'a str> {
    event.get(key).and_then(Value::as_str)
}

/// What a mirror never has, however much is shown.
fn is_bare(mirror: &Object) -> Result<()> {
    for key in ["attendees", "conferenceData", "hangoutLink", "attachments", "source", "guestsCanModify"] {
        ensure!(!mirror.contains_key(key), "a mirror has {key}");
    }
    ensure!(mirror["reminders"] == json!({"useDefault": false}), "a mirror reminds: {}", mirror["reminders"]);
    let properties = mirror["extendedProperties"].to_string();
    ensure!(!properties.contains(PLANTED), "properties of the event are copied");
    ensure!(!mirror["extendedProperties"].to_string().contains("shared"), "guests would see our properties");
    Ok(())
}

/// Waits for the one mirror of the primary calendar of the n-th account.
fn eventually_in_primary(world: &World, person: &Person, n: usize) -> Result<Object> {
    eventually("a mirror is in the primary calendar", SOON, || {
        let mut ours: Vec<Object> = world.events(person.primary(n))?;
        ours.retain(is_ours);
        Ok(if ours.len() == 1 {
            ours.pop().ok_or_else(String::new)
        } else {
            Err(format!("{} mirrors", ours.len()))
        })
    })
}

/// Waits until the one mirror in the overlay of the n-th account fits.
fn eventually_shows(
    world: &World,
    person: &Person,
    n: usize,
    what: &str,
    fits: impl Fn(&Object) -> bool,
) -> Result<Object> {
    let found = eventually(what, SOON, || {
        let mirror = only_mirror(world, person.primary(n));
        Ok(match mirror {
            Ok(mirror) if fits(&mirror) => Ok(mirror),
            Ok(mirror) => Err(format!("it shows {mirror:?}")),
            Err(error) => Err(error.to_string()),
        })
    })?;
    person.wait_written(SOON)?;
    Ok(found)
}

pub(crate) fn edges(stage: &Stage) -> Result<()> {
    let world = &stage.world;
    let emails = ["edges-1", "edges-2", "edges-3"].map(|name| format!("{name}@{DOMAIN}"));
    emails.iter().for_each(|email| world.create_account(email));
    let mut person = Person::sign_in(world, &emails[0])?;
    person.link_account(&emails[0])?;
    person.link_account(&emails[1])?;
    person.link_primary(&emails[2])?;
    person.wait_ready()?;

    // Nothing was said: time alone, in the overlay, or in the primary calendar of who wanted that.
    let made = world.plant(&emails[0], &with_id(crowded("2026-04-01"), "crowded0001"))?;
    let busy = eventually_shows(world, &person, 1, "time is blocked", |_| true)?;
    shows_busy_only(&busy)?;
    is_bare(&busy)?;
    let inside = eventually_in_primary(world, &person, 2)?;
    shows_busy_only(&inside)?;
    is_bare(&inside)?;
    for mirror in [&busy, &inside] {
        ensure!(!serde_json::to_string(mirror)?.contains(PLANTED), "something private leaks: {mirror:?}");
        ensure!(!mirror.contains_key("colorId"), "the colour is copied");
    }

    levels(world, &person, &made.id)?;
    shapes(world, &person)?;
    primary(world, &person)?;
    refusals(&person)?;
    of_one_calendar(stage)
}

fn with_id(mut event: Value, id: &str) -> Value {
    event["id"] = id.into();
    event
}

/// What there is already follows a change of its level, and of what the level shows.
fn levels(world: &World, person: &Person, event: &str) -> Result<()> {
    let calendar = person.primary(0);
    let policy = person.put_edge(&person.edge(0, 1, "TITLE", &json!({})))?;
    let again = person.put_edge(&person.edge(0, 1, "TITLE", &json!({})))?;
    ensure!(policy["version"] == again["version"], "a repeat changed the policy");
    let title = format!("{PLANTED} title");
    let shown = eventually_shows(world, person, 1, "the title shows", |mirror| {
        text(mirror, "summary") == Some(title.as_str())
    })?;
    is_bare(&shown)?;
    for key in ["description", "location"] {
        ensure!(!shown.contains_key(key), "{key} shows with the title");
    }
    ensure!(text(&shown, "visibility").is_none(), "the visibility is {:?}", text(&shown, "visibility"));

    person.put_edge(&person.edge(0, 1, "FULL", &json!({})))?;
    let description = format!("{PLANTED} description");
    let shown = eventually_shows(world, person, 1, "everything shows", |mirror| {
        text(mirror, "description") == Some(description.as_str())
    })?;
    ensure!(text(&shown, "location") == Some(format!("{PLANTED} place").as_str()), "no place");
    is_bare(&shown)?;

    // What is cleared is cleared; what the owner hides is hidden.
    world.patch(calendar, event, &json!({"description": null, "location": ""}))?;
    let shown = eventually_shows(world, person, 1, "the description is cleared", |mirror| {
        !mirror.contains_key("description") && !mirror.contains_key("location")
    })?;
    ensure!(text(&shown, "summary") == Some(title.as_str()), "the title went too");
    world.patch(calendar, event, &json!({"summary": null, "visibility": "private"}))?;
    eventually_shows(world, person, 1, "an event without a title is private", |mirror| {
        text(mirror, "summary") == Some("Busy") && text(mirror, "visibility") == Some("private")
    })?;
    world.patch(
        calendar,
        event,
        &json!({"summary": title, "visibility": "default", "description": description}),
    )?;
    eventually_shows(world, person, 1, "all is back", |mirror| {
        text(mirror, "description") == Some(description.as_str()) && !mirror.contains_key("visibility")
    })?;

    // The owner's answer, and nobody else's.
    let mut off = person.edge(0, 1, "FULL", &json!({}));
    off["switch"] = "off".into();
    person.put_edge(&off)?;
    eventually("an edge that is off leaves nothing", SOON, || {
        holds(only_mirror(world, person.primary(1)).is_err(), || "a mirror".to_owned())
    })?;
    person.wait_written(SOON)?;
    person.put_edge(&person.edge(0, 1, "BUSY", &json!({})))?;
    let busy = eventually_shows(world, person, 1, "only time shows again", |_| true)?;
    shows_busy_only(&busy)?;
    let inside = eventually_in_primary(world, person, 2)?;
    ensure!(text(&inside, "summary") == Some("Busy"), "the other edge changed too");
    Ok(())
}

/// Title, colour and visibility of the copies.
fn shapes(world: &World, person: &Person) -> Result<()> {
    let shape = json!({"shape": {"title": "Work: {title}", "color": 7, "visibility": "private"}});
    person.put_edge(&person.edge(0, 1, "TITLE", &shape))?;
    let title = format!("Work: {PLANTED} title");
    eventually_shows(world, person, 1, "the copy has its shape", |mirror| {
        text(mirror, "summary") == Some(title.as_str())
            && text(mirror, "colorId") == Some("7")
            && text(mirror, "visibility") == Some("private")
    })?;
    // A template shows no more than its level.
    let shape = json!({"shape": {"title": "{title} elsewhere", "visibility": "public"}});
    person.put_edge(&person.edge(0, 1, "BUSY", &shape))?;
    let shown = eventually_shows(world, person, 1, "the copy has another shape", |mirror| {
        text(mirror, "summary") == Some("Busy elsewhere") && text(mirror, "visibility") == Some("public")
    })?;
    ensure!(!serde_json::to_string(&shown)?.contains(PLANTED), "a template leaks");
    // The colour goes with the rule that set it.
    eventually_shows(world, person, 1, "the colour is gone", |mirror| !mirror.contains_key("colorId"))?;
    person.put_edge(&person.edge(0, 1, "BUSY", &json!({})))?;
    eventually_shows(world, person, 1, "the shape is gone", |mirror| {
        text(mirror, "summary") == Some("Busy")
    })?;
    Ok(())
}

/// From the primary calendar into the overlay and back.
fn primary(world: &World, person: &Person) -> Result<()> {
    person.put_edge(&person.edge(0, 2, "TITLE", &json!({})))?;
    eventually_shows(world, person, 2, "the mirror is in the overlay", |mirror| {
        text(mirror, "summary") == Some(format!("{PLANTED} title").as_str())
    })?;
    ensure!(!world.events(person.primary(2))?.iter().any(is_ours), "a mirror stayed in the primary calendar");
    let mut edge = person.edge(0, 2, "FULL", &json!({}));
    edge["kind"] = "TRUE_MIRROR".into();
    person.put_edge(&edge)?;
    let inside = eventually_in_primary(world, person, 2)?;
    ensure!(text(&inside, "description").is_some(), "it does not show everything");
    is_bare(&inside)?;
    person.wait_written(SOON)?;
    ensure!(only_mirror(world, person.primary(2)).is_err(), "a mirror stayed in the overlay");
    // A mirror in a primary calendar, of which events come, is none itself.
    ensure!(person.status()?.graph.is_some_and(|graph| graph.events == 1), "a mirror became an event");
    Ok(())
}

/// What cannot be followed is refused, says why, and changes nothing.
fn refusals(person: &Person) -> Result<()> {
    let before: Value = person.get("/v1/policy")?.expect(200)?;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut edge = person.edge(0, 1, "BUSY", &json!({}));
        change(&mut edge);
        edge
    };
    let nobody = "acc_01J00000000000000000000000";
    let own = person.accounts[0].account.clone();
    let cases = [
        (with(&|edge| edge["to"] = own.as_str().into()), 422),
        (with(&|edge| edge["to"] = nobody.into()), 404),
        (with(&|edge| edge["from"] = nobody.into()), 404),
        (with(&|edge| edge["from_calendar"] = "cal_01J00000000000000000000000".into()), 404),
        (with(&|edge| edge["kind"] = "TRUE_MIRROR".into()), 422),
        (with(&|edge| edge["detail"] = "EVERYTHING".into()), 400),
        (with(&|edge| edge["rules"] = json!({"filters": {"skip_title": ["x"]}})), 400),
        (with(&|edge| edge["rules"] = json!({"filters": {"skip_titles": ["("]}})), 422),
        (with(&|edge| edge["rules"] = json!({"filters": {"days_ahead": 5_000}})), 422),
        (with(&|edge| edge["rules"] = json!({"shape": {"title": "{guests}"}})), 422),
        (with(&|edge| edge["rules"] = json!({"shape": {"color": 12}})), 400),
    ];
    for (edge, status) in cases {
        let reply = person.put("/v1/policy/edges", &edge)?;
        ensure!(reply.status == status, "{edge}: {}", reply.shown());
        let answer: Value = reply.json()?;
        ensure!(answer["error"]["message"].as_str().is_some_and(|text| text.len() > 10), "{answer}");
    }
    let overlay = person.calendar(0, "BUSY_OVERLAY")?;
    let reply =
        person.put("/v1/policy/edges", &with(&|edge| edge["from_calendar"] = overlay.as_str().into()))?;
    ensure!(reply.status == 422, "an edge from an overlay: {}", reply.shown());
    let after: Value = person.get("/v1/policy")?.expect(200)?;
    ensure!(before == after, "a refusal changed the policy");
    Ok(())
}

/// The edge of a calendar goes before that of its account, until it is removed.
fn of_one_calendar(stage: &Stage) -> Result<()> {
    let world = &stage.world;
    let emails = ["onecal-1", "onecal-2"].map(|name| format!("{name}@{DOMAIN}"));
    world.create_account(&emails[0]);
    let second = world.create_calendar(&emails[0], "planted-secret calendar");
    let person = Person::link(world, &emails)?;
    person.wait_ready()?;
    world.insert(&emails[0], &timed("2026-04-01", 9, 10))?;
    let made = world.insert(&second, &timed("2026-04-02", 9, 10))?;
    wait_done(world, &person, &made, SOON)?;
    let own = person.calendar(0, "PROJECTED")?;
    let mut edge = person.edge(0, 1, "FULL", &json!({"shape": {"title": "Club: {title}"}}));
    edge["from_calendar"] = own.as_str().into();
    let titles = |expected: [&str; 2]| {
        eventually("the mirrors show what their edges say", SOON, || {
            let mirrors = tminus_e2e::federation::mirrors(world, &emails[1])?;
            let mut found: Vec<&str> = mirrors.iter().filter_map(|mirror| text(mirror, "summary")).collect();
            found.sort_unstable();
            holds(found == expected, || format!("{found:?}"))
        })?;
        person.wait_written(SOON)
    };
    titles(["Busy", "Busy"])?;
    person.put_edge(&edge)?;
    titles(["Busy", "Club: planted-secret title"])?;
    // The other's edge does not matter to it, nor it to the other.
    person.put_edge(&person.edge(0, 1, "TITLE", &json!({})))?;
    titles(["Club: planted-secret title", "planted-secret title"])?;
    edge["switch"] = "off".into();
    person.put_edge(&edge)?;
    eventually("a calendar by itself is not copied", SOON, || {
        let only = only_mirror(world, &emails[1]);
        holds(only.is_ok_and(|only| text(&only, "summary") == Some("planted-secret title")), String::new)
    })?;
    let (from, to) = (&person.accounts[0].account, &person.accounts[1].account);
    let removed: Value =
        person.delete(&format!("/v1/policy/edges?from={from}&from_calendar={own}&to={to}"))?.expect(200)?;
    ensure!(removed["edges"].as_array().is_some_and(|edges| edges.len() == 4), "{removed}");
    titles(["planted-secret title", "planted-secret title"])?;
    let account = person.delete(&format!("/v1/policy/edges?from={from}&to={to}"))?;
    ensure!(account.status == 422, "the edge of an account was removed: {}", account.shown());
    titles(["planted-secret title", "planted-secret title"]).context("after all")
}
