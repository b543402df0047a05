//! The same meeting in several accounts: who holds it needs no block for it.

use anyhow::{Context, Result, ensure};
use fake_google::model::Object;
use serde_json::json;
use tminus_e2e::federation::{mirrors, shows_busy_only};
use tminus_e2e::person::{DOMAIN, Person};
use tminus_e2e::view::{times, wait_blocks, wait_done};
use tminus_e2e::world::{Edit, World};

use crate::stage::{SOON, Stage, timed};

const NINE: &str = "2026-04-01T07:00Z/2026-04-01T08:00Z";
const NONE: [&str; 0] = [];

fn shows(world: &World, person: &Person, expected: [&[&str]; 3], what: &str) -> Result<()> {
    for (n, blocks) in expected.into_iter().enumerate() {
        wait_blocks(world, person, n, blocks, SOON).with_context(|| what.to_owned())?;
    }
    Ok(())
}

fn done(world: &World, person: &Person, edit: &Edit) -> Result<()> {
    wait_done(world, person, edit, SOON)
}

/// A meeting of the first two accounts: no blocks between them, blocks in the third; what the guest answers changes that.
pub(crate) fn copies(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("meeting", 3)?);
    let emails: Vec<String> = person.accounts.iter().map(|account| account.email.clone()).collect();
    let (host, guest) = (emails[0].as_str(), emails[1].as_str());
    let made = world.invite(host, &[guest], &timed("2026-04-01", 9, 10))?;
    let id = made.id.as_str();
    // Each origin has its block where nobody holds the meeting.
    shows(world, &person, [&NONE, &NONE, &[NINE, NINE]], "made")?;
    let listed = person.listed("2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z")?;
    ensure!(listed.len() == 2, "a copy is not kept: {} events", listed.len());

    done(world, &person, &world.respond(guest, id, "declined")?)?;
    shows(
        world,
        &person,
        [&NONE, &[NINE], &[NINE]],
        "declined: whoever declined is taken by the other account",
    )?;
    done(world, &person, &world.respond(guest, id, "tentative")?)?;
    shows(world, &person, [&NONE, &NONE, &[NINE, NINE]], "perhaps: it is held again")?;
    done(world, &person, &world.respond(guest, id, "declined")?)?;
    shows(world, &person, [&NONE, &[NINE], &[NINE]], "declined again")?;
    done(world, &person, &world.respond(guest, id, "accepted")?)?;
    shows(world, &person, [&NONE, &NONE, &[NINE, NINE]], "accepted: the block goes")?;

    // Moved by the host, and not yet by the guest: the copies differ, and are the same meeting.
    done(world, &person, &world.shift(host, id, 60)?)?;
    let ten = "2026-04-01T08:00Z/2026-04-01T09:00Z";
    shows(world, &person, [&NONE, &NONE, &[NINE, ten]], "moved by the host")?;
    done(world, &person, &world.shift(guest, id, 60)?)?;
    shows(world, &person, [&NONE, &NONE, &[ten, ten]], "moved by both")?;

    // The guest deletes it; then the host does.
    done(world, &person, &world.delete(guest, id)?)?;
    shows(world, &person, [&NONE, &[ten], &[ten]], "deleted by the guest")?;
    done(world, &person, &world.delete(host, id)?)?;
    shows(world, &person, [&NONE, &NONE, &NONE], "deleted by the host")?;
    imported(stage, &person, &emails)
}

/// A UID from elsewhere, under ids that have nothing in common; the same id with another UID is another meeting.
fn imported(stage: &Stage, person: &Person, emails: &[String]) -> Result<()> {
    let world = &stage.world;
    let with = |id: &str, uid: &str| {
        let mut event = timed("2026-04-08", 9, 10);
        event["id"] = id.into();
        event["iCalUID"] = uid.into();
        event
    };
    world.plant(&emails[0], &with("onehere0001", "planted-secret@elsewhere.example"))?;
    let edit = world.plant(&emails[1], &with("onethere0001", "planted-secret@elsewhere.example"))?;
    done(world, person, &edit)?;
    let eight = "2026-04-08T07:00Z/2026-04-08T08:00Z";
    shows(world, person, [&NONE, &NONE, &[eight, eight]], "the same UID")?;
    world.plant(&emails[1], &with("onethere0001", "planted-secret-other@elsewhere.example"))?;
    shows(world, person, [&[eight], &[eight], &[eight, eight]], "another UID")
}

/// A series of the first two accounts; the guest leaves one occurrence out.
pub(crate) fn occurrences(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("oneday", 2)?);
    let (host, guest) = (person.primary(0).to_owned(), person.primary(1).to_owned());
    let mut event = timed("2026-04-01", 9, 10);
    event["recurrence"] = json!(["RRULE:FREQ=WEEKLY;COUNT=4"]);
    let made = world.invite(&host, &[&guest], &event)?;
    let both = |own: &[&str], others: &[&str], what: &str| -> Result<()> {
        wait_blocks(world, &person, 0, own, SOON).with_context(|| what.to_owned())?;
        wait_blocks(world, &person, 1, others, SOON).with_context(|| what.to_owned())
    };
    both(&NONE, &NONE, "both hold the series")?;
    let on = |stamp: &str| format!("{}_{stamp}", made.id);
    let second = "2026-04-08T07:00Z/2026-04-08T08:00Z";

    // As Google does it: the answer stands in the host's copy too, which thereby has an exception.
    let both_answer = |instance: &str, answer: &str| -> Result<()> {
        done(world, &person, &world.respond(&guest, instance, answer)?)?;
        let mut seen = occurrence(world, &host, instance)?;
        for row in seen["attendees"].as_array_mut().into_iter().flatten() {
            if row["email"] == guest.as_str() {
                row["responseStatus"] = answer.into();
            }
        }
        let guests = json!({"attendees": seen["attendees"]});
        done(world, &person, &world.patch(&host, instance, &guests)?)
    };
    both_answer(&on("20260408T070000Z"), "declined")?;
    both(&NONE, &[second], "one occurrence is declined")?;
    both_answer(&on("20260408T070000Z"), "accepted")?;
    both(&NONE, &NONE, "it is accepted again")?;

    // All of it goes from the guest's calendar: all of it is blocked.
    done(world, &person, &world.delete(&guest, &made.id)?)?;
    let all: Vec<String> =
        [1, 8, 15, 22].map(|day| format!("2026-04-{day:02}T07:00Z/2026-04-{day:02}T08:00Z")).into();
    wait_blocks(world, &person, 1, &all, SOON).context("the guest lost the series")?;
    invited_to_one(stage)
}

/// Nobody passes on what the guest does to one occurrence: only the guest's own calendar says so.
pub(crate) fn lost_occurrence(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("lostday", 2)?);
    let (host, guest) = (person.primary(0).to_owned(), person.primary(1).to_owned());
    let mut event = timed("2026-04-01", 9, 10);
    event["recurrence"] = json!(["RRULE:FREQ=WEEKLY;COUNT=4"]);
    let made = world.invite(&host, &[&guest], &event)?;
    wait_blocks(world, &person, 1, &NONE, SOON)?;
    let third = format!("{}_20260415T070000Z", made.id);
    let block = ["2026-04-15T07:00Z/2026-04-15T08:00Z"];
    done(world, &person, &world.delete(&guest, &third)?)?;
    wait_blocks(world, &person, 1, &block, SOON).context("one occurrence is deleted by the guest")?;
    done(world, &person, &world.patch(&guest, &third, &json!({"status": "confirmed"}))?)?;
    wait_blocks(world, &person, 1, &NONE, SOON).context("it is restored")?;
    done(world, &person, &world.respond(&guest, &third, "declined")?)?;
    wait_blocks(world, &person, 1, &block, SOON).context("one occurrence is declined by the guest")?;
    // A second one, moved series, and none any more.
    let second = format!("{}_20260408T070000Z", made.id);
    done(world, &person, &world.delete(&guest, &second)?)?;
    let two = ["2026-04-08T07:00Z/2026-04-08T08:00Z", block[0]];
    wait_blocks(world, &person, 1, &two, SOON).context("two occurrences are lost")?;
    let held = mirrors(world, &guest)?;
    ensure!(held.len() == 1 && held[0].contains_key("recurrence"), "{} blocks of one series", held.len());
    shows_busy_only(&held[0])?;
    // The host moves one of them: it is an exception there.
    done(world, &person, &world.shift(&host, &second, 120)?)?;
    let two = ["2026-04-08T09:00Z/2026-04-08T10:00Z", block[0]];
    wait_blocks(world, &person, 1, &two, SOON).context("one of them was moved by the host")?;
    done(world, &person, &world.respond(&guest, &third, "accepted")?)?;
    wait_blocks(world, &person, 1, &two[..1], SOON).context("one of them is accepted after all")?;
    done(world, &person, &world.delete(&host, &made.id)?)?;
    wait_blocks(world, &person, 1, &NONE, SOON).context("the host deleted the series")?;
    let left = [1, 15, 22].map(|day| format!("2026-04-{day:02}T07:00Z/2026-04-{day:02}T08:00Z"));
    wait_blocks(world, &person, 0, &left, SOON).context("the host lost the series")
}

fn occurrence(world: &World, calendar: &str, id: &str) -> Result<Object> {
    let seen = tminus_e2e::view::view(world, calendar)?;
    let found = seen.into_iter().find(|event| event.get("id").is_some_and(|known| known == id));
    let found = found.context("no such occurrence")?;
    times(&found)?;
    Ok(found)
}

/// A guest of one occurrence alone: its series is blocked, but for that one.
fn invited_to_one(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("oneonly", 2)?);
    let (host, guest) = (person.primary(0).to_owned(), person.primary(1).to_owned());
    ensure!(host.ends_with(DOMAIN), "nobody's address");
    let mut event = timed("2026-04-01", 9, 10);
    event["recurrence"] = json!(["RRULE:FREQ=WEEKLY;COUNT=3"]);
    let made = world.insert(&host, &event)?;
    let at = |day: u32| format!("2026-04-{day:02}T07:00Z/2026-04-{day:02}T08:00Z");
    wait_blocks(world, &person, 1, &[at(1), at(8), at(15)], SOON)?;
    let instance = format!("{}_20260408T070000Z", made.id);
    let edit = world.invite_to_instance(&host, &instance, &guest)?;
    done(world, &person, &edit)?;
    wait_blocks(world, &person, 1, &[at(1), at(15)], SOON).context("the guest holds one occurrence")?;
    wait_blocks(world, &person, 0, &NONE, SOON).context("the host holds the series")?;
    done(world, &person, &world.respond(&guest, &instance, "declined")?)?;
    wait_blocks(world, &person, 1, &[at(1), at(8), at(15)], SOON).context("the guest declined it")
}
