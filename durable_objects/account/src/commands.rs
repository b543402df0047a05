//! Every command: decoded, run in one transaction, answered.

use serde::de::DeserializeOwned;
use tminus_domain::dirty::Lane;
use tminus_domain::ids::CalendarId;
use tminus_ports::core::{decode, encode};
use tminus_ports::{Classify as _, Command, ErrorClass, ObjectError, ObjectHost, chain};
use tminus_store::{StoreError, transaction};

use crate::context::{Context, Effects, Nudge};
use crate::contract::{
    AccountState, BeginMaintenance, BeginRun, BeginWrite, ChannelClosed, ChannelOpened, ChannelRefused,
    ChunkApplied, CommitRun, Create, Created, DiscardDeadLetter, EndMaintenance, EndWrite, FetchAgain,
    FinishUnlink, GetStatus, ListDeadLetters, MarkDirty, MarkedDirty, OverlayCreating, OverlayMissed,
    OverlayReady, PageFetched, PutCalendars, ReplayDeadLetter, ReportUnauthorized, RunFailed, RunFailure,
    RunStart, StoreDeadLetter, StoreUnroutable, TakeOver, TokenGrant, Unlink, UnlinkDrained, UnlinkFailed,
    UnlinkPurged, UnlinkStep, WriteOutcome, WriteStart,
};
use crate::error::AccountError;
use crate::object::AccountObject;
use crate::runs::{self, Start};
use crate::timers::{self, Kind};
use crate::{
    admin, again, calendars, dirty, identity, maintenance, replay, takeover, tokens, unlink, writes,
};

/// How long the nudge to maintain a new account may take before it is taken for lost.
const MAINTAIN_AGAIN_MS: i64 = 10_000;
/// After so many tries to give the grant back, the account is unlinked without.
const REVOKE_TRIES: u32 = 5;

impl AccountObject {
    /// Runs the command `name` and answers with its encoded reply.
    pub(crate) async fn dispatch<H: ObjectHost>(
        &self,
        host: &H,
        name: &str,
        trace: &str,
        body: &str,
        effects: &mut Effects,
    ) -> Result<String, ObjectError> {
        let ctx = Context::now(host, trace);
        self.open(&ctx, name)?;
        match name {
            BeginRun::NAME => {
                let command: BeginRun = decode(body)?;
                encode(
                    &self
                        .start(
                            &ctx,
                            command.calendar,
                            |ctx, _| runs::begin(ctx, command.calendar, command.holder),
                            effects,
                        )
                        .await?,
                )
            }
            TakeOver::NAME => {
                let command: TakeOver = decode(body)?;
                encode(
                    &self
                        .start(
                            &ctx,
                            command.calendar,
                            |ctx, effects| takeover::take_over_page(ctx, &command, effects),
                            effects,
                        )
                        .await?,
                )
            }
            FinishUnlink::NAME => {
                let command: FinishUnlink = decode(body)?;
                encode(&self.finish_unlink(&ctx, command).await?)
            }
            BeginWrite::NAME => {
                let command: BeginWrite = decode(body)?;
                encode(&match self.token(&ctx).await {
                    Ok(token) => transaction(host.sql(), || {
                        writes::begin(&ctx.later(), &self.config, &self.seat, command, token)
                    })?,
                    Err(AccountError::ConsentNeeded) => WriteStart::NotNow,
                    Err(error) => return Err(error.into()),
                })
            }
            BeginMaintenance::NAME => {
                let command: BeginMaintenance = decode(body)?;
                let token = match self.token(&ctx).await {
                    Ok(token) => Some(token),
                    Err(AccountError::ConsentNeeded) => None,
                    // An account whose tokens do not open, or are refused for good, can still be unlinked.
                    Err(error) if is_for_good(&error) && is_unlinking(&ctx)? => None,
                    Err(error) => return Err(error.into()),
                };
                encode(&transaction(host.sql(), || maintenance::begin(&ctx.later(), command, token))?)
            }
            _ => {
                transaction(host.sql(), || self.plain(&ctx, name, body, effects)).map_err(Failed::into_object)
            }
        }
    }

    /// Commands that are one transaction.
    fn plain<H: ObjectHost>(
        &self,
        ctx: &Context<'_, H>,
        name: &str,
        body: &str,
        effects: &mut Effects,
    ) -> Result<String, Failed> {
        match name {
            Create::NAME => run(body, |command: Create| {
                let overlay_calendar = identity::create(ctx, command.account, command.user)?;
                tokens::consent(ctx, &self.config, &command)?;
                wake(ctx, effects)?;
                Ok(Created { overlay_calendar })
            }),
            MarkDirty::NAME => run(body, |command: MarkDirty| {
                if is_unlinking(ctx)? {
                    return Ok(MarkedDirty { nudge: None });
                }
                Ok(dirty::mark(ctx, command)?)
            }),
            PageFetched::NAME => run(body, |command| Ok(runs::page_fetched(ctx, &command, effects)?)),
            ChunkApplied::NAME => run(body, |command| Ok(runs::chunk_applied(ctx, &command, effects)?)),
            CommitRun::NAME => run(body, |command| Ok(runs::commit_run(ctx, command, effects)?)),
            RunFailed::NAME => run(body, |command: RunFailed| {
                if let RunFailure::Unauthorized { token_version } = command.failure {
                    tokens::expire(ctx, &self.config, token_version)?;
                }
                Ok(runs::failed(ctx, &command, effects)?)
            }),
            EndWrite::NAME => run(body, |command: EndWrite| {
                if let WriteOutcome::Unauthorized { token_version } = command.outcome {
                    tokens::expire(ctx, &self.config, token_version)?;
                }
                writes::end(ctx, &self.config, &self.seat, &command, effects)
            }),
            OverlayCreating::NAME => run(body, |command| maintenance::overlay_creating(ctx, &command)),
            OverlayMissed::NAME => run(body, |command| maintenance::overlay_missed(ctx, command)),
            OverlayReady::NAME => run(body, |command| maintenance::overlay_ready(ctx, &command, effects)),
            PutCalendars::NAME => run(body, |command| maintenance::put_calendars(ctx, &command, effects)),
            ChannelOpened::NAME => run(body, |command| maintenance::channel_opened(ctx, &command, effects)),
            ChannelClosed::NAME => run(body, |command| maintenance::channel_closed(ctx, command)),
            ChannelRefused::NAME => run(body, |command| maintenance::channel_refused(ctx, command)),
            EndMaintenance::NAME => run(body, |command| maintenance::end(ctx, command, effects)),
            ReportUnauthorized::NAME => run(body, |command: ReportUnauthorized| {
                tokens::expire(ctx, &self.config, command.token_version)
            }),
            GetStatus::NAME => run(body, |_: GetStatus| admin::status(ctx)),
            StoreDeadLetter::NAME => run(body, |command| {
                // Nothing is kept for an account that is not there (any more).
                identity::get(ctx)?;
                admin::store_dead_letter(ctx, &command)
            }),
            StoreUnroutable::NAME => run(body, |command: StoreUnroutable| {
                admin::store_dead_letter(ctx, &StoreDeadLetter { letter: command.letter })
            }),
            ReplayDeadLetter::NAME => {
                linked(ctx)?;
                run(body, |command: ReplayDeadLetter| replay::replay(ctx, command.id, effects))
            }
            DiscardDeadLetter::NAME => {
                run(body, |command: DiscardDeadLetter| replay::discard(ctx, command.id))
            }
            FetchAgain::NAME => {
                linked(ctx)?;
                run(body, |command: FetchAgain| again::ask(ctx, command.calendar, &command.ids, effects))
            }
            Unlink::NAME => run(body, |_: Unlink| unlink::begin(ctx, effects)),
            UnlinkDrained::NAME => {
                run(body, |command| unlink::drained(ctx, &self.config, &self.seat, command, effects))
            }
            UnlinkPurged::NAME => {
                run(body, |command| unlink::purged(ctx, &self.config, &self.seat, command, effects))
            }
            UnlinkFailed::NAME => run(body, |command| unlink::failed(ctx, command)),
            ListDeadLetters::NAME => run(body, |_: ListDeadLetters| admin::list_dead_letters(ctx)),
            _ => Err(ObjectError::Refused { reason: "no such command".to_owned() }.into()),
        }
    }

    /// Starts, continues or takes over a run with a token that lasts.
    async fn start<'a, H: ObjectHost>(
        &self,
        ctx: &Context<'a, H>,
        calendar: CalendarId,
        step: impl FnOnce(&Context<'a, H>, &mut Effects) -> Result<Start, StoreError>,
        effects: &mut Effects,
    ) -> Result<RunStart, AccountError> {
        let token = match self.token(ctx).await {
            Ok(token) => token,
            // A new consent wakes every calendar.
            Err(AccountError::ConsentNeeded) => {
                transaction(ctx.host.sql(), || {
                    let active = identity::get(ctx)?.state == AccountState::Active;
                    if active { Ok(()) } else { runs::suspend(ctx, calendar).map_err(AccountError::from) }
                })?;
                return Ok(RunStart::NotNow);
            }
            Err(error) => return Err(error),
        };
        let ctx = ctx.later();
        transaction(ctx.host.sql(), || {
            let identity = identity::get(&ctx)?;
            if identity.state == AccountState::Unlinking {
                return Ok(RunStart::Coalesced);
            }
            let start = step(&ctx, effects)?;
            let answer = runs::answer(&ctx, start, identity.user, token)?;
            if let RunStart::Granted(grant) = &answer {
                let singly = u32::try_from(grant.again.len()).unwrap_or(u32::MAX);
                self.seat.quota.count(&ctx, singly.saturating_add(1))?;
            }
            Ok(answer)
        })
    }

    /// Gives the grant back and leaves a tombstone. A provider that does not take it back is asked a few times.
    async fn finish_unlink<H: ObjectHost>(
        &self,
        ctx: &Context<'_, H>,
        command: FinishUnlink,
    ) -> Result<(), AccountError> {
        let identity = unlink::at(ctx, command.holder, UnlinkStep::Closing)?;
        let tries = timers::tries(ctx, Kind::Maintain, identity.account)?;
        if let Err(error) = tokens::give_back(ctx, &self.config).await {
            if tries < REVOKE_TRIES {
                return Err(error);
            }
            tracing::warn!(error = %chain(&error), "the provider does not take the grant back; it is left");
        }
        let ctx = ctx.later();
        transaction(ctx.host.sql(), || {
            unlink::at(&ctx, command.holder, UnlinkStep::Closing)?;
            unlink::bury(&ctx)
        })?;
        self.forget();
        Ok(())
    }

    /// A token that lasts. Concurrent callers cause one refresh: those who waited find the fresh one.
    async fn token<H: ObjectHost>(&self, ctx: &Context<'_, H>) -> Result<TokenGrant, AccountError> {
        if let Some(token) = tokens::fresh(ctx, &self.config)? {
            return Ok(token);
        }
        let _turn = self.refreshing.lock().await;
        let ctx = ctx.later();
        match tokens::fresh(&ctx, &self.config)? {
            Some(token) => Ok(token),
            None => tokens::refresh(&ctx, &self.config).await,
        }
    }
}

/// A consent: what waited for it goes on, whatever pause it was in, and maintenance is due.
fn wake<H: ObjectHost>(ctx: &Context<'_, H>, effects: &mut Effects) -> Result<(), AccountError> {
    let revived = ctx.query(
        "/* reactivate */ UPDATE account SET state = 'active' WHERE state <> 'active' RETURNING account_id",
        &[],
    )?;
    for calendar in calendars::all(ctx)? {
        if !revived.is_empty() || calendar.failures > 0 {
            dirty::wake(ctx, calendar, effects)?;
        }
    }
    let identity = identity::get(ctx)?;
    timers::set(ctx, Kind::Maintain, identity.account, ctx.now.plus_millis(MAINTAIN_AGAIN_MS), 0)?;
    effects.push(Nudge::Write(Lane::Bulk));
    Ok(())
}

fn is_unlinking<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<bool, AccountError> {
    Ok(identity::get(ctx)?.state == AccountState::Unlinking)
}

/// Whether there will never be a token again, whatever is tried.
fn is_for_good(error: &AccountError) -> bool {
    match error {
        AccountError::Seal(_) => true,
        AccountError::Refresh(error) => !matches!(error.class(), ErrorClass::Retry { .. }),
        _ => false,
    }
}

/// Refuses what an account that is being unlinked does no more.
fn linked<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<(), AccountError> {
    if is_unlinking(ctx)? { Err(AccountError::Refused("the account is being unlinked")) } else { Ok(()) }
}

/// A command of one transaction failed: in the object's logic, or before it.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Object(#[from] ObjectError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Account(error.into())
    }
}

impl Failed {
    fn into_object(self) -> ObjectError {
        match self {
            Self::Account(error) => error.into(),
            Self::Object(error) => error,
        }
    }
}

fn run<C: Command + DeserializeOwned>(
    body: &str,
    act: impl FnOnce(C) -> Result<C::Reply, AccountError>,
) -> Result<String, Failed> {
    Ok(encode(&act(decode(body)?)?)?)
}
