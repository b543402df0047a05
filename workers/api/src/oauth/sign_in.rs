//! Signs a person in, found by the provider's subject; a person who is new gets a user and an organisation.

use serde::Serialize;
use tminus_domain::ids::UserId;
use tminus_ports::{Ports, fresh_id};
use tminus_registry::users::{NewUser, create_user_with_org, find_user_by_subject};
use tminus_registry::{RegistrySql, Subject};

use super::callback::Consent;
use crate::conventions::{ApiError, Code};
use crate::handle::Context;
use crate::http::ApiResponse;
use crate::session::Session;

/// Who is signed in now.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SignedIn {
    user_id: UserId,
}

/// Signs in. Of the tokens nothing is kept: they were only to know who it is.
pub(crate) async fn sign_in<P: Ports + RegistrySql>(
    cx: &Context<'_, P>,
    consent: &Consent,
) -> Result<ApiResponse, ApiError> {
    let user = who(cx, consent).await?;
    let session = Session::new(cx.ports, user);
    tracing::info!(%user, "signed in");
    let answer = if cx.request.wants_page() {
        ApiResponse::page("You are signed in.")
    } else {
        ApiResponse::json(200, &SignedIn { user_id: user })?
    };
    Ok(answer.with("set-cookie", &session.set_cookie(cx.config, cx.now)?))
}

async fn who<P: Ports + RegistrySql>(cx: &Context<'_, P>, consent: &Consent) -> Result<UserId, ApiError> {
    let subject = Subject::google(&consent.claims.sub);
    if let Some(user) = find_user_by_subject(cx.ports, &subject).await? {
        return Ok(user);
    }
    // An address that nobody vouches for would keep its true owner out: addresses are unique.
    let email = consent.claims.email.clone().filter(|_| consent.claims.email_verified);
    let email = email.ok_or_else(|| {
        let message = "the provider does not vouch for the address of this account";
        ApiError::refused(Code::EmailUnverified, message)
    })?;
    let new = NewUser { org: fresh_id(cx.ports), user: fresh_id(cx.ports), subject, email, now: cx.now };
    Ok(create_user_with_org(cx.ports, &new).await?)
}
