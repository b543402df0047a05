//! What the log tells, and what it must not.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use fake_google::discovery::Side;
use tminus_e2e::federation::rest;
use tminus_e2e::logs;
use tminus_e2e::wait::{eventually, holds};

use crate::stage::{SOON, Stage, timed};

pub(crate) fn one_trace(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("trace", 3)?);
    let account = person.accounts[0].account.as_str();
    world.insert(person.primary(0), &timed("2026-04-01", 9, 10))?;
    rest(world, &person, SOON)?;
    let hops = ["webhook", "sync", "canonicalize", "state", "mirror"].map(str::to_owned);
    eventually("one trace runs through every hop", SOON, || {
        let lines = logs::lines(&world.runtime.log)?;
        let pushes = lines.iter().filter(|line| line["worker"] == "webhook" && line["account"] == account);
        let pushes: BTreeSet<_> = pushes.filter_map(|line| line["trace"].as_str()).collect();
        let traces = logs::traces(&lines, "webhook");
        let own = traces.iter().filter(|(trace, _)| pushes.contains(trace.as_str()));
        let seen: Vec<&BTreeSet<String>> = own.map(|(_, workers)| workers).collect();
        let whole = seen.iter().any(|workers| hops.iter().all(|hop| workers.contains(hop)));
        holds(whole, || format!("only {seen:?}"))
    })
}

pub(crate) fn nobody_was_mailed(stage: &Stage) -> Result<()> {
    let counters = stage.world.google.with(|google| google.counters.clone());
    ensure!(counters.notifications_sent == 0, "{} mails", counters.notifications_sent);
    let loud = counters.writes_without_send_updates_none;
    ensure!(loud == 0, "{loud} writes without sendUpdates=none");
    Ok(())
}

/// Google's own description of its API is at hand when `cargo xtask test` runs the scenarios.
pub(crate) fn google_understands(stage: &Stage) -> Result<()> {
    let asked = stage.world.google.with(|google| {
        let of_ours = google.violations.iter().filter(|violation| violation.side == Side::Request);
        of_ours.map(|violation| format!("{violation:?}")).collect::<Vec<_>>()
    });
    ensure!(asked.is_empty(), "{} requests are none of Google's, the first: {}", asked.len(), asked[0]);
    Ok(())
}

pub(crate) fn nothing_private(stage: &Stage) -> Result<()> {
    stage.collect(&stage.world);
    let secrets = stage.secrets();
    for log in stage.logs() {
        let found = logs::leaks(&log, &secrets)?;
        ensure!(found.is_empty(), "{}: {} lines, the first: {}", log.display(), found.len(), found[0]);
        // Every line is one of ours: a JSON object with a level.
        let lines = logs::lines(&log)?;
        ensure!(lines.iter().all(|line| line["level"].is_string()), "a line without a level");
    }
    Ok(())
}
