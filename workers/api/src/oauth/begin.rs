//! Sends the browser to Google.

use tminus_google::AuthorizeRequest;
use tminus_google::pkce::code_challenge;
use tminus_ports::Ports;

use super::scopes::{self, LinkMode};
use super::state::{Flow, begin};
use crate::error::ApiError;
use crate::handle::Context;
use crate::http::ApiResponse;

/// Longest hint that is passed on, in bytes: an e-mail address has at most 254.
const MAX_HINT: usize = 254;

/// `GET /v1/auth/signin`
pub(crate) fn begin_sign_in<P: Ports>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    leave(cx, Flow::SignIn, scopes::SIGN_IN, hint(cx)?)
}

/// `GET /v1/auth/link?mode=overlay|primary&login_hint=`
pub(crate) fn begin_link<P: Ports>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let session = cx.session()?;
    let mode = match cx.query.one("mode")? {
        None => LinkMode::Overlay,
        Some(text) => text.parse().map_err(|_| ApiError::invalid("mode must be overlay or primary"))?,
    };
    let flow = Flow::Link { user: session.user, session: session.id, mode };
    leave(cx, flow, scopes::of(mode), hint(cx)?)
}

fn hint<'a, P>(cx: &'a Context<'_, P>) -> Result<Option<&'a str>, ApiError> {
    match cx.query.one("login_hint")? {
        Some(hint) if hint.len() > MAX_HINT => Err(ApiError::invalid("login_hint is over 254 bytes")),
        hint => Ok(hint),
    }
}

fn leave<P: Ports>(
    cx: &Context<'_, P>,
    flow: Flow,
    scopes: &[&str],
    login_hint: Option<&str>,
) -> Result<ApiResponse, ApiError> {
    let offline = flow != Flow::SignIn;
    let begun = begin(cx, flow)?;
    let url = cx.config.oauth.authorize_url(&AuthorizeRequest {
        scopes,
        redirect_uri: &cx.config.redirect_uri,
        state: &begun.state,
        code_challenge: &code_challenge(&begun.verifier),
        login_hint,
        // A token holds what was just asked for and shown, not what was granted some other day.
        include_granted_scopes: false,
        offline,
    });
    Ok(ApiResponse::redirect(&url).with("set-cookie", &begun.set_cookie))
}
