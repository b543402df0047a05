//! Instances of a mirrored series, which follow what becomes of its mirror.

use tminus_domain::mirroring::Mirror;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::context::Context;
use crate::mirror_journal::Recorder;
use crate::mirrors::{self, Part, StoredMirror};

/// The mirror of a series has another id than before: its instances are as the new one has them, until they are written
/// again. What the old one was to leave behind is gone with it.
pub(crate) fn follow<H: ObjectHost>(
    ctx: &Context<'_, H>,
    series: &StoredMirror,
    generation_before: u32,
    recorder: &mut Recorder,
) -> Result<(), StoreError> {
    if series.part != Part::Series || series.mirror.id_generation == generation_before {
        return Ok(());
    }
    let is_gone = |mirror: &StoredMirror| {
        mirror.part == Part::Stale || (series.mirror.wanted.is_none() && !mirror.dismissed)
    };
    let mut gone = of_series(ctx, series)?;
    gone.retain(is_gone);
    gone.iter().try_for_each(|mirror| recorder.record(mirror.key, Some(mirror), None))?;
    mirrors::forget(ctx, gone.into_iter().map(|mirror| mirror.key))?;
    start_over(ctx, series, recorder)
}

/// Whether the mirror of a series, found as it is now, is something else than what was written of it, and nothing that is
/// to be: a hand changed it. What its instances answered meanwhile is not true any more.
pub(crate) fn stood_elsewhere(before: &Mirror, found: &Mirror) -> bool {
    before.acked.is_some() && found.acked != before.acked && found.acked != found.wanted
}

/// What differs in a series is taken to be as the series has it, until it is written again.
pub(crate) fn start_over<H: ObjectHost>(
    ctx: &Context<'_, H>,
    series: &StoredMirror,
    recorder: &mut Recorder,
) -> Result<(), StoreError> {
    if series.part != Part::Series {
        return Ok(());
    }
    for mut instance in of_series(ctx, series)? {
        if instance.part == Part::Stale {
            continue;
        }
        let before = instance.clone();
        instance.mirror.start_over(series.mirror.id_generation);
        if instance.dismissed && series.mirror.wanted.is_none() {
            // There is nothing that it would have to be kept out of, until its series is wanted again.
            instance.mirror.lapse();
        }
        instance.claim = None;
        mirrors::put_fact(ctx, &instance)?;
        recorder.record(instance.key, Some(&before), Some(&instance))?;
    }
    Ok(())
}

fn of_series<H: ObjectHost>(
    ctx: &Context<'_, H>,
    series: &StoredMirror,
) -> Result<Vec<StoredMirror>, StoreError> {
    let mut found = mirrors::of_events(ctx, [series.key.event])?;
    found.retain(|mirror| mirror.key.calendar == series.key.calendar && mirror.key.occurrence.is_some());
    Ok(found)
}
