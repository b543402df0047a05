//! Tokens: encrypted under the account's data key, which a master key wraps; refreshed here and nowhere else.

use serde::{Deserialize, Serialize};
use tminus_domain::ids::AccountId;
use tminus_domain::keys::{Key, KeyRing};
use tminus_domain::seal::{Context as SealContext, SealError, open, seal};
use tminus_domain::time::Timestamp;
use tminus_google::{AccessToken, OauthFailure, RefreshToken};
use tminus_ports::{ObjectHost, fresh_nonce};
use tminus_store::Value;

use crate::config::AccountConfig;
use crate::context::Context;
use crate::contract::{AccountState, Create, TokenGrant};
use crate::error::AccountError;
use crate::identity;
use crate::timers::{self, Kind};

/// A token is refreshed this long before it ends: longer than any call that is made with it.
const MARGIN_MS: i64 = 60_000;
/// How long a token is taken to last if the provider does not say.
const DEFAULT_TTL_S: i64 = 3_600;
/// The id of the data key within its own ring of one.
const DATA_KEY: &str = "data";

/// What `encrypted_tokens` holds.
#[derive(Clone, Serialize, Deserialize)]
struct Tokens {
    access: AccessToken,
    refresh: Option<RefreshToken>,
    /// Milliseconds since the Unix epoch.
    expiry: Timestamp,
}

/// The tokens as they stand in the store.
struct Stored {
    tokens: Tokens,
    version: u32,
    data_keys: KeyRing,
}

/// Stores the tokens of a new consent, with a fresh data key.
pub(crate) fn consent<H: ObjectHost>(
    ctx: &Context<'_, H>,
    config: &AccountConfig,
    command: &Create,
) -> Result<(), AccountError> {
    let known = load(ctx, config, command.account);
    let (version, old_refresh) = match known {
        Ok(Some(known)) => (known.version, known.tokens.refresh),
        // Tokens that no longer open are replaced by those of the new consent.
        Ok(None) | Err(AccountError::Seal(_)) => (0, None),
        Err(error) => return Err(error),
    };
    let tokens = Tokens {
        access: command.access.clone(),
        refresh: command.refresh.clone().or(old_refresh),
        expiry: command.expires_at,
    };
    let data_key = Key::new(fresh_nonce::<32>(ctx.host));
    let owner = command.account.to_string();
    let wrapped = seal(
        &config.master_keys,
        SealContext { purpose: "data-key", owner: &owner },
        fresh_nonce::<12>(ctx.host),
        data_key.bytes(),
    )?;
    let data_keys = KeyRing::single(DATA_KEY.to_owned(), data_key);
    let sealed = seal_tokens(ctx, &data_keys, &owner, &tokens)?;
    ctx.run(
        "/* put_tokens */ INSERT INTO auth (account_id, encrypted_tokens, scopes, updated_at, wrapped_key, token_version)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (account_id) DO UPDATE
         SET encrypted_tokens = excluded.encrypted_tokens, scopes = excluded.scopes,
             updated_at = excluded.updated_at, wrapped_key = excluded.wrapped_key,
             token_version = excluded.token_version",
        &[
            Value::text(command.account),
            sealed.into(),
            command.scopes.as_str().into(),
            ctx.now.to_rfc3339().into(),
            wrapped.into(),
            version.saturating_add(1).into(),
        ],
    )?;
    Ok(())
}

/// A token that lasts, if the stored one does.
pub(crate) fn fresh<H: ObjectHost>(
    ctx: &Context<'_, H>,
    config: &AccountConfig,
) -> Result<Option<TokenGrant>, AccountError> {
    let identity = identity::get(ctx)?;
    if identity.state == AccountState::Revoked {
        return Err(AccountError::ConsentNeeded);
    }
    let stored = load(ctx, config, identity.account)?.ok_or(AccountError::ConsentNeeded)?;
    let lasts = stored.tokens.expiry.plus_millis(-MARGIN_MS) > ctx.now;
    Ok(lasts.then_some(TokenGrant { access: stored.tokens.access, version: stored.version }))
}

/// Refreshes the token. The caller sees to it that one refresh runs at a time.
///
/// Between reading and writing another consent may arrive: the result is stored only over the version that was
/// read, and a refusal revokes only that version (protocol rule 30).
pub(crate) async fn refresh<H: ObjectHost>(
    ctx: &Context<'_, H>,
    config: &AccountConfig,
) -> Result<TokenGrant, AccountError> {
    let account = identity::get(ctx)?.account;
    let stored = load(ctx, config, account)?.ok_or(AccountError::ConsentNeeded)?;
    let Some(refresh_token) = stored.tokens.refresh.clone() else {
        return refused(ctx, config, stored.version);
    };
    let answer = match config.oauth.refresh(ctx.host, &refresh_token).await {
        Ok(answer) => answer,
        Err(error) if error.failure == OauthFailure::ConsentGone => {
            return refused(&ctx.later(), config, stored.version);
        }
        Err(error) => return Err(error.into()),
    };
    let now = ctx.host.now();
    let tokens = Tokens {
        access: answer.access_token,
        // Google does not rotate refresh tokens, but a new one that appears is the one to keep.
        refresh: answer.refresh_token.or(Some(refresh_token)),
        expiry: now.plus_seconds(answer.expires_in.unwrap_or(DEFAULT_TTL_S)),
    };
    let version = stored.version.saturating_add(1);
    let sealed = seal_tokens(ctx, &stored.data_keys, &account.to_string(), &tokens)?;
    let replaced = ctx.query(
        "/* replace_tokens */ UPDATE auth SET encrypted_tokens = ?1, updated_at = ?2, token_version = ?3
         WHERE token_version = ?4 RETURNING token_version",
        &[sealed.into(), now.to_rfc3339().into(), version.into(), stored.version.into()],
    )?;
    tracing::info!(version, replaced = !replaced.is_empty(), "the access token was refreshed");
    Ok(TokenGrant { access: tokens.access, version })
}

/// The token of this version was refused by the provider: it is refreshed before the next grant.
pub(crate) fn expire<H: ObjectHost>(
    ctx: &Context<'_, H>,
    config: &AccountConfig,
    version: u32,
) -> Result<(), AccountError> {
    let account = identity::get(ctx)?.account;
    let Some(mut stored) = load(ctx, config, account)?.filter(|stored| stored.version == version) else {
        return Ok(());
    };
    stored.tokens.expiry = Timestamp::from_millis(0);
    let sealed = seal_tokens(ctx, &stored.data_keys, &account.to_string(), &stored.tokens)?;
    ctx.run(
        "/* expire_token */ UPDATE auth SET encrypted_tokens = ?1 WHERE token_version = ?2",
        &[sealed.into(), version.into()],
    )?;
    Ok(())
}

/// The grant of this version is gone. If a new consent came meanwhile, its token is the answer.
fn refused<H: ObjectHost>(
    ctx: &Context<'_, H>,
    config: &AccountConfig,
    version: u32,
) -> Result<TokenGrant, AccountError> {
    let revoked = ctx.query(
        "/* revoke_account */ UPDATE account SET state = 'revoked'
         WHERE state = 'active' AND EXISTS (SELECT 1 FROM auth WHERE token_version = ?1) RETURNING account_id",
        &[version.into()],
    )?;
    if revoked.is_empty() {
        let newer = fresh(ctx, config)?.filter(|token| token.version > version);
        return newer.ok_or(AccountError::ConsentNeeded);
    }
    // Maintenance tells the registry.
    timers::set(ctx, Kind::Maintain, identity::get(ctx)?.account, ctx.now, 0)?;
    tracing::warn!("the grant at the provider is gone");
    Err(AccountError::ConsentNeeded)
}

/// Gives the grant back to the provider (RFC 7009). One that is gone already is given back.
pub(crate) async fn give_back<H: ObjectHost>(
    ctx: &Context<'_, H>,
    config: &AccountConfig,
) -> Result<(), AccountError> {
    let account = identity::get(ctx)?.account;
    let stored = match load(ctx, config, account) {
        Ok(Some(stored)) => stored,
        // Tokens that no longer open cannot be given back: the owner can still take the grant away.
        Ok(None) | Err(AccountError::Seal(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let Some(refresh) = stored.tokens.refresh else { return Ok(()) };
    match config.oauth.revoke(ctx.host, &refresh).await {
        Ok(()) => Ok(()),
        Err(error) if error.failure == OauthFailure::ConsentGone => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn load<H: ObjectHost>(
    ctx: &Context<'_, H>,
    config: &AccountConfig,
    account: AccountId,
) -> Result<Option<Stored>, AccountError> {
    let row = ctx.first(
        "/* tokens */ SELECT encrypted_tokens, wrapped_key, token_version FROM auth WHERE account_id = ?1",
        &[Value::text(account)],
    )?;
    let Some(row) = row else { return Ok(None) };
    let owner = account.to_string();
    let (sealed, wrapped): (String, String) = (row.get(0)?, row.get(1)?);
    let key = open(&config.master_keys, SealContext { purpose: "data-key", owner: &owner }, &wrapped)?;
    let key: [u8; 32] = key.try_into().map_err(|_| SealError::Malformed)?;
    let data_keys = KeyRing::single(DATA_KEY.to_owned(), Key::new(key));
    let plain = open(&data_keys, SealContext { purpose: "tokens", owner: &owner }, &sealed)?;
    let tokens = serde_json::from_slice(&plain).map_err(|_| SealError::Malformed)?;
    Ok(Some(Stored { tokens, version: row.get(2)?, data_keys }))
}

fn seal_tokens<H: ObjectHost>(
    ctx: &Context<'_, H>,
    data_keys: &KeyRing,
    owner: &str,
    tokens: &Tokens,
) -> Result<String, AccountError> {
    let plain = serde_json::to_vec(tokens).map_err(|_| SealError::Malformed)?;
    let context = SealContext { purpose: "tokens", owner };
    Ok(seal(data_keys, context, fresh_nonce::<12>(ctx.host), &plain)?)
}
