//! Google writes of a weekly series of 52 occurrences with two targets: made, moved as a whole, deleted.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tminus_e2e::figures::mean;
use tminus_e2e::timeline::{count, wait_listed};
use tminus_e2e::wait::{eventually, holds};
use tminus_e2e::world::Edit;

use crate::{Bench, Figures, Options, figures};

const ROUNDS: usize = 3;
const RULE: &str = "RRULE:FREQ=WEEKLY;COUNT=52";
const PATIENCE: Duration = Duration::from_secs(30);
/// A second write of the same change would come within this.
const AFTERMATH: Duration = Duration::from_secs(1);

pub(crate) fn run(options: &Options) -> Result<Figures> {
    let bench = Bench::start("series", options)?;
    let world = &bench.world;
    let mut found: [Vec<f64>; 3] = Default::default();
    let mut converged = true;
    for round in 0..ROUNDS {
        eprintln!("    round {} of {ROUNDS} ..", round + 1);
        let account = round % bench.person.accounts.len();
        let calendar = bench.person.primary(account);
        let [made, moved] = [series(round, 9), series(round, 13)];
        let edit = world.insert(calendar, &made)?;
        let mut writes = vec![written(&bench, account, &edit, Some(&made))?];
        let edit = world.patch(calendar, &edit.id, &moved)?;
        writes.push(written(&bench, account, &edit, Some(&moved))?);
        let edit = world.delete(calendar, &edit.id)?;
        writes.push(written(&bench, account, &edit, None)?);
        for (all, (writes, as_wanted)) in found.iter_mut().zip(writes) {
            all.push(writes);
            converged &= as_wanted;
        }
    }
    let [create, moved, delete] = found.map(|all| mean(&all));
    let mut all = figures([("create_writes", create), ("move_writes", moved), ("delete_writes", delete)]);
    all.insert("converged", json!(converged));
    Ok(all)
}

/// A weekly series that begins in the n-th week.
fn series(n: usize, hour: u32) -> Value {
    let at = |hour: u32| {
        let day = format!("2027-01-{:02}", 4 + 7 * n);
        json!({"dateTime": format!("{day}T{hour:02}:00:00+01:00"), "timeZone": "Europe/Berlin"})
    };
    json!({"summary": "Measured", "start": at(hour), "end": at(hour + 1), "recurrence": [RULE]})
}

/// The writes into all targets that an edit brought, and whether these show the series as it is `wanted` now. Some
/// writes that do not bring that are a failure; none at all mean that series are not mirrored.
fn written(bench: &Bench, account: usize, edit: &Edit, wanted: Option<&Value>) -> Result<(f64, bool)> {
    let (world, targets) = (&bench.world, bench.targets(account));
    wait_listed(world, edit, PATIENCE)?;
    bench.person.wait_settled(PATIENCE)?;
    world.quiet(AFTERMATH, PATIENCE)?;
    let writes = || -> usize {
        let entries = world.since(edit.seq);
        targets.iter().map(|target| count(&entries, "write", target)).sum()
    };
    if writes() == 0 {
        return Ok((0.0, shown(bench, &targets, wanted)?));
    }
    eventually("every target shows the series", PATIENCE, || {
        holds(shown(bench, &targets, wanted)?, || format!("{} writes brought something else", writes()))
    })?;
    world.quiet(AFTERMATH, PATIENCE)?;
    ensure!(shown(bench, &targets, wanted)?, "the series did not stay as it is wanted");
    Ok((writes() as f64, true))
}

/// Whether each target holds the series once, with its rule and at its time, and nothing else.
fn shown(bench: &Bench, targets: &[String], wanted: Option<&Value>) -> Result<bool> {
    for target in targets {
        let events = bench.world.events(target)?;
        let right = |event: &&fake_google::model::Object| {
            let same = |key: &str, field: &str| {
                let of = |event: Option<&Value>| event.map(|event| event[key][field].clone());
                let has = event.get(key).map(|value| value[field].clone());
                has.is_some() && has == of(wanted)
            };
            event.get("recurrence") == wanted.map(|wanted| &wanted["recurrence"])
                && ["start", "end"].into_iter().all(|key| same(key, "timeZone") && same(key, "dateTime"))
        };
        if events.iter().filter(right).count() != usize::from(wanted.is_some())
            || events.len() != usize::from(wanted.is_some())
        {
            return Ok(false);
        }
    }
    Ok(true)
}
