//! From sending the push of a change until both mirrors are written, on the fake Google's clock.
//!
//! Each change is alone: the next is made only when both writes of the last have come and Google has seen nothing
//! for a while. Echo pushes are off, so that nothing else is under way. Locally one thread keeps the changes of all
//! objects on the disk, one after the other: nine of them come before the second write, each for `disk_sync_ms`.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tminus_e2e::figures::percentile;
use tminus_e2e::timeline::wait_written;
use tminus_e2e::world::Edit;

use crate::{Bench, Figures, Options, figures, profile};

/// Changes before the measured ones: workerd compiles on the way.
const WARM_UP: usize = 30;
/// No entry for this long is quiet.
const QUIET: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn run(options: &Options) -> Result<Figures> {
    let bench = Bench::start("propagation", options)?;
    let changes = options.changes;
    let mut changing = Changing::default();
    for _ in 0..WARM_UP {
        one(&bench, &mut changing)?;
    }
    let mut all_ms = Vec::new();
    for n in 0..changes {
        if n % 50 == 0 {
            eprintln!("    {n} of {changes} changes ..");
        }
        all_ms.push(one(&bench, &mut changing)?);
    }
    let sync_ms = bench.sync_ms()?;
    if options.profile {
        profile::show(&bench.world.runtime.log, changes)?;
    }
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    let n = all_ms.len() as f64;
    Ok(figures([
        ("p50_ms", percentile(&all_ms, 0.5)),
        ("p95_ms", percentile(&all_ms, 0.95)),
        ("n", n),
        ("disk_sync_ms", sync_ms),
    ]))
}

fn one(bench: &Bench, changing: &mut Changing) -> Result<f64> {
    let (account, edit) = changing.next(bench)?;
    let latency = wait_written(&bench.world, &edit, &bench.targets(account), PATIENCE)?;
    bench.world.quiet(QUIET, PATIENCE)?;
    Ok(latency.all_ms())
}

/// Events that are made, moved and deleted in turn, in one account after the other.
#[derive(Default)]
pub(crate) struct Changing {
    made: usize,
    live: Option<(Edit, bool)>,
}

impl Changing {
    /// Makes the next change; answers the account that it was made in.
    pub(crate) fn next(&mut self, bench: &Bench) -> Result<(usize, Edit)> {
        let (world, account) = (&bench.world, self.made % bench.person.accounts.len());
        match self.live.take() {
            None => {
                let edit = world.insert(bench.person.primary(account), &event(self.made, 9))?;
                self.live = Some((edit.clone(), false));
                Ok((account, edit))
            }
            Some((edit, false)) => {
                let moved = world.patch(&edit.calendar, &edit.id, &event(self.made, 13))?;
                self.live = Some((edit, true));
                Ok((account, moved))
            }
            Some((edit, true)) => {
                self.made += 1;
                Ok((account, world.delete(&edit.calendar, &edit.id)?))
            }
        }
    }
}

/// An event of an hour on the n-th day.
pub(crate) fn event(n: usize, hour: u32) -> Value {
    let day = n % 28 + 1;
    let at = |hour: u32| json!({"dateTime": format!("2026-06-{day:02}T{hour:02}:00:00Z"), "timeZone": "UTC"});
    json!({"summary": "Measured", "start": at(hour), "end": at(hour + 1)})
}
