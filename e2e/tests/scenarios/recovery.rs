//! What is survived: a kill of everything, a token that expires.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use tminus_e2e::chaos::{Chaos, LIMIT};
use tminus_e2e::federation::{converge, rest, toll};
use tminus_e2e::person::Person;
use tminus_e2e::timeline::{between, calls};

use crate::stage::{SOON, Stage, timed};

pub(crate) fn restart(stage: &Stage) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("tminus-e2e-restart-{}", std::process::id()));
    let outcome = restarted(stage, &folder);
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

fn restarted(stage: &Stage, folder: &std::path::Path) -> Result<()> {
    let mut world = stage.apart_in("restart", folder)?;
    let person = Person::ready(&world, "restart", 3)?;
    let made = world.insert(person.primary(0), &timed("2026-04-01", 9, 10))?;
    rest(&world, &person, SOON)?;
    let urls = (world.runtime.ready.urls.api.clone(), world.runtime.ready.urls.webhook.clone());

    // At rest: sessions, channels and mirrors outlive the kill.
    world.kill_and_restart()?;
    ensure!(
        urls == (world.runtime.ready.urls.api.clone(), world.runtime.ready.urls.webhook.clone()),
        "new ports"
    );
    ensure!(person.status()?.accounts.len() == 3, "an account is gone");
    world.patch(&made.calendar, &made.id, &timed("2026-04-02", 9, 10))?;
    converge(&world, &person, SOON)?;

    // In the middle of work, with everything that was queued.
    world.delete(&made.calendar, &made.id)?;
    let mut chaos = Chaos::new(&world, 1);
    for _ in 0..2 {
        let round = chaos.round(&mut world, &person)?;
        ensure!(round.toll.is_nothing(), "{round:?}");
    }
    rest(&world, &person, LIMIT)?;
    ensure!(toll(&world, &person)?.is_nothing(), "it did not stay as it should be");
    stage.collect(&world);
    Ok(())
}

pub(crate) fn token_refresh(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("refresh", 3)?);
    let made = world.insert(person.primary(0), &timed("2026-04-01", 9, 10))?;
    rest(world, &person, SOON)?;
    let before = calls(world);
    for account in &person.accounts {
        world.google.with(|google| google.expire_access_tokens(&account.email));
    }
    world.patch(&made.calendar, &made.id, &timed("2026-04-02", 9, 10))?;
    rest(world, &person, SOON)?;
    let refreshes = between(&before, &calls(world)).get("oauth.token").copied().unwrap_or_default();
    ensure!(refreshes == 3, "{refreshes} refreshes for three expired tokens");
    // The refreshed ones are kept.
    let before = calls(world);
    world.patch(&made.calendar, &made.id, &timed("2026-04-03", 9, 10))?;
    rest(world, &person, SOON)?;
    let calls = between(&before, &calls(world));
    ensure!(!calls.contains_key("oauth.token"), "a good token was refreshed: {calls:?}");
    let states: BTreeSet<String> =
        person.status()?.accounts.into_iter().map(|account| account.status).collect();
    ensure!(states == BTreeSet::from(["active".to_owned()]), "{states:?}");
    Ok(())
}
