//! The resources of Calendar API v3 and the token endpoint, as they stand on the wire.
//!
//! Reading is tolerant: unknown fields are passed over, unknown enum values are kept (`Other`), absent fields
//! are `None`. Writing leaves out what is `None`.

mod calendar;
mod channel;
pub mod error;
mod event;
mod event_list;
mod lenient;
mod open_enum;
mod token;

pub use calendar::{AccessRole, Calendar, CalendarListEntry, CalendarListPage, NewCalendar};
pub(crate) use channel::StopRequest;
pub use channel::{WatchRequest, WatchResponse};
pub use event::{
    Attendee, Event, EventDateTime, EventStatus, EventType, ExtendedProperties, Organizer, ReminderOverride,
    Reminders, ResponseStatus, Transparency, Visibility,
};
pub use event_list::{EventPage, MalformedItem, RawEvent};
pub(crate) use lenient::{bool_or_text, text_or_list};
pub use token::TokenResponse;
