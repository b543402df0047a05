//! What a mirror shows at the provider, whatever it was written with.

use tminus_domain::event::{self as domain, When};
use tminus_domain::mark::HASH_PROPERTY;
use tminus_domain::projection::{Color, MirrorBody, ProjectionHash};
use tminus_domain::recurrence::canonical_lines;

use crate::times::{TimeError, when};
use crate::wire::{Event, EventStatus, Transparency, Visibility};

/// The fields of a mirror that are ours, as the provider shows them now.
///
/// # Errors
/// [`TimeError`] if its times cannot be read.
pub fn mirror_body(event: &Event) -> Result<MirrorBody, TimeError> {
    // The zone of the calendar is never asked for: the provider shows what we wrote with an offset.
    let when = match when(event, None)?.known()? {
        // Only a series is in a zone; a block or an instance is the same in any.
        When::Timed { start, end, .. } if event.recurrence.is_empty() => {
            When::Timed { start, end, zone: None, end_zone: None }
        }
        when => when,
    };
    Ok(MirrorBody {
        summary: event.summary.clone().unwrap_or_default(),
        description: event.description.clone().filter(|text| !text.is_empty()),
        location: event.location.clone().filter(|text| !text.is_empty()),
        when,
        tentative: event.status == Some(EventStatus::Tentative),
        recurrence: canonical_lines(&event.recurrence),
        free: event.transparency == Some(Transparency::Transparent),
        color: event.color_id.as_deref().and_then(color),
        visibility: match event.visibility {
            Some(Visibility::Private | Visibility::Confidential) => domain::Visibility::Private,
            Some(Visibility::Public) => domain::Visibility::Public,
            _ => domain::Visibility::Default,
        },
    })
}

/// A colour outside of the palette counts as none: no wish has it.
fn color(id: &str) -> Option<Color> {
    Color::try_from(id.parse::<u8>().ok()?).ok()
}

/// A mirror, or an instance of a mirrored series, as the provider shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The hash of what it shows now. The hash that it carries only says what it was written with.
    pub hash: ProjectionHash,
    /// What it shows, if that is not what it was written with: someone changed it. `None` also of what cannot be read.
    pub by_hand: Option<Box<MirrorBody>>,
}

/// What a mirror, or an instance of a mirrored series, shows now.
///
/// A colour is compared only where we wrote one: that of a block without is its owner's to choose (protocol rule 23).
#[must_use]
pub fn shown(event: &Event) -> Shown {
    let private = event.extended_properties.as_ref().map(|properties| &properties.private);
    let carried = private.and_then(|private| private.get(HASH_PROPERTY)).map_or("", String::as_str);
    match mirror_body(event) {
        Ok(body) if !event.is_cancelled() => {
            let colourless = MirrorBody { color: None, ..body.clone() }.hash();
            let hash = if colourless.to_string() == carried { colourless } else { body.hash() };
            let by_hand = (hash.to_string() != carried).then(|| Box::new(body));
            Shown { hash, by_hand }
        }
        // What is cancelled or cannot be read as a mirror was changed by someone: a hash that no wish has.
        _ => Shown { hash: ProjectionHash::from_text(&format!("?{carried}")), by_hand: None },
    }
}

/// The hash of what a mirror, or an instance of a mirrored series, shows now.
#[must_use]
pub fn shown_hash(event: &Event) -> ProjectionHash {
    shown(event).hash
}
