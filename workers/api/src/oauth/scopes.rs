//! What is asked for, and whether it was granted.

use tminus_domain::policy::CalendarKind;
use tminus_domain::words;
use tminus_google::TokenResponse;

words! {
    /// What an account is linked for (protocol rule 37).
    LinkMode {
        /// Blocks go into a calendar of ours: the least permission.
        Overlay = "overlay",
        /// Blocks go into the primary calendar, where colleagues see them.
        Primary = "primary",
    }
}

impl LinkMode {
    /// Into which calendar of the account blocks are written.
    pub(crate) const fn kind(self) -> CalendarKind {
        match self {
            Self::Overlay => CalendarKind::BusyOverlay,
            Self::Primary => CalendarKind::TrueMirror,
        }
    }
}

/// To know who someone is.
pub(crate) const SIGN_IN: &[&str] = &["openid", "email"];

const OVERLAY: &[&str] = &[
    "openid",
    "email",
    "https://www.googleapis.com/auth/calendar.events.readonly",
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
    "https://www.googleapis.com/auth/calendar.app.created",
];

const PRIMARY: &[&str] = &[
    "openid",
    "email",
    "https://www.googleapis.com/auth/calendar.events.readonly",
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
    "https://www.googleapis.com/auth/calendar.app.created",
    "https://www.googleapis.com/auth/calendar.events",
];

/// The scopes of a mode.
pub(crate) const fn of(mode: LinkMode) -> &'static [&'static str] {
    match mode {
        LinkMode::Overlay => OVERLAY,
        LinkMode::Primary => PRIMARY,
    }
}

/// The scopes that were asked for and not granted: on Google's screen each box can be left unticked.
pub(crate) fn missing(asked: &[&'static str], tokens: &TokenResponse) -> Vec<&'static str> {
    // Google answers the short names of identity scopes with their long ones.
    let granted = |scope: &str| {
        tokens.grants(scope)
            || (scope == "email" && tokens.grants("https://www.googleapis.com/auth/userinfo.email"))
    };
    asked.iter().copied().filter(|scope| !granted(scope)).collect()
}
