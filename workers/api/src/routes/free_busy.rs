//! When a person is taken, and when free.

use tminus_domain::hours::Zone;
use tminus_domain::ids::AccountId;
use tminus_user_graph::reading_contract::{FreeBusy, GetFreeBusy};

use super::own_graph::{Ask, answer};
use crate::conventions::{ApiError, Instant, Several, parameters, require_range};
use crate::handle::Context;
use crate::http::ApiResponse;

parameters! {
    /// Of when, and of what.
    FreeBusyQuery {
        /// The first instant.
        from: Instant,
        /// The instant after the last, at most 400 days later.
        to: Instant,
        /// Where whole days begin and end; unless it is said, where your working hours are, or else UTC.
        zone: Option<Zone>,
        /// Only what these accounts hold.
        account: Option<Several<AccountId>>,
    }
}

/// `GET /v1/free-busy?from=&to=&zone=&account=`
pub(crate) fn own<P>(cx: &Context<'_, P>) -> Result<Ask, ApiError> {
    let user = cx.session()?.user;
    let FreeBusyQuery { from, to, zone, account } = FreeBusyQuery::read(&cx.query)?;
    require_range(from, to)?;
    let ask = GetFreeBusy { from: from.0, to: to.0, zone, accounts: account.unwrap_or_default().0 };
    Ask::new(user, &ask, move |said| match said {
        Some(said) => Ok(answer(200, &said)),
        // Before the first account nothing is known of anybody.
        None => {
            let zone = zone.unwrap_or(Zone::UTC);
            ApiResponse::json(200, &FreeBusy { zone, busy: Vec::new(), free: None })
        }
    })
}
