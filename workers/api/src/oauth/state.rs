//! What ties a browser's return from Google to its leaving.
//!
//! The state is signed, lives ten minutes and works once. It holds no secret: it travels through Google and
//! through histories. The PKCE verifier stays in the browser, in a cookie that is sealed for this state alone, so
//! that a state and a code of somebody else's flow open nothing here.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tminus_domain::ids::UserId;
use tminus_domain::seal::{Context as SealContext, open, seal};
use tminus_domain::signed::{SignedError, sign, verify};
use tminus_google::pkce::code_verifier;
use tminus_ports::{Ports, fresh_nonce};
use tminus_registry::RegistrySql;
use tminus_registry::oauth_states::use_state_once;

use super::scopes::LinkMode;
use crate::conventions::{ApiError, Code};
use crate::cookies::{OAUTH, cookie, set};
use crate::handle::Context;

const PURPOSE: &str = "oauth-state";
const COOKIE_PURPOSE: &str = "pkce";
const LIFETIME_S: i64 = 600;

/// What the browser went to Google for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "f", rename_all = "snake_case")]
pub(crate) enum Flow {
    /// To sign in.
    SignIn,
    /// To link an account.
    Link {
        /// Who links it.
        #[serde(rename = "u")]
        user: UserId,
        /// The session in which it was begun.
        #[serde(rename = "s")]
        session: String,
        /// What for.
        #[serde(rename = "m")]
        mode: LinkMode,
    },
}

#[derive(Serialize, Deserialize)]
struct State {
    #[serde(flatten)]
    flow: Flow,
    #[serde(rename = "n")]
    nonce: String,
}

/// A flow that begins.
pub(crate) struct Begun {
    /// The state for Google's URL.
    pub(crate) state: String,
    /// The PKCE verifier.
    pub(crate) verifier: String,
    /// The header that leaves the verifier with the browser.
    pub(crate) set_cookie: String,
}

/// A flow that came back, proven to be this browser's.
pub(crate) struct Returned {
    /// What the browser went for.
    pub(crate) flow: Flow,
    /// The PKCE verifier.
    pub(crate) verifier: String,
    nonce: String,
}

/// Begins a flow.
pub(crate) fn begin<P: Ports>(cx: &Context<'_, P>, flow: Flow) -> Result<Begun, ApiError> {
    let nonce = data_encoding::HEXLOWER.encode(&fresh_nonce::<16>(cx.ports));
    let verifier = code_verifier(&fresh_nonce::<32>(cx.ports));
    let context = SealContext { purpose: COOKIE_PURPOSE, owner: &nonce };
    let sealed = seal(&cx.config.cookie_keys, context, fresh_nonce::<12>(cx.ports), verifier.as_bytes())
        .map_err(|_| ApiError::Internal { what: "a cookie does not seal" })?;
    let payload = serde_json::to_vec(&State { flow, nonce })
        .map_err(|_| ApiError::Internal { what: "a state does not encode" })?;
    let state = sign(&cx.config.state_keys, PURPOSE, &payload, cx.now.plus_seconds(LIFETIME_S));
    Ok(Begun { state, verifier, set_cookie: set(OAUTH, &sealed, LIFETIME_S) })
}

/// The header that takes the cookie of a flow back.
pub(crate) fn forget_cookie() -> String {
    set(OAUTH, "", 0)
}

/// Checks a state: its signature, its time, and that this browser holds its cookie.
pub(crate) fn check<P>(cx: &Context<'_, P>, state: &str) -> Result<Returned, ApiError> {
    let invalid = |message| ApiError::refused(Code::StateInvalid, message);
    let payload = verify(&cx.config.state_keys, PURPOSE, state, cx.now).map_err(|error| match error {
        SignedError::Expired => {
            ApiError::refused(Code::StateExpired, "the sign-in took too long; start again")
        }
        SignedError::Malformed | SignedError::Forged => invalid("the state is not one of ours"),
    })?;
    let state: State = serde_json::from_slice(&payload)
        .map_err(|_| invalid("the state is from another version; start again"))?;
    let sealed =
        cookie(cx.request, OAUTH).ok_or_else(|| invalid("this browser did not begin the sign-in"))?;
    let context = SealContext { purpose: COOKIE_PURPOSE, owner: &state.nonce };
    let verifier =
        open(&cx.config.cookie_keys, context, sealed).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let verifier =
        verifier.ok_or_else(|| invalid("this browser began another sign-in since; start again"))?;
    Ok(Returned { flow: state.flow, verifier, nonce: state.nonce })
}

impl Returned {
    /// Uses the state up, before anything is done with it: two returns with one state do one exchange.
    pub(crate) async fn use_up<P: Ports + RegistrySql>(&self, cx: &Context<'_, P>) -> Result<(), ApiError> {
        let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(self.nonce.as_bytes()));
        // An end that is late by the time on the way: the row must not be swept before the signature refuses.
        let first = use_state_once(cx.ports, &hash, cx.now.plus_seconds(LIFETIME_S)).await?;
        if first {
            Ok(())
        } else {
            Err(ApiError::refused(Code::StateUsed, "this sign-in was completed before; start again"))
        }
    }
}
