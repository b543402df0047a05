//! Google calls a change with two targets. Each part of a batch counts, its envelope does not.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use tminus_e2e::figures::mean;
use tminus_e2e::timeline::{between, calls, count, wait_listed, wait_written};
use tminus_e2e::world::Edit;

use crate::propagation::event;
use crate::{Bench, Figures, Options, figures};

const ROUNDS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer than what is put off when nothing fails: the echo's debounce (2 s), a nudge said again (5 s).
const AFTERMATH: Duration = Duration::from_secs(13);

pub(crate) fn run(options: &Options) -> Result<Figures> {
    let bench = Bench::start("calls", options)?;
    let mut found: [Vec<f64>; 4] = Default::default();
    for round in 0..ROUNDS {
        eprintln!("    round {} of {ROUNDS} ..", round + 1);
        let account = round % bench.person.accounts.len();
        let (calendar, world) = (bench.person.primary(account), &bench.world);
        let (edit, created) = counted(&bench, account, true, || world.insert(calendar, &event(round, 9)))?;
        let id = &edit.id;
        let (_, moved) = counted(&bench, account, true, || world.patch(calendar, id, &event(round, 13)))?;
        let title = json!({"summary": "Another title"});
        let (_, retitled) = counted(&bench, account, false, || world.patch(calendar, id, &title))?;
        let (_, deleted) = counted(&bench, account, true, || world.delete(calendar, id))?;
        for (all, one) in found.iter_mut().zip([created, moved, retitled, deleted]) {
            all.push(one);
        }
    }
    let [create, moved, retitle, delete] = found.map(|all| mean(&all));
    let (lists, writes) = echoes(&bench)?;
    Ok(figures([
        ("create", create),
        ("move", moved),
        ("delete", delete),
        ("retitle_busy", retitle),
        ("echo_lists", lists),
        ("echo_writes", writes),
    ]))
}

/// Makes a change and counts the calls until all is at rest.
fn counted(
    bench: &Bench,
    account: usize,
    writes: bool,
    change: impl FnOnce() -> Result<Edit>,
) -> Result<(Edit, f64)> {
    let before = calls(&bench.world);
    let edit = change()?;
    if writes {
        wait_written(&bench.world, &edit, &bench.targets(account), PATIENCE)?;
    } else {
        wait_listed(&bench.world, &edit, PATIENCE)?;
    }
    bench.person.wait_settled(PATIENCE)?;
    bench.world.quiet(Duration::from_millis(300), PATIENCE)?;
    let calls = between(&before, &calls(&bench.world));
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    Ok((edit, calls.values().sum::<u64>() as f64))
}

/// With echo pushes: the most list calls of a target that follow a change, and the writes beyond one a target.
fn echoes(bench: &Bench) -> Result<(f64, f64)> {
    let world = &bench.world;
    world.google.with(|google| google.settings.echo_pushes = true);
    let (mut lists, mut writes) = (0_usize, 0_usize);
    let mut made: Option<Edit> = None;
    for what in ["create", "move", "delete"] {
        eprintln!("    {what} with echoes ..");
        let calendar = bench.person.primary(0);
        let id = || Ok::<_, anyhow::Error>(&made.as_ref().context("nothing is made")?.id);
        let edit = match what {
            "create" => world.insert(calendar, &event(20, 9))?,
            "move" => world.patch(calendar, id()?, &event(20, 13))?,
            _ => world.delete(calendar, id()?)?,
        };
        let targets = bench.targets(0);
        wait_written(world, &edit, &targets, PATIENCE)?;
        world.quiet(AFTERMATH, Duration::from_secs(90))?;
        let entries = world.since(edit.seq);
        for target in &targets {
            lists = lists.max(count(&entries, "list", target));
            writes += count(&entries, "write", target).saturating_sub(1);
        }
        made = Some(edit);
    }
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    Ok((lists as f64, writes as f64))
}
