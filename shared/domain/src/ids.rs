//! Ids: prefixed ULIDs (`usr_`, `acc_`, …), made from an injected clock and rng, checked when parsed.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
pub use ulid::Ulid;

/// A text is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}_<26 characters>")]
pub struct IdError {
    /// The prefix of the wanted kind.
    pub prefix: &'static str,
}

/// An id of one kind.
pub trait PrefixedId: Sized {
    /// The prefix, without `_`.
    const PREFIX: &'static str;
    /// The id of this ULID.
    fn from_ulid(ulid: Ulid) -> Self;
    /// The ULID, without the prefix.
    fn ulid(self) -> Ulid;
}

fn parse(prefix: &'static str, text: &str) -> Result<Ulid, IdError> {
    text.strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .and_then(|rest| Some((rest, Ulid::from_string(rest).ok()?)))
        // An id has one spelling only: upper case, and no overflow that would wrap.
        .filter(|(rest, ulid)| ulid.to_string() == *rest)
        .map(|(_, ulid)| ulid)
        .ok_or(IdError { prefix })
}

macro_rules! prefixed_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl PrefixedId for $name {
            const PREFIX: &'static str = $prefix;
            fn from_ulid(ulid: Ulid) -> Self {
                Self(ulid)
            }
            fn ulid(self) -> Ulid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                parse($prefix, text).map(Self)
            }
        }

        #[cfg(feature = "openapi")]
        crate::schema::of_text!($name, concat!("^", $prefix, "_[0-7][0-9A-HJKMNP-TV-Z]{25}$"));

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

prefixed_ids! {
    /// An organisation.
    OrgId = "org";
    /// A person.
    UserId = "usr";
    /// A linked account at a provider.
    AccountId = "acc";
    /// A calendar of an account. Never the provider's id, which is an e-mail address.
    CalendarId = "cal";
    /// A canonical event.
    EventId = "evt";
    /// An entry of the journal.
    JournalId = "jrn";
    /// A policy.
    PolicyId = "pol";
    /// A run of a sync pipeline.
    RunId = "run";
    /// A dead letter.
    DeadLetterId = "dlq";
    /// A queue message; carried in its body, since the platform's own id does not survive a dead-letter queue.
    MessageId = "msg";
    /// A trace: one chain of work from a push to a written mirror.
    TraceId = "trc";
    /// A push channel of ours at the provider.
    ChannelId = "chn";
    /// A claim of mirror operations.
    ClaimId = "clm";
    /// A trip, or an override of what is blocked.
    ConstraintId = "cst";
}

impl AccountId {
    /// Whose events those are that the user makes with T-Minus itself: reserved, never linked, never written to.
    pub const INTERNAL: Self = Self(Ulid::nil());
}

impl CalendarId {
    /// The one calendar of [`AccountId::INTERNAL`].
    pub const INTERNAL: Self = Self(Ulid::nil());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_round_trips_and_another_kind_is_refused() {
        let id = AccountId::from_ulid(Ulid::from_parts(1_767_225_600_000, 7));
        let text = id.to_string();
        assert_eq!(text.parse::<AccountId>(), Ok(id));
        assert!(text.parse::<UserId>().is_err());
        assert!("acc_".parse::<AccountId>().is_err());
        assert!(text.to_lowercase().parse::<AccountId>().is_err());
        assert!("acc_ZZZZZZZZZZZZZZZZZZZZZZZZZZ".parse::<AccountId>().is_err());
        assert_eq!(serde_json::from_str::<AccountId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
    }
}
