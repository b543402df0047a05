//! What a mirror shows at the provider, whatever it was written with.

use tminus_domain::event::{self as domain, When};
use tminus_domain::mark::HASH_PROPERTY;
use tminus_domain::projection::{MirrorBody, ProjectionHash};

use crate::times::{TimeError, when};
use crate::wire::{Event, EventStatus, Visibility};

/// The fields of a mirror that are ours, as the provider shows them now.
///
/// # Errors
/// [`TimeError`] if its times cannot be read.
pub fn mirror_body(event: &Event) -> Result<MirrorBody, TimeError> {
    let when = match when(event)? {
        When::Timed { start, end, .. } => When::Timed { start, end, zone: None, end_zone: None },
        whole_days @ When::AllDay { .. } => whole_days,
    };
    Ok(MirrorBody {
        summary: event.summary.clone().unwrap_or_default(),
        description: event.description.clone().filter(|text| !text.is_empty()),
        location: event.location.clone().filter(|text| !text.is_empty()),
        when,
        tentative: event.status == Some(EventStatus::Tentative),
        recurrence: Vec::new(),
        free: false,
        color: None,
        visibility: match event.visibility {
            Some(Visibility::Private | Visibility::Confidential) => domain::Visibility::Private,
            Some(Visibility::Public) => domain::Visibility::Public,
            _ => domain::Visibility::Default,
        },
    })
}

/// The hash of what a mirror shows now. The hash that it carries only says what it was written with.
#[must_use]
pub fn shown_hash(event: &Event) -> ProjectionHash {
    mirror_body(event).map_or_else(
        |_| {
            // A mirror that cannot be read as one was changed by someone: a hash that no wish has.
            let private = event.extended_properties.as_ref().map(|properties| &properties.private);
            let carried = private.and_then(|private| private.get(HASH_PROPERTY));
            ProjectionHash::from_stored(format!("?{}", carried.map_or("", String::as_str)))
        },
        |body| body.hash(),
    )
}
