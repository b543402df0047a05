//! The browser's return from Google: all checks, then the exchange of the code.

use tminus_google::{CodeExchange, IdClaims, TokenResponse, id_token};
use tminus_ports::Ports;
use tminus_registry::RegistrySql;

use super::link::link;
use super::sign_in::sign_in;
use super::state::{Flow, check, forget_cookie};
use crate::error::ApiError;
use crate::handle::Context;
use crate::http::ApiResponse;

/// Longest code that is passed on, in bytes; Google's have at most 256.
const MAX_CODE: usize = 2048;

/// A consent that was given: the tokens, and whose they are.
pub(crate) struct Consent {
    pub(crate) tokens: TokenResponse,
    pub(crate) claims: IdClaims,
}

/// `GET /v1/auth/callback`
pub(crate) async fn callback<P: Ports + RegistrySql>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    if let Some(error) = cx.query.one("error")? {
        return Err(match error {
            "access_denied" => ApiError::Forbidden {
                code: "consent_denied",
                message: "the permission was not given; nothing has changed".to_owned(),
            },
            _ => bad("consent_failed", "the provider could not ask for the permission; start again"),
        });
    }
    let state = cx.query.one("state")?.ok_or_else(|| bad("state_missing", "the state is missing"))?;
    let code = cx.query.one("code")?.ok_or_else(|| bad("code_missing", "the code is missing"))?;
    if code.len() > MAX_CODE {
        return Err(bad("code_invalid", "the code is too long"));
    }
    let returned = check(cx, state)?;
    if let Flow::Link { user, session, .. } = &returned.flow {
        // Somebody else may have signed in on this browser since: their account must not land with the first.
        let now = cx.session()?;
        if now.user != *user || now.id != *session {
            return Err(ApiError::Forbidden {
                code: "session_mismatch",
                message: "the link was begun in another session; start again".to_owned(),
            });
        }
    }
    returned.use_up(cx).await?;
    let exchange =
        CodeExchange { code, redirect_uri: &cx.config.redirect_uri, code_verifier: &returned.verifier };
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

fn bad(code: &'static str, message: &str) -> ApiError {
    ApiError::BadRequest { code, message: message.to_owned() }
}
