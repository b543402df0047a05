//! The protocol's rules of accounts, on the real runtime: one overlay, unlinking, consent.
//! `docs/PROTOCOL.md` says what each rule is.

use std::time::Duration;

use anyhow::{Result, ensure};
use fake_google::faults::{Effect, Fault};
use fake_google::oauth::DEFAULT_CLIENT_ID;
use serde_json::Value;
use tminus_domain::mark::MARK_PROPERTY;
use tminus_e2e::federation::{converge, overlay, rest, sources};
use tminus_e2e::person::{DOMAIN, Person};
use tminus_e2e::wait::{eventually_every, holds};
use tminus_e2e::world::World;

use crate::stage::{SOON, Stage, timed};

/// Draining, two empty lists ten seconds apart, closing.
const UNLINKING: Duration = Duration::from_secs(60);

/// Rule 25: the answer to the overlay's insert is lost; it is found again instead of being made twice.
pub(crate) fn one_overlay(stage: &Stage) -> Result<()> {
    let world = stage.apart("one_overlay", Vec::new())?;
    let lost = Effect { drop_answer_after: true, ..Effect::default() };
    world.google.with(|google| google.faults.push(Fault::on("calendars.insert", 1, lost)));
    let emails: Vec<String> = (1..=2).map(|n| format!("one-overlay-{n}@{DOMAIN}")).collect();
    let person = Person::link(&world, &emails)?;
    eventually_every(Duration::from_millis(50), "every account is ready", Duration::from_secs(90), || {
        let ready = person.status()?.accounts.iter().filter(|account| account.overlay_ready).count();
        holds(ready == 2, || format!("{ready} are ready"))
    })?;
    world.insert(person.primary(0), &timed("2026-04-01", 9, 10))?;
    rest(&world, &person, Duration::from_secs(60))?;
    for email in &emails {
        // Fails if there is more than one.
        overlay(&world, email)?;
    }
    stage.collect(&world);
    Ok(())
}

/// Rule 29: an account is unlinked with everything that was ever written into it, and can be linked again.
pub(crate) fn unlinking(stage: &Stage) -> Result<()> {
    let world = stage.apart("unlinking", Vec::new())?;
    let mut person = Person::ready(&world, "unlinking", 3)?;
    for n in 0..3 {
        world.insert(person.primary(n), &timed(&format!("2026-04-0{}", n + 1), 9, 10))?;
    }
    rest(&world, &person, SOON)?;
    let gone = person.accounts.pop().ok_or_else(|| anyhow::anyhow!("no account"))?;
    let answer = person.unlink(&gone.account)?;
    ensure!(answer.status == 202, "{}", answer.shown());
    let too_early = person.try_link(&gone.email)?;
    ensure!(too_early.error_code().as_deref() == Some("unlink_under_way"), "{}", too_early.shown());
    eventually_every(Duration::from_millis(50), "the account is unlinked", UNLINKING, || {
        let accounts = person.status()?.accounts;
        holds(accounts.len() == 2, || format!("{:?}", accounts.iter().map(|a| &a.status).collect::<Vec<_>>()))
    })?;
    // Its events block nobody any more, and the others still block each other.
    rest(&world, &person, SOON)?;
    ensure!(overlay(&world, &gone.email).is_err(), "its overlay is still there");
    let own = sources(&world, &gone.email);
    for calendar in &own {
        let ours = world.events(calendar)?.into_iter().filter(is_marked).count();
        ensure!(ours == 0, "{ours} of our events are left in its calendars");
        ensure!(world.events(calendar)?.len() == 1, "an event of its owner is gone");
    }
    let channels = world
        .google
        .with(|google| google.channels.values().filter(|channel| own.contains(&channel.calendar)).count());
    ensure!(channels == 0, "{channels} channels are open");
    let revokes = world.google.with(|google| google.counters.operations.get("oauth.revoke").copied());
    ensure!(revokes == Some(1), "{revokes:?} revocations");
    let before = gone.account;
    person.link_account(&gone.email)?;
    person.wait_ready()?;
    ensure!(person.accounts.last().is_some_and(|account| account.account == before), "another account");
    rest(&world, &person, SOON)?;
    stage.collect(&world);
    Ok(())
}

fn is_marked(event: &fake_google::model::Object) -> bool {
    event.get("extendedProperties").is_some_and(|all| all["private"][MARK_PROPERTY] != Value::Null)
}

/// Rule 30: a grant that is gone is told, and a new consent brings everything back that changed meanwhile.
pub(crate) fn consent(stage: &Stage) -> Result<()> {
    let world: &World = &stage.apart("consent", Vec::new())?;
    let mut person = Person::ready(world, "consent", 2)?;
    rest(world, &person, SOON)?;
    let email = person.primary(1).to_owned();
    world.google.with(|google| google.oauth.revoke(&email, Some(DEFAULT_CLIENT_ID)));
    world.insert(&email, &timed("2026-04-01", 9, 10))?;
    eventually_every(Duration::from_millis(50), "the account asks for consent", SOON, || {
        let accounts = person.status()?.accounts;
        let revoked = accounts.iter().any(|account| account.status == "revoked");
        holds(revoked, || format!("{:?}", accounts.iter().map(|a| &a.status).collect::<Vec<_>>()))
    })?;
    world.insert(person.primary(0), &timed("2026-04-02", 9, 10))?;
    person.accounts.pop();
    person.link_account(&email)?;
    converge(world, &person, Duration::from_secs(30))?;
    ensure!(person.status()?.accounts.iter().all(|account| account.status == "active"), "not active");
    stage.collect(world);
    Ok(())
}
