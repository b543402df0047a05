//! Google Calendar and OAuth: wire types, error taxonomy, client. Pure: every request leaves through the
//! [`tminus_ports::Http`] port, every time is passed in.
//!
//! | module | what it is |
//! |---|---|
//! | [`wire`] | the resources as they stand on the wire |
//! | [`error`] | what a refused call means: [`Failure`], decided from status and reason |
//! | [`calendar_client`] | [`CalendarApi`]: calendars, events, push channels |
//! | [`list_query`] | [`ListEvents`] and the fields that are asked for |
//! | [`times`] | start and end as a span of time, or as what clocks show |
//! | [`mirror_body()`] | what a mirror shows, whatever it was written with |
//! | [`batch`] | up to 50 writes in one request |
//! | [`oauth`] | [`OauthClient`]: consent, code exchange, refresh, revocation |
//! | [`pkce`] | the proof key of a consent |
//! | [`id_token`] | who consented |
//! | [`secret`] | tokens that do not show in logs |

pub mod batch;
pub mod calendar_client;
pub mod error;
pub mod id_token;
pub mod list_query;
mod mirror_body;
pub mod oauth;
pub mod oauth_error;
pub mod pkce;
mod request;
pub mod secret;
mod target;
pub mod times;
pub mod wire;

pub use batch::{MAX_BATCH, WriteOp};
pub use calendar_client::CalendarApi;
pub use error::{ApiError, Failure};
pub use id_token::{IdClaims, IdTokenError};
pub use list_query::ListEvents;
pub use mirror_body::{Shown, mirror_body, shown, shown_hash};
pub use oauth::{AuthorizeRequest, CodeExchange, OauthClient, OauthConfig};
pub use oauth_error::{OauthError, OauthFailure};
pub use secret::{AccessToken, ClientSecret, RefreshToken};
pub use wire::{
    AccessRole, Attendee, Calendar, CalendarListEntry, CalendarListPage, Event, EventDateTime, EventPage,
    EventStatus, EventType, ExtendedProperties, MalformedItem, NewCalendar, Organizer, RawEvent,
    ReminderOverride, Reminders, ResponseStatus, TokenResponse, Transparency, Visibility, WatchRequest,
    WatchResponse,
};

#[cfg(test)]
mod tests;
