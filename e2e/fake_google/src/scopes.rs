//! Operations and the scopes each accepts, after the discovery document.

/// Prefix of all Calendar scopes.
pub const PREFIX: &str = "https://www.googleapis.com/auth/";

/// An operation of the Calendar API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Operation {
    CalendarListList,
    CalendarListGet,
    CalendarListInsert,
    CalendarListDelete,
    CalendarsGet,
    CalendarsInsert,
    CalendarsPatch,
    CalendarsUpdate,
    CalendarsDelete,
    EventsList,
    EventsInstances,
    EventsGet,
    EventsInsert,
    EventsImport,
    EventsMove,
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

const LIST_READ: &[&str] =
    &["calendar", "calendar.readonly", "calendar.calendarlist", "calendar.calendarlist.readonly"];
const CALENDARS_WRITE: &[&str] = &["calendar", "calendar.calendars", "calendar.app.created"];
const EVENTS_READ: &[&str] = &[
    "calendar",
    "calendar.readonly",
    "calendar.events",
    "calendar.events.readonly",
    "calendar.events.freebusy",
    "calendar.events.public.readonly",
    "calendar.events.owned",
    "calendar.events.owned.readonly",
    "calendar.app.created",
];
const EVENTS_WRITE: &[&str] =
    &["calendar", "calendar.events", "calendar.events.owned", "calendar.app.created"];

/// Of each operation: its name as in the API reference (for counters and faults), its name in
/// front-end error details, the scopes it accepts.
type Row = (&'static str, &'static str, &'static [&'static str]);

impl Operation {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::CalendarListList,
        Self::CalendarListGet,
        Self::CalendarListInsert,
        Self::CalendarListDelete,
        Self::CalendarsGet,
        Self::CalendarsInsert,
        Self::CalendarsPatch,
        Self::CalendarsUpdate,
        Self::CalendarsDelete,
        Self::EventsList,
        Self::EventsInstances,
        Self::EventsGet,
        Self::EventsInsert,
        Self::EventsImport,
        Self::EventsMove,
        Self::EventsUpdate,
        Self::EventsPatch,
        Self::EventsDelete,
        Self::EventsWatch,
        Self::ChannelsStop,
    ];

    const fn row(self) -> Row {
        match self {
            Self::CalendarListList => ("calendarList.list", "calendar.v3.CalendarList.List", LIST_READ),
            Self::CalendarListGet => (
                "calendarList.get",
                "calendar.v3.CalendarList.Get",
                &[
                    "calendar",
                    "calendar.readonly",
                    "calendar.calendarlist",
                    "calendar.calendarlist.readonly",
                    "calendar.app.created",
                ],
            ),
            Self::CalendarListInsert => (
                "calendarList.insert",
                "calendar.v3.CalendarList.Insert",
                &["calendar", "calendar.calendarlist"],
            ),
            Self::CalendarListDelete => (
                "calendarList.delete",
                "calendar.v3.CalendarList.Delete",
                &["calendar", "calendar.calendarlist", "calendar.app.created"],
            ),
            Self::CalendarsGet => (
                "calendars.get",
                "calendar.v3.Calendars.Get",
                &[
                    "calendar",
                    "calendar.readonly",
                    "calendar.calendars",
                    "calendar.calendars.readonly",
                    "calendar.app.created",
                ],
            ),
            Self::CalendarsInsert => ("calendars.insert", "calendar.v3.Calendars.Insert", CALENDARS_WRITE),
            Self::CalendarsPatch => ("calendars.patch", "calendar.v3.Calendars.Patch", CALENDARS_WRITE),
            Self::CalendarsUpdate => ("calendars.update", "calendar.v3.Calendars.Update", CALENDARS_WRITE),
            Self::CalendarsDelete => ("calendars.delete", "calendar.v3.Calendars.Delete", CALENDARS_WRITE),
            Self::EventsList => ("events.list", "calendar.v3.Events.List", EVENTS_READ),
            Self::EventsInstances => ("events.instances", "calendar.v3.Events.Instances", EVENTS_READ),
            Self::EventsGet => ("events.get", "calendar.v3.Events.Get", EVENTS_READ),
            Self::EventsInsert => ("events.insert", "calendar.v3.Events.Insert", EVENTS_WRITE),
            Self::EventsImport => ("events.import", "calendar.v3.Events.Import", EVENTS_WRITE),
            Self::EventsMove => (
                "events.move",
                "calendar.v3.Events.Move",
                &["calendar", "calendar.events", "calendar.events.owned"],
            ),
            Self::EventsUpdate => ("events.update", "calendar.v3.Events.Update", EVENTS_WRITE),
            Self::EventsPatch => ("events.patch", "calendar.v3.Events.Patch", EVENTS_WRITE),
            Self::EventsDelete => ("events.delete", "calendar.v3.Events.Delete", EVENTS_WRITE),
            Self::EventsWatch => ("events.watch", "calendar.v3.Events.Watch", EVENTS_READ),
            Self::ChannelsStop => (
                "channels.stop",
                "calendar.v3.Channels.Stop",
                &[
                    "calendar",
                    "calendar.readonly",
                    "calendar.events",
                    "calendar.events.readonly",
                    "calendar.events.freebusy",
                    "calendar.events.public.readonly",
                    "calendar.events.owned",
                    "calendar.events.owned.readonly",
                    "calendar.app.created",
                    "calendar.acls",
                    "calendar.acls.readonly",
                    "calendar.calendarlist",
                    "calendar.calendarlist.readonly",
                    "calendar.settings",
                    "calendar.settings.readonly",
                ],
            ),
        }
    }

    /// Name as in the API reference, for counters and faults.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// Name in front-end error details.
    #[must_use]
    pub const fn rpc(self) -> &'static str {
        self.row().1
    }

    /// Short names of the scopes which allow it, as the discovery document has them.
    #[must_use]
    pub const fn accepted(self) -> &'static [&'static str] {
        self.row().2
    }

    /// Whether it changes events.
    #[must_use]
    pub const fn writes_events(self) -> bool {
        matches!(
            self,
            Self::EventsInsert
                | Self::EventsImport
                | Self::EventsMove
                | Self::EventsUpdate
                | Self::EventsPatch
                | Self::EventsDelete
        )
    }

    /// Whether the granted scopes suffice. Without a subject only the names are compared.
    #[must_use]
    pub fn allowed(self, scopes: &[String], subject: Option<Subject>) -> bool {
        let has = |short: &&&str| scopes.iter().any(|s| s.strip_prefix(PREFIX) == Some(short));
        self.accepted().iter().filter(has).any(|short| match (*short, subject) {
            ("calendar.app.created", Some(s)) => s.app_created,
            // Calendars which are public, and views which hide all but the times, do not exist here.
            ("calendar.events.public.readonly" | "calendar.events.freebusy", Some(_)) => false,
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
