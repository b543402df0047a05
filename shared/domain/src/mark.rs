//! Ids of mirrors, and the proof that a mirror is ours (protocol rules 19 and 24).
//!
//! A mirror carries the pre-image of its own id as a private extended property. It is ours only if its id equals
//! the hash of that mark: a copy made by hand keeps the property but not the id, and is never touched.

use data_encoding::BASE32HEX_NOPAD;
use sha2::{Digest, Sha256};

use crate::ids::{AccountId, CalendarId, EventId};
use crate::occurrence::Occurrence;

/// The private extended property that holds the mark (at most 44 characters, Calendar API).
pub const MARK_PROPERTY: &str = "tminus.mark";
/// The private extended property that holds the projection's hash.
pub const HASH_PROPERTY: &str = "tminus.hash";
/// How the id of a mirror begins.
const ID_PREFIX: &str = "tm";
/// How a mark begins.
const VERSION: &str = "1";

/// The pre-image of a mirror's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark {
    /// The canonical event.
    pub event: EventId,
    /// The account whose calendar holds the mirror.
    pub target_account: AccountId,
    /// The calendar that holds the mirror, by our id.
    pub target_calendar: CalendarId,
    /// Grows when an id is burnt: a provider never frees one.
    pub id_generation: u32,
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { event, target_account, target_calendar, id_generation } = self;
        write!(f, "{VERSION}:{event}:{target_account}:{target_calendar}:{id_generation}")
    }
}

/// A text is not a mark of a version known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a mark")]
pub struct NotAMark;

impl std::str::FromStr for Mark {
    type Err = NotAMark;

    fn from_str(text: &str) -> Result<Self, NotAMark> {
        let mut parts = text.split(':');
        let mut part = || parts.next().ok_or(NotAMark);
        if part()? != VERSION {
            return Err(NotAMark);
        }
        let mark = Self {
            event: part()?.parse().map_err(|_| NotAMark)?,
            target_account: part()?.parse().map_err(|_| NotAMark)?,
            target_calendar: part()?.parse().map_err(|_| NotAMark)?,
            id_generation: part()?.parse().map_err(|_| NotAMark)?,
        };
        // A mark has one spelling only: "+1" or "01" parse as numbers but are not what we wrote.
        if mark.to_string() == text { Ok(mark) } else { Err(NotAMark) }
    }
}

impl Mark {
    /// The provider's event id: `tm` and base32hex of the first 20 bytes of SHA-256 over the mark; 34
    /// characters of `[a-v0-9]`, as the Calendar API asks of a client's id.
    #[must_use]
    pub fn provider_event_id(&self) -> String {
        let digest = Sha256::digest(self.to_string().as_bytes());
        let head = digest.get(..20).unwrap_or(&digest);
        format!("{ID_PREFIX}{}", BASE32HEX_NOPAD.encode(head).to_ascii_lowercase())
    }

    /// The provider's id of one instance of a mirrored series; of the mirror itself without an occurrence.
    #[must_use]
    pub fn instance_id(&self, occurrence: Option<Occurrence>) -> String {
        let own = self.provider_event_id();
        occurrence.map_or(own.clone(), |occurrence| format!("{own}_{}", occurrence.stamp()))
    }
}

/// Whether an id has the form of a mirror's. It proves nothing: an id that has not is none of ours for sure.
#[must_use]
pub fn has_form_of_ours(provider_event_id: &str) -> bool {
    provider_event_id.strip_prefix(ID_PREFIX).is_some_and(|rest| {
        rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'v').contains(&byte))
    })
}

/// An id of ours apart: the mirror's, and which instance of it, if its end is the stamp of one.
#[must_use]
pub fn apart(provider_event_id: &str) -> (&str, Option<Occurrence>) {
    match provider_event_id.split_once('_') {
        Some((own, stamp)) => match Occurrence::from_stamp(stamp) {
            Ok(occurrence) => (own, Some(occurrence)),
            Err(_) => (provider_event_id, None),
        },
        None => (provider_event_id, None),
    }
}

/// Whose an event at a provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// Nobody marked it: an event of the user.
    Origin,
    /// Ours, by proof.
    Mirror(Mark),
    /// Marked but not provably ours: a copy made by hand, or another version's. Never an origin, never touched.
    Foreign,
}

/// Decides whose an event is from its id (for an instance: its master's) and its mark property.
#[must_use]
pub fn ownership(provider_event_id: &str, mark: Option<&str>) -> Ownership {
    match mark {
        None => Ownership::Origin,
        Some(text) => match text.parse::<Mark>() {
            Ok(mark) if mark.provider_event_id() == provider_event_id => Ownership::Mirror(mark),
            _ => Ownership::Foreign,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{PrefixedId, Ulid};

    fn mark(generation: u32) -> Mark {
        Mark {
            event: EventId::from_ulid(Ulid::from_parts(1, 2)),
            target_account: AccountId::from_ulid(Ulid::from_parts(3, 4)),
            target_calendar: CalendarId::from_ulid(Ulid::from_parts(5, 6)),
            id_generation: generation,
        }
    }

    #[test]
    fn an_id_is_pinned_and_in_the_client_alphabet() {
        // Renaming or re-hashing would orphan every mirror at the provider.
        let id = mark(0).provider_event_id();
        assert_eq!(id, "tm9k3h8mncch9ram2mdk9nvqncktdofrf4");
        assert_ne!(id, mark(1).provider_event_id());
        assert!(id.len() >= 5 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'v').contains(&b)));
        assert!(has_form_of_ours(&id));
    }

    #[test]
    fn the_id_of_an_instance_is_its_series_id_and_a_stamp() {
        let on = Occurrence::from_stamp("20260301T080000Z").unwrap();
        let id = mark(0).instance_id(Some(on));
        assert_eq!(id, format!("{}_20260301T080000Z", mark(0).provider_event_id()));
        assert_eq!(apart(&id), (mark(0).provider_event_id().as_str(), Some(on)));
        assert_eq!(apart("abc_R20260301T080000"), ("abc_R20260301T080000", None));
        assert!(!has_form_of_ours("tmshort"));
    }

    #[test]
    fn only_the_proven_is_ours() {
        let mark = mark(3);
        let text = mark.to_string();
        assert_eq!(ownership(&mark.provider_event_id(), Some(&text)), Ownership::Mirror(mark));
        assert_eq!(ownership("copymadebyhand", Some(&text)), Ownership::Foreign);
        assert_eq!(ownership(&mark.provider_event_id(), Some("1:evt_x")), Ownership::Foreign);
        assert_eq!(ownership("anything", None), Ownership::Origin);
    }

    #[test]
    fn a_mark_has_one_spelling() {
        let text = mark(7).to_string();
        assert_eq!(text.parse::<Mark>(), Ok(mark(7)));
        assert!(format!("{}+7", text.trim_end_matches('7')).parse::<Mark>().is_err());
        assert!(format!("{text}:").parse::<Mark>().is_err());
    }
}
