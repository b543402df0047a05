//! Everyone blocks everyone, and Google echoes every write of ours.

use std::time::Duration;

use anyhow::{Result, ensure};
use tminus_e2e::federation::{overlay, rest};
use tminus_e2e::timeline::count;

use crate::stage::{SOON, Stage, timed};

/// Longer than what is put off when nothing fails: the echo's debounce (2 s), a nudge said again (5 s).
const AFTERMATH: Duration = Duration::from_secs(13);

pub(crate) fn three_accounts(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("mesh", 3)?);
    ensure!(world.google.with(|google| google.settings.echo_pushes), "echo pushes are off");
    let before = world.now_seq();
    // All at once, and at the same time of day.
    for n in 0..3 {
        world.insert(person.primary(n), &timed("2026-04-01", 9, 10))?;
    }
    let found = rest(world, &person, SOON)?;
    ensure!((found.expected, found.found) == (6, 6), "{found:?}");
    let written = |seq: u64| world.since(seq).iter().filter(|entry| entry.kind == "write").count();
    ensure!(written(before) == 6, "{} writes for 6 blocks", written(before));
    let titles = || -> Result<Vec<_>> {
        let listed = person.listed("2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z")?;
        Ok(listed.iter().map(|event| (event["content"]["title"].clone(), event["version"].clone())).collect())
    };
    let known = titles()?;
    ensure!(known.len() == 3, "{} canonical events instead of 3", known.len());
    ensure!(
        known.iter().all(|(title, version)| title == "planted-secret title" && version == 1),
        "{known:?}"
    );

    // The echoes are looked at, and come to nothing.
    world.quiet(AFTERMATH, AFTERMATH * 5)?;
    let found = rest(world, &person, SOON)?;
    ensure!((found.expected, found.found) == (6, 6), "{found:?}");
    ensure!(written(before) == 6, "{} writes after the echoes", written(before));
    let entries = world.since(before);
    for n in 0..3 {
        let overlay = overlay(world, person.primary(n))?;
        ensure!(count(&entries, "push_sent", &overlay) > 0, "there was no echo");
        let lists = count(&entries, "list", &overlay);
        ensure!((1..=2).contains(&lists), "{lists} lists of an overlay calendar that was written twice");
    }
    ensure!(titles()? == known, "an echo touched the canonical events");
    ensure!(person.status()?.graph.is_some_and(|graph| graph.events == 3), "an echo became an event");
    Ok(())
}
