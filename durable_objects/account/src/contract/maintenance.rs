//! Maintenance: calendars discovered, the overlay made, channels opened before the old ones end.

use serde::{Deserialize, Serialize};
use tminus_domain::ids::{CalendarId, ChannelId, MessageId, UserId};
use tminus_domain::policy::CalendarRole;
use tminus_domain::time::Timestamp;

use super::{TokenGrant, UnlinkGrant, commands};

/// Asks to maintain the account; one maintainer at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeginMaintenance {
    /// The message that asks; the same holder re-enters its lease.
    pub holder: MessageId,
}

/// The answer to [`BeginMaintenance`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Maintenance {
    /// Go on.
    Granted(Box<MaintenanceGrant>),
    /// The account is being unlinked: do the next step of that.
    Unlinking(Box<UnlinkGrant>),
    /// Someone maintains it already, or it is not time yet.
    Coalesced,
    /// The grant at the provider is gone: nothing can be done until there is a new consent.
    ConsentNeeded,
}

/// What a maintainer needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenanceGrant {
    /// Whose account it is.
    pub user: UserId,
    /// The overlay calendar's id, minted with the account.
    pub overlay_calendar: CalendarId,
    /// How far the overlay is.
    pub overlay: Overlay,
    /// What to call the provider with.
    pub token: TokenGrant,
}

/// How far the overlay calendar is (protocol rule 25).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Overlay {
    /// None is there.
    Absent,
    /// One may have been inserted, with this nonce in its description.
    Creating {
        /// The nonce.
        nonce: String,
        /// Whether a list did not hold it: a second one decides.
        #[serde(default)]
        missed: bool,
    },
    /// It is there.
    Ready {
        /// Its id at the provider.
        provider_calendar_id: String,
    },
}

/// The overlay is about to be inserted with this nonce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverlayCreating {
    /// Who maintains.
    pub holder: MessageId,
    /// The nonce that its description will hold.
    pub nonce: String,
    /// How far the overlay was when the seat was given: refused if it has gone further since.
    pub replaces: Overlay,
}

/// A list did not hold the overlay that may have been inserted: it is looked for once more before another is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverlayMissed {
    /// Who maintains.
    pub holder: MessageId,
}

/// The overlay is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverlayReady {
    /// Who maintains.
    pub holder: MessageId,
    /// Its id at the provider.
    pub provider_calendar_id: String,
}

/// A calendar as the provider lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenCalendar {
    /// Its id at the provider.
    pub provider_calendar_id: String,
    /// What it is to us.
    pub role: CalendarRole,
    /// Its zone.
    pub time_zone: Option<String>,
}

/// All calendars of the account, as the provider lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutCalendars {
    /// Who maintains.
    pub holder: MessageId,
    /// Every calendar.
    pub calendars: Vec<SeenCalendar>,
}

/// A calendar as the object knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownCalendar {
    /// The calendar.
    pub calendar: CalendarId,
    /// Its id at the provider.
    pub provider_calendar_id: String,
    /// What it is to us.
    pub role: CalendarRole,
    /// Its live channels, the newest first.
    pub channels: Vec<KnownChannel>,
    /// Whether a new channel is wanted: watched, able to push, and without one that lasts.
    pub wants_channel: bool,
}

/// A live push channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownChannel {
    /// The channel.
    pub channel: ChannelId,
    /// The provider's id of what is watched, needed to stop it.
    pub resource_id: String,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// A channel was opened; answered by the older channels of the calendar, which are to be stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelOpened {
    /// The calendar.
    pub calendar: CalendarId,
    /// The new channel.
    pub opened: KnownChannel,
}

/// A channel was stopped, or is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelClosed {
    /// The channel.
    pub channel: ChannelId,
}

/// The calendar cannot push: no channel is wanted for it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelRefused {
    /// The calendar.
    pub calendar: CalendarId,
}

/// Ends maintenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndMaintenance {
    /// Who maintained.
    pub holder: MessageId,
    /// Seconds after which it is to be done again, if it did not come to its end; doubled with every failure in a row.
    pub retry_after_s: Option<u32>,
}

/// What the registry needs after maintenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenanceEnded {
    /// The channel that ends first, and when; `None` also if a calendar that wants a channel has none.
    pub first_expiry: Option<(ChannelId, Timestamp)>,
}

commands! {
    BeginMaintenance => "begin_maintenance", Maintenance;
    OverlayCreating => "overlay_creating", ();
    OverlayMissed => "overlay_missed", ();
    OverlayReady => "overlay_ready", ();
    PutCalendars => "put_calendars", Vec<KnownCalendar>;
    ChannelOpened => "channel_opened", Vec<KnownChannel>;
    ChannelClosed => "channel_closed", ();
    ChannelRefused => "channel_refused", ();
    EndMaintenance => "end_maintenance", MaintenanceEnded;
}
