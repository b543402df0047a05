//! The token of a push channel: signed and self-describing (protocol rule 4).
//!
//! `1.<key id>.<account id>.<calendar id>.<mac>`, at most 256 characters as the Calendar API allows. The mac also
//! covers the channel's id, so that a token taken from one channel is refused with another. Ids are ours: a
//! provider's calendar id is an e-mail address.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::ids::{AccountId, CalendarId};
use crate::keys::KeyRing;
use crate::signed::{mac, mac_holds};

const VERSION: &str = "1";

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelClaims {
    /// The account that watches.
    pub account: AccountId,
    /// The calendar that is watched.
    pub calendar: CalendarId,
}

/// The token is not one that we signed for this channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the channel token is not valid")]
pub struct InvalidToken;

/// The token for a channel.
#[must_use]
pub fn issue(ring: &KeyRing, channel_id: &str, claims: ChannelClaims) -> String {
    let (id, key) = ring.current();
    let head = format!("{VERSION}.{id}.{}.{}", claims.account, claims.calendar);
    let mac = mac(key, &format!("channel\n{head}\n{channel_id}"));
    format!("{head}.{}", URL_SAFE_NO_PAD.encode(mac))
}

/// Checks a token against the channel that it came with, in constant time.
///
/// # Errors
/// [`InvalidToken`], whatever the reason.
pub fn verify(ring: &KeyRing, channel_id: &str, token: &str) -> Result<ChannelClaims, InvalidToken> {
    let (head, mac) = token.rsplit_once('.').ok_or(InvalidToken)?;
    let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_| InvalidToken)?;
    let mut parts = head.split('.');
    let mut part = || parts.next().ok_or(InvalidToken);
    if part()? != VERSION {
        return Err(InvalidToken);
    }
    let key = ring.get(part()?).ok_or(InvalidToken)?;
    if !mac_holds(key, &format!("channel\n{head}\n{channel_id}"), &mac) {
        return Err(InvalidToken);
    }
    let claims = ChannelClaims {
        account: part()?.parse().map_err(|_| InvalidToken)?,
        calendar: part()?.parse().map_err(|_| InvalidToken)?,
    };
    if parts.next().is_some() { Err(InvalidToken) } else { Ok(claims) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{PrefixedId, Ulid};
    use crate::keys::Key;

    #[test]
    fn a_token_holds_for_its_channel_only_and_fits_the_provider() {
        let old = KeyRing::single("old".into(), Key::new([1; 32]));
        let claims = ChannelClaims {
            account: AccountId::from_ulid(Ulid::from_parts(1, 1)),
            calendar: CalendarId::from_ulid(Ulid::from_parts(2, 2)),
        };
        let token = issue(&old, "chn-1", claims);
        assert!(token.len() <= 256);
        assert_eq!(verify(&old, "chn-1", &token), Ok(claims));
        assert_eq!(verify(&old, "chn-2", &token), Err(InvalidToken));
        let stranger = KeyRing::single("old".into(), Key::new([2; 32]));
        assert_eq!(verify(&stranger, "chn-1", &token), Err(InvalidToken));
        for text in ["", "1", "1.old", "1.old.acc.cal.mac", &token[..token.len() - 2]] {
            assert_eq!(verify(&old, "chn-1", text), Err(InvalidToken));
        }
    }

    #[test]
    fn a_token_of_an_older_key_still_holds() {
        let encode = |byte: u8| base64::engine::general_purpose::STANDARD.encode([byte; 32]);
        let claims = ChannelClaims {
            account: AccountId::from_ulid(Ulid::from_parts(1, 1)),
            calendar: CalendarId::from_ulid(Ulid::from_parts(2, 2)),
        };
        let before = KeyRing::parse(&format!("a:{}", encode(1))).unwrap();
        let after = KeyRing::parse(&format!("b:{},a:{}", encode(2), encode(1))).unwrap();
        assert_eq!(verify(&after, "c", &issue(&before, "c", claims)), Ok(claims));
    }
}
