//! Every route, by method and path.

use tminus_domain::ids::{AccountId, UserId};

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
            Self::AdminResync(_)
                | Self::AdminMaintain(_)
                | Self::AdminAccountStatus(_)
                | Self::AdminAccountDeadLetters(_)
                | Self::AdminUserStatus(_)
                | Self::AdminUserEvents(_)
                | Self::AdminDeadLetters
        )
    }

    /// The method that it takes.
    const fn method(&self) -> &'static str {
        if matches!(self, Self::AdminResync(_) | Self::AdminMaintain(_)) { "POST" } else { "GET" }
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
        ["v1", "admin", "dead_letters"] => Route::AdminDeadLetters,
        ["v1", "admin", "accounts", account, "resync"] => Route::AdminResync(id(account)?),
        ["v1", "admin", "accounts", account, "maintain"] => Route::AdminMaintain(id(account)?),
        ["v1", "admin", "accounts", account, "status"] => Route::AdminAccountStatus(id(account)?),
        ["v1", "admin", "accounts", object, "dead_letters"] => Route::AdminAccountDeadLetters(named(object)?),
        ["v1", "admin", "users", user, "status"] => {
            Route::AdminUserStatus(user.parse().map_err(|_| ApiError::NotFound { what: "user" })?)
        }
        ["v1", "admin", "users", user, "events"] => {
            Route::AdminUserEvents(user.parse().map_err(|_| ApiError::NotFound { what: "user" })?)
        }
        _ => return Err(ApiError::NotFound { what: "route" }),
    };
    if method == route.method() {
        Ok(route)
    } else {
        Err(ApiError::MethodNotAllowed { allow: route.method() })
    }
}

fn id(text: &str) -> Result<AccountId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound { what: "account" })
}

/// The object of an account, or the one that keeps what belongs to none.
fn named(text: &str) -> Result<String, ApiError> {
    if text == tminus_account::contract::UNROUTABLE { Ok(text.to_owned()) } else { Ok(id(text)?.to_string()) }
}
