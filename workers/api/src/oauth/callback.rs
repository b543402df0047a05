//! The browser's return from Google: all checks, then the exchange of the code.

use tminus_google::{CodeExchange, IdClaims, TokenResponse, id_token};
use tminus_ports::Ports;
use tminus_registry::RegistrySql;

use super::link::link;
use super::sign_in::sign_in;
use super::state::{Flow, check, forget_cookie};
use crate::conventions::{ApiError, Code, parameters};
use crate::handle::Context;
use crate::http::ApiResponse;

/// Longest code that is passed on, in bytes; Google's have at most 256.
const MAX_CODE: usize = 2048;

parameters! {
    /// What the provider sends the browser back with.
    CallbackQuery {
        /// The state that the browser left with.
        state: Option<String>,
        /// The provider's code; without it there is an `error`.
        code: Option<String>,
        /// Why there is no code.
        error: Option<String>,
    }
}

/// What a program gets: the first after a sign-in, the second after a link.
#[cfg(test)]
#[derive(serde::Serialize, schemars::JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "it describes the answers of both")]
pub(crate) enum Returned {
    SignedIn(super::sign_in::SignedIn),
    Linked(super::link::Linked),
}

/// A consent that was given: the tokens, and whose they are.
pub(crate) struct Consent {
    pub(crate) tokens: TokenResponse,
    pub(crate) claims: IdClaims,
}

/// `GET /v1/auth/callback`
pub(crate) async fn callback<P: Ports + RegistrySql>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    // A parameter without a value is as good as none (RFC 6749 §3.1).
    let said = |text: Option<String>| text.filter(|text| !text.is_empty());
    let CallbackQuery { state, code, error } = CallbackQuery::read(&cx.query)?;
    if let Some(error) = said(error).as_deref() {
        return Err(match error {
            "access_denied" => {
                ApiError::refused(Code::ConsentDenied, "the permission was not given; nothing has changed")
            }
            _ => {
                let message = "the provider could not ask for the permission; start again";
                ApiError::refused(Code::ConsentFailed, message)
            }
        });
    }
    let state = said(state).ok_or_else(|| ApiError::refused(Code::StateMissing, "the state is missing"))?;
    let code = said(code).ok_or_else(|| ApiError::refused(Code::CodeMissing, "the code is missing"))?;
    if code.len() > MAX_CODE {
        return Err(ApiError::refused(Code::CodeInvalid, "the code is too long"));
    }
    let returned = check(cx, &state)?;
    if let Flow::Link { user, session, .. } = &returned.flow {
        // Somebody else may have signed in on this browser since: their account must not land with the first.
        let now = cx.session()?;
        if now.user != *user || now.id != *session {
            return Err(ApiError::refused(
                Code::SessionMismatch,
                "the link was begun in another session; start again",
            ));
        }
    }
    returned.use_up(cx).await?;
    let exchange = CodeExchange {
        code: &code,
        redirect_uri: &cx.config.redirect_uri,
        code_verifier: &returned.verifier,
    };
    let tokens = cx.config.oauth.exchange_code(cx.ports, &exchange).await?;
    let jwt = tokens.id_token.as_deref();
    let jwt = jwt.ok_or(ApiError::Internal { what: "the provider gave no id token" })?;
    let claims = id_token::decode(jwt)?;
    claims.check(cx.config.oauth.client_id(), cx.now.seconds())?;
    let consent = Consent { tokens, claims };
    let answer = match returned.flow {
        Flow::SignIn => sign_in(cx, &consent).await?,
        Flow::Link { user, mode, .. } => link(cx, user, mode, consent).await?,
    };
    Ok(answer.with("set-cookie", &forget_cookie()))
}
