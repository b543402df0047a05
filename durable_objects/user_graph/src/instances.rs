//! Instances of a mirrored series, which follow what becomes of its mirror.

use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::context::Context;
use crate::mirrors::{self, Part, StoredMirror};

/// The mirror of a series has another id than before: its instances are as the new one has them, until they are written
/// again. What the old one was to leave behind is gone with it.
pub(crate) fn follow<H: ObjectHost>(
    ctx: &Context<'_, H>,
    series: &StoredMirror,
    generation_before: u32,
) -> Result<(), StoreError> {
    let generation = series.mirror.id_generation;
    if series.part != Part::Series || generation == generation_before {
        return Ok(());
    }
    let of_event = mirrors::of_events(ctx, [series.key.event])?;
    let instances = of_event
        .into_iter()
        .filter(|mirror| mirror.key.calendar == series.key.calendar && mirror.key.occurrence.is_some());
    let (stale, differing): (Vec<_>, Vec<_>) = instances.partition(|mirror| mirror.part == Part::Stale);
    mirrors::forget(ctx, stale.into_iter().map(|mirror| mirror.key))?;
    for mut instance in differing {
        instance.mirror.start_over(generation);
        instance.claim = None;
        mirrors::put_fact(ctx, &instance)?;
    }
    Ok(())
}
