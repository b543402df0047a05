//! Every route, by method and path.

use tminus_domain::ids::{AccountId, CalendarId, DeadLetterId, EventId, UserId};

use tminus_ports::Method;

use crate::error::ApiError;

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Health,
    SignIn,
    Link,
    Callback,
    Accounts,
    Events,
    Status,
    DeadLetters,
    Policy,
    PutEdge,
    RemoveEdge,
    SetHandDeleted,
    SetHandDeletedOf(EventId),
    UnsetHandDeletedOf(EventId),
    SetWorkingHours,
    Dismiss(EventId, CalendarId),
    TakeBack(EventId, CalendarId),
    Holds,
    Hold(CalendarId),
    DecideHold(CalendarId),
    Unlink(AccountId),
    ReplayDeadLetter(AccountId, DeadLetterId),
    DiscardDeadLetter(AccountId, DeadLetterId),
    ReplayQuarantine(AccountId),
    AdminUnlink(AccountId),
    /// By object name, as below.
    AdminReplayDeadLetter(String, DeadLetterId),
    AdminDiscardDeadLetter(String, DeadLetterId),
    AdminResync(AccountId),
    AdminMaintain(AccountId),
    AdminAccountStatus(AccountId),
    /// By object name: the reserved one is asked for too.
    AdminAccountDeadLetters(String),
    AdminUserStatus(UserId),
    AdminUserEvents(UserId),
    AdminDeadLetters,
}

impl Route {
    /// The route's name for logs: a path may hold anything, a name does not.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::SignIn => "signin",
            Self::Link => "link",
            Self::Callback => "callback",
            Self::Accounts => "accounts",
            Self::Events => "events",
            Self::Status => "status",
            Self::DeadLetters => "dead_letters",
            Self::Policy => "policy",
            Self::PutEdge => "put_edge",
            Self::RemoveEdge => "remove_edge",
            Self::SetHandDeleted => "set_hand_deleted",
            Self::SetHandDeletedOf(_) => "set_hand_deleted_of",
            Self::UnsetHandDeletedOf(_) => "unset_hand_deleted_of",
            Self::SetWorkingHours => "set_working_hours",
            Self::Dismiss(..) => "dismiss",
            Self::TakeBack(..) => "take_back",
            Self::Holds => "holds",
            Self::Hold(_) => "hold",
            Self::DecideHold(_) => "decide_hold",
            Self::Unlink(_) => "unlink",
            Self::ReplayDeadLetter(..) => "replay_dead_letter",
            Self::DiscardDeadLetter(..) => "discard_dead_letter",
            Self::ReplayQuarantine(_) => "replay_quarantine",
            Self::AdminUnlink(_) => "admin_unlink",
            Self::AdminReplayDeadLetter(..) => "admin_replay_dead_letter",
            Self::AdminDiscardDeadLetter(..) => "admin_discard_dead_letter",
            Self::AdminResync(_) => "admin_resync",
            Self::AdminMaintain(_) => "admin_maintain",
            Self::AdminAccountStatus(_) => "admin_account_status",
            Self::AdminAccountDeadLetters(_) => "admin_account_dead_letters",
            Self::AdminUserStatus(_) => "admin_user_status",
            Self::AdminUserEvents(_) => "admin_user_events",
            Self::AdminDeadLetters => "admin_dead_letters",
        }
    }

    /// Whether only an operator may take it.
    pub(crate) const fn is_admin(&self) -> bool {
        matches!(
            self,
            Self::AdminUnlink(_)
                | Self::AdminReplayDeadLetter(..)
                | Self::AdminDiscardDeadLetter(..)
                | Self::AdminResync(_)
                | Self::AdminMaintain(_)
                | Self::AdminAccountStatus(_)
                | Self::AdminAccountDeadLetters(_)
                | Self::AdminUserStatus(_)
                | Self::AdminUserEvents(_)
                | Self::AdminDeadLetters
        )
    }

    /// Whether it changes something by the session's cookie, which a browser brings along for any page.
    pub(crate) const fn changes_by_session(&self) -> bool {
        !self.is_admin() && !matches!(self.method(), Method::Get)
    }

    /// The method that it takes.
    const fn method(&self) -> Method {
        match self {
            Self::AdminResync(_)
            | Self::AdminMaintain(_)
            | Self::AdminUnlink(_)
            | Self::AdminReplayDeadLetter(..)
            | Self::ReplayDeadLetter(..)
            | Self::ReplayQuarantine(_)
            | Self::DecideHold(_) => Method::Post,
            Self::PutEdge
            | Self::SetHandDeleted
            | Self::SetHandDeletedOf(_)
            | Self::SetWorkingHours
            | Self::Dismiss(..) => Method::Put,
            Self::Unlink(_)
            | Self::DiscardDeadLetter(..)
            | Self::AdminDiscardDeadLetter(..)
            | Self::RemoveEdge
            | Self::UnsetHandDeletedOf(_)
            | Self::TakeBack(..) => Method::Delete,
            _ => Method::Get,
        }
    }

    /// Every method that its path takes.
    const fn allow(&self) -> &'static str {
        match self {
            Self::PutEdge
            | Self::RemoveEdge
            | Self::SetHandDeletedOf(_)
            | Self::UnsetHandDeletedOf(_)
            | Self::Dismiss(..)
            | Self::TakeBack(..) => "DELETE, PUT",
            Self::Hold(_) | Self::DecideHold(_) => "GET, POST",
            _ => self.method().as_str(),
        }
    }
}

/// The route of a request.
pub(crate) fn route(method: &str, path: &str) -> Result<Route, ApiError> {
    let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
    let route = match segments.as_slice() {
        ["healthz"] => Route::Health,
        ["v1", "auth", "signin"] => Route::SignIn,
        ["v1", "auth", "link"] => Route::Link,
        ["v1", "auth", "callback"] => Route::Callback,
        ["v1", "accounts"] => Route::Accounts,
        ["v1", "events"] => Route::Events,
        ["v1", "status"] => Route::Status,
        ["v1", "dead_letters"] => Route::DeadLetters,
        ["v1", "policy"] => Route::Policy,
        ["v1", "policy", "edges"] if method == "DELETE" => Route::RemoveEdge,
        ["v1", "policy", "edges"] => Route::PutEdge,
        ["v1", "policy", "hand-deleted"] => Route::SetHandDeleted,
        ["v1", "working-hours"] => Route::SetWorkingHours,
        ["v1", "events", event, "hand-deleted"] if method == "DELETE" => {
            Route::UnsetHandDeletedOf(self::event(event)?)
        }
        ["v1", "events", event, "hand-deleted"] => Route::SetHandDeletedOf(self::event(event)?),
        ["v1", "events", event, "mirrors", calendar, "dismissal"] if method == "DELETE" => {
            Route::TakeBack(self::event(event)?, self::calendar(calendar)?)
        }
        ["v1", "events", event, "mirrors", calendar, "dismissal"] => {
            Route::Dismiss(self::event(event)?, self::calendar(calendar)?)
        }
        ["v1", "holds"] => Route::Holds,
        ["v1", "holds", calendar] if method == "POST" => Route::DecideHold(self::calendar(calendar)?),
        ["v1", "holds", calendar] => Route::Hold(self::calendar(calendar)?),
        ["v1", "accounts", account] => Route::Unlink(id(account)?),
        ["v1", "accounts", account, "dead_letters", letter] => {
            Route::DiscardDeadLetter(id(account)?, dead_letter(letter)?)
        }
        ["v1", "accounts", account, "dead_letters", letter, "replay"] => {
            Route::ReplayDeadLetter(id(account)?, dead_letter(letter)?)
        }
        ["v1", "accounts", account, "quarantine", "replay"] => Route::ReplayQuarantine(id(account)?),
        ["v1", "admin", "dead_letters"] => Route::AdminDeadLetters,
        ["v1", "admin", "accounts", account, "resync"] => Route::AdminResync(id(account)?),
        ["v1", "admin", "accounts", account, "maintain"] => Route::AdminMaintain(id(account)?),
        ["v1", "admin", "accounts", account, "status"] => Route::AdminAccountStatus(id(account)?),
        ["v1", "admin", "accounts", object, "dead_letters"] => Route::AdminAccountDeadLetters(named(object)?),
        ["v1", "admin", "accounts", object, "dead_letters", letter] => {
            Route::AdminDiscardDeadLetter(named(object)?, dead_letter(letter)?)
        }
        ["v1", "admin", "accounts", object, "dead_letters", letter, "replay"] => {
            Route::AdminReplayDeadLetter(named(object)?, dead_letter(letter)?)
        }
        ["v1", "admin", "accounts", account, "unlink"] => Route::AdminUnlink(id(account)?),
        ["v1", "admin", "users", user, "status"] => {
            Route::AdminUserStatus(user.parse().map_err(|_| ApiError::NotFound { what: "user" })?)
        }
        ["v1", "admin", "users", user, "events"] => {
            Route::AdminUserEvents(user.parse().map_err(|_| ApiError::NotFound { what: "user" })?)
        }
        _ => return Err(ApiError::NotFound { what: "route" }),
    };
    if method == route.method().as_str() {
        Ok(route)
    } else {
        Err(ApiError::MethodNotAllowed { allow: route.allow() })
    }
}

fn id(text: &str) -> Result<AccountId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound { what: "account" })
}

fn event(text: &str) -> Result<EventId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound { what: "event" })
}

fn calendar(text: &str) -> Result<CalendarId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound { what: "calendar" })
}

fn dead_letter(text: &str) -> Result<DeadLetterId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound { what: "dead letter" })
}

/// The object of an account, or the one that keeps what belongs to none.
fn named(text: &str) -> Result<String, ApiError> {
    if text == tminus_account::contract::UNROUTABLE { Ok(text.to_owned()) } else { Ok(id(text)?.to_string()) }
}
