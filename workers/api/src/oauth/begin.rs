//! Sends the browser to Google.

use tminus_google::AuthorizeRequest;
use tminus_google::pkce::code_challenge;
use tminus_ports::Ports;

use super::scopes::{self, LinkMode};
use super::state::{Flow, begin};
use crate::conventions::{ApiError, Form, parameters};
use crate::handle::Context;
use crate::http::ApiResponse;

/// Longest hint that is passed on, in bytes: an e-mail address has at most 254.
const MAX_HINT: usize = 254;

/// The address of the account that is likely meant, for the provider's page.
pub(crate) struct Hint(String);

impl Form for Hint {
    const FORM: &'static str = "at most 254 bytes long";
    fn parse(text: &str) -> Option<Self> {
        (text.len() <= MAX_HINT).then(|| Self(text.to_owned()))
    }
}

impl Form for LinkMode {
    const FORM: &'static str = "overlay or primary";
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Hint {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Hint".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "maxLength": MAX_HINT})
    }
}

parameters! {
    /// How to sign in.
    SignInQuery {
        /// The address of the account that is likely meant.
        login_hint: Option<Hint>,
    }
}

parameters! {
    /// What to link.
    LinkQuery {
        /// What for; `overlay` unless it is said.
        mode: Option<LinkMode>,
        /// The address of the account that is likely meant.
        login_hint: Option<Hint>,
    }
}

/// `GET /v1/auth/signin`
pub(crate) fn begin_sign_in<P: Ports>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let SignInQuery { login_hint } = SignInQuery::read(&cx.query)?;
    leave(cx, Flow::SignIn, scopes::SIGN_IN, login_hint)
}

/// `GET /v1/auth/link?mode=overlay|primary&login_hint=`
pub(crate) fn begin_link<P: Ports>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let session = cx.session()?;
    let LinkQuery { mode, login_hint } = LinkQuery::read(&cx.query)?;
    let mode = mode.unwrap_or(LinkMode::Overlay);
    let flow = Flow::Link { user: session.user, session: session.id, mode };
    leave(cx, flow, scopes::of(mode), login_hint)
}

fn leave<P: Ports>(
    cx: &Context<'_, P>,
    flow: Flow,
    scopes: &[&str],
    hint: Option<Hint>,
) -> Result<ApiResponse, ApiError> {
    let offline = flow != Flow::SignIn;
    let begun = begin(cx, flow)?;
    let url = cx.config.oauth.authorize_url(&AuthorizeRequest {
        scopes,
        redirect_uri: &cx.config.redirect_uri,
        state: &begun.state,
        code_challenge: &code_challenge(&begun.verifier),
        login_hint: hint.as_ref().map(|hint| hint.0.as_str()),
        // A token holds what was just asked for and shown, not what was granted some other day.
        include_granted_scopes: false,
        offline,
    });
    Ok(ApiResponse::redirect(&url).with("set-cookie", &begun.set_cookie))
}
