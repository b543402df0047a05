//! Operations and the scopes each accepts, after the discovery document.

/// Prefix of all Calendar scopes.
pub const PREFIX: &str = "https://www.googleapis.com/auth/";

/// An operation of the Calendar API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Operation {
    CalendarListList,
    CalendarListGet,
    CalendarsGet,
    CalendarsInsert,
    CalendarsPatch,
    CalendarsUpdate,
    CalendarsDelete,
    EventsList,
    EventsInstances,
    EventsGet,
    EventsInsert,
    EventsUpdate,
    EventsPatch,
    EventsDelete,
    EventsWatch,
    ChannelsStop,
}

/// What the scope check needs to know about the calendar in question.
#[derive(Debug, Clone, Copy, Default)]
pub struct Subject {
    /// The caller owns the calendar.
    pub owned: bool,
    /// The caller's client created the calendar.
    pub app_created: bool,
}

const EVENTS_READ: &[&str] = &[
    "calendar",
    "calendar.readonly",
    "calendar.events",
    "calendar.events.readonly",
    "calendar.events.owned",
    "calendar.events.owned.readonly",
    "calendar.app.created",
];
const EVENTS_WRITE: &[&str] =
    &["calendar", "calendar.events", "calendar.events.owned", "calendar.app.created"];

impl Operation {
    /// Name as in the API reference, for counters and faults.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CalendarListList => "calendarList.list",
            Self::CalendarListGet => "calendarList.get",
            Self::CalendarsGet => "calendars.get",
            Self::CalendarsInsert => "calendars.insert",
            Self::CalendarsPatch => "calendars.patch",
            Self::CalendarsUpdate => "calendars.update",
            Self::CalendarsDelete => "calendars.delete",
            Self::EventsList => "events.list",
            Self::EventsInstances => "events.instances",
            Self::EventsGet => "events.get",
            Self::EventsInsert => "events.insert",
            Self::EventsUpdate => "events.update",
            Self::EventsPatch => "events.patch",
            Self::EventsDelete => "events.delete",
            Self::EventsWatch => "events.watch",
            Self::ChannelsStop => "channels.stop",
        }
    }

    /// Name in front-end error details.
    #[must_use]
    pub const fn rpc(self) -> &'static str {
        match self {
            Self::CalendarListList => "calendar.v3.CalendarList.List",
            Self::CalendarListGet => "calendar.v3.CalendarList.Get",
            Self::CalendarsGet => "calendar.v3.Calendars.Get",
            Self::CalendarsInsert => "calendar.v3.Calendars.Insert",
            Self::CalendarsPatch => "calendar.v3.Calendars.Patch",
            Self::CalendarsUpdate => "calendar.v3.Calendars.Update",
            Self::CalendarsDelete => "calendar.v3.Calendars.Delete",
            Self::EventsList => "calendar.v3.Events.List",
            Self::EventsInstances => "calendar.v3.Events.Instances",
            Self::EventsGet => "calendar.v3.Events.Get",
            Self::EventsInsert => "calendar.v3.Events.Insert",
            Self::EventsUpdate => "calendar.v3.Events.Update",
            Self::EventsPatch => "calendar.v3.Events.Patch",
            Self::EventsDelete => "calendar.v3.Events.Delete",
            Self::EventsWatch => "calendar.v3.Events.Watch",
            Self::ChannelsStop => "calendar.v3.Channels.Stop",
        }
    }

    /// Whether it changes events.
    #[must_use]
    pub const fn writes_events(self) -> bool {
        matches!(self, Self::EventsInsert | Self::EventsUpdate | Self::EventsPatch | Self::EventsDelete)
    }

    const fn accepted(self) -> &'static [&'static str] {
        match self {
            Self::CalendarListList => {
                &["calendar", "calendar.readonly", "calendar.calendarlist", "calendar.calendarlist.readonly"]
            }
            Self::CalendarListGet => &[
                "calendar",
                "calendar.readonly",
                "calendar.calendarlist",
                "calendar.calendarlist.readonly",
                "calendar.app.created",
            ],
            Self::CalendarsGet => &[
                "calendar",
                "calendar.readonly",
                "calendar.calendars",
                "calendar.calendars.readonly",
                "calendar.app.created",
            ],
            Self::CalendarsInsert | Self::CalendarsPatch | Self::CalendarsUpdate | Self::CalendarsDelete => {
                &["calendar", "calendar.calendars", "calendar.app.created"]
            }
            Self::EventsList | Self::EventsInstances | Self::EventsGet | Self::EventsWatch => EVENTS_READ,
            Self::EventsInsert | Self::EventsUpdate | Self::EventsPatch | Self::EventsDelete => EVENTS_WRITE,
            Self::ChannelsStop => &[
                "calendar",
                "calendar.readonly",
                "calendar.events",
                "calendar.events.readonly",
                "calendar.events.owned",
                "calendar.events.owned.readonly",
                "calendar.app.created",
                "calendar.acls",
                "calendar.acls.readonly",
                "calendar.calendarlist",
                "calendar.calendarlist.readonly",
                "calendar.settings.readonly",
            ],
        }
    }

    /// Whether the granted scopes suffice. Without a subject only the names are compared.
    #[must_use]
    pub fn allowed(self, scopes: &[String], subject: Option<Subject>) -> bool {
        let has = |short: &&&str| scopes.iter().any(|s| s.strip_prefix(PREFIX) == Some(short));
        self.accepted().iter().filter(has).any(|short| match (*short, subject) {
            ("calendar.app.created", Some(s)) => s.app_created,
            ("calendar.events.owned" | "calendar.events.owned.readonly", Some(s)) => s.owned,
            _ => true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(op: Operation, scope: &str, subject: Subject) -> bool {
        op.allowed(&[format!("{PREFIX}{scope}")], Some(subject))
    }

    #[test]
    fn app_created_covers_only_its_own_calendars() {
        let own = Subject { owned: true, app_created: true };
        let other = Subject { owned: true, app_created: false };
        assert!(allowed(Operation::EventsInsert, "calendar.app.created", own));
        assert!(!allowed(Operation::EventsInsert, "calendar.app.created", other));
        assert!(!allowed(Operation::CalendarListList, "calendar.app.created", own));
        assert!(allowed(Operation::CalendarListGet, "calendar.app.created", own));
    }

    #[test]
    fn reading_scopes_do_not_write() {
        let subject = Subject { owned: true, app_created: false };
        for scope in ["calendar.readonly", "calendar.events.readonly", "calendar.calendarlist.readonly"] {
            assert!(!allowed(Operation::EventsPatch, scope, subject), "{scope}");
        }
        assert!(allowed(Operation::EventsPatch, "calendar.events", subject));
        assert!(!allowed(Operation::CalendarListList, "calendar.events", subject));
        let foreign = Subject::default();
        assert!(!allowed(Operation::EventsPatch, "calendar.events.owned", foreign));
    }
}
