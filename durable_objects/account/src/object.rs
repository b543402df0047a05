//! The object: decodes a command, runs it in the store, then acts on the outside.

use std::cell::Cell;

use futures_util::lock::Mutex;
use serde::de::DeserializeOwned;
use tminus_domain::dirty::Lane;
use tminus_domain::ids::TraceId;
use tminus_ports::core::{Alarm, decode, encode};
use tminus_ports::{Command, ObjectError, ObjectHost, chain, fresh_id};
use tminus_queues::{MirrorNudge, Queue, SyncMessage, send};
use tminus_store::migrate::{migrate_up, version};
use tminus_store::{StoreError, transaction};
use tracing::Instrument as _;

use crate::config::AccountConfig;
use crate::context::{Context, Effects, Nudge};
use crate::contract::{
    BeginMaintenance, BeginRun, BeginWrite, ChannelClosed, ChannelOpened, ChannelRefused, ChunkApplied,
    CommitRun, Create, Created, EndMaintenance, EndWrite, GetStatus, ListDeadLetters, Maintenance, MarkDirty,
    OverlayCreating, OverlayReady, PageFetched, PutCalendars, ReportUnauthorized, RunFailed, RunFailure,
    RunStart, StoreDeadLetter, StoreUnroutable, TokenGrant, WriteOutcome, WriteStart,
};
use crate::error::AccountError;
use crate::runs::{self, Start};
use crate::schema::MIGRATIONS;
use crate::timers::{self, Kind};
use crate::writes::Seat;
use crate::{admin, calendars, dirty, identity, maintenance, tokens, writes};

/// How many timers one alarm handles.
const TIMERS_AN_ALARM: u32 = 50;
/// How long the nudge to maintain a new account may take before it is taken for lost.
const MAINTAIN_AGAIN_MS: i64 = 10_000;
/// The first pause of a timer that fails; doubles up to an hour.
const FAILED_PAUSE_MS: i64 = 60_000;

/// What an AccountDO keeps in memory; everything that matters is in its storage.
pub struct AccountObject {
    config: AccountConfig,
    migrated: Cell<bool>,
    alarm: Alarm,
    /// Held while the token is refreshed: those who wait find the fresh one.
    refreshing: Mutex<()>,
    seat: Seat,
}

impl AccountObject {
    /// An object that has seen nothing yet.
    #[must_use]
    pub fn new(config: AccountConfig) -> Self {
        Self {
            config,
            migrated: Cell::new(false),
            alarm: Alarm::default(),
            refreshing: Mutex::new(()),
            seat: Seat::default(),
        }
    }

    /// Answers a command: the JSON of `Result<Reply, ObjectError>`.
    pub async fn handle<H: ObjectHost>(&self, host: &H, name: &str, trace: &str, body: &str) -> String {
        let span = tracing::info_span!("command", worker = "account", trace);
        self.answer(host, name, trace, body).instrument(span).await
    }

    async fn answer<H: ObjectHost>(&self, host: &H, name: &str, trace: &str, body: &str) -> String {
        let mut effects = Effects::new();
        let answer = self.dispatch(host, name, trace, body, &mut effects).await;
        let answer = answer.unwrap_or_else(|error| {
            match error {
                ObjectError::Gone => {}
                ObjectError::ConsentNeeded | ObjectError::Unavailable { .. } => {
                    tracing::warn!(command = name, %error, "a command could not be done");
                }
                _ => tracing::error!(command = name, %error, "a command failed"),
            }
            serde_json::to_string(&Err::<(), _>(error)).unwrap_or_default()
        });
        self.act(&Context::now(host, trace), effects).await;
        answer
    }

    /// Handles the timers that are due. Never fails: what cannot be done now is due again later.
    pub async fn alarm<H: ObjectHost>(&self, host: &H) {
        self.alarm.fired();
        let trace: TraceId = fresh_id(host);
        let trace = trace.to_string();
        let ctx = Context::now(host, &trace);
        let mut effects = Effects::new();
        match self.open(&ctx, "") {
            Ok(()) => {}
            Err(AccountError::Gone) => return,
            Err(error) => {
                tracing::error!(error = %chain(&error), "the object cannot be opened; its alarm is put off");
                self.alarm.put_off(&ctx).await;
                return;
            }
        }
        if let Err(error) = self.run_timers(&ctx, &mut effects) {
            tracing::error!(error = %chain(&error), "timers failed");
        }
        self.act(&ctx, effects).await;
    }

    async fn dispatch<H: ObjectHost>(
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
                encode(&self.begin_run(&ctx, command).await?)
            }
            BeginWrite::NAME => {
                let command: BeginWrite = decode(body)?;
                encode(&match self.token(&ctx).await {
                    Ok(token) => {
                        transaction(host.sql(), || writes::begin(&ctx.later(), &self.seat, command, token))?
                    }
                    Err(AccountError::ConsentNeeded) => WriteStart::NotNow,
                    Err(error) => return Err(error.into()),
                })
            }
            BeginMaintenance::NAME => {
                let command: BeginMaintenance = decode(body)?;
                encode(&match self.token(&ctx).await {
                    Ok(token) => {
                        transaction(host.sql(), || maintenance::begin(&ctx.later(), command, token))?
                    }
                    Err(AccountError::ConsentNeeded) => Maintenance::ConsentNeeded,
                    Err(error) => return Err(error.into()),
                })
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
            MarkDirty::NAME => run(body, |command| Ok(dirty::mark(ctx, command)?)),
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
                writes::end(ctx, &self.seat, &command, effects)
            }),
            OverlayCreating::NAME => run(body, |command| maintenance::overlay_creating(ctx, &command)),
            OverlayReady::NAME => run(body, |command| maintenance::overlay_ready(ctx, &command, effects)),
            PutCalendars::NAME => run(body, |command| maintenance::put_calendars(ctx, &command, effects)),
            ChannelOpened::NAME => run(body, |command| maintenance::channel_opened(ctx, &command, effects)),
            ChannelClosed::NAME => run(body, |command| maintenance::channel_closed(ctx, command)),
            ChannelRefused::NAME => run(body, |command| maintenance::channel_refused(ctx, command)),
            EndMaintenance::NAME => run(body, |command| maintenance::end(ctx, command)),
            ReportUnauthorized::NAME => run(body, |command: ReportUnauthorized| {
                tokens::expire(ctx, &self.config, command.token_version)
            }),
            GetStatus::NAME => run(body, |_: GetStatus| admin::status(ctx)),
            StoreDeadLetter::NAME => run(body, |command| admin::store_dead_letter(ctx, &command)),
            StoreUnroutable::NAME => run(body, |command: StoreUnroutable| {
                admin::store_dead_letter(ctx, &StoreDeadLetter { letter: command.letter })
            }),
            ListDeadLetters::NAME => run(body, |_: ListDeadLetters| admin::list_dead_letters(ctx)),
            _ => Err(ObjectError::Refused { reason: "no such command".to_owned() }.into()),
        }
    }

    /// Starts or continues a run with a token that lasts.
    async fn begin_run<H: ObjectHost>(
        &self,
        ctx: &Context<'_, H>,
        command: BeginRun,
    ) -> Result<RunStart, AccountError> {
        let token = match self.token(ctx).await {
            Ok(token) => token,
            // A new consent wakes every calendar.
            Err(AccountError::ConsentNeeded) => {
                transaction(ctx.host.sql(), || runs::suspend(ctx, command.calendar))?;
                return Ok(RunStart::NotNow);
            }
            Err(error) => return Err(error),
        };
        let ctx = ctx.later();
        transaction(ctx.host.sql(), || {
            let user = identity::get(&ctx)?.user;
            Ok(match runs::begin(&ctx, command.calendar, command.holder)? {
                Start::Fetch(calendar) => runs::grant(*calendar, user, token),
                Start::Coalesced => RunStart::Coalesced,
                Start::NotNow => RunStart::NotNow,
            })
        })
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

    /// Brings the schema of an object that exists to this code's. One that does not is gone: only `create` makes
    /// a schema, so that a late message cannot resurrect what was erased (protocol rule 28). Letters that belong
    /// nowhere go to an object of their own, by a command of their own.
    fn open<H: ObjectHost>(&self, ctx: &Context<'_, H>, command: &str) -> Result<(), AccountError> {
        if self.migrated.get() {
            return Ok(());
        }
        let makes_schema = command == Create::NAME || command == StoreUnroutable::NAME;
        if !makes_schema && version(ctx.host.sql())? == 0 {
            return Err(AccountError::Gone);
        }
        migrate_up(ctx.host.sql(), MIGRATIONS)?;
        self.migrated.set(true);
        Ok(())
    }

    /// Handles due timers, each by itself: one that fails is put off and delays no other.
    fn run_timers<H: ObjectHost>(
        &self,
        ctx: &Context<'_, H>,
        effects: &mut Effects,
    ) -> Result<(), AccountError> {
        for timer in timers::due(ctx, TIMERS_AN_ALARM)? {
            let mut own = Effects::new();
            let done = transaction(ctx.host.sql(), || run_timer(ctx, &timer, &mut own));
            match done {
                Ok(()) => effects.append(&mut own),
                Err(error) => {
                    tracing::error!(kind = %timer.kind, error = %chain(&error), "a timer failed; it is put off");
                    let pause =
                        FAILED_PAUSE_MS.saturating_mul(1_i64.checked_shl(timer.tries.min(6)).unwrap_or(64));
                    let tries = timer.tries.saturating_add(1);
                    timers::set(ctx, timer.kind, &timer.subject, ctx.now.plus_millis(pause), tries)?;
                }
            }
        }
        Ok(())
    }

    /// Acts on the outside after the commit. The alarm comes first: a nudge that is lost after that is sent
    /// again by its timer.
    async fn act<H: ObjectHost>(&self, ctx: &Context<'_, H>, effects: Effects) {
        if !self.migrated.get() {
            return;
        }
        self.alarm.arm(ctx, timers::earliest(ctx)).await;
        if let Err(error) = nudge(ctx, effects).await {
            tracing::warn!(error = %chain(&error), "a nudge was not sent; its timer sends it again");
        }
    }
}

fn run_timer<H: ObjectHost>(
    ctx: &Context<'_, H>,
    timer: &timers::Due,
    effects: &mut Effects,
) -> Result<(), AccountError> {
    let calendar = || timer.subject.parse().map_err(|_| StoreError::Corrupt { what: "timer subject" });
    match timer.kind {
        Kind::Nudge => dirty::on_timer(ctx, calendar()?, timer.tries, effects)?,
        Kind::Lease => runs::on_lease(ctx, calendar()?, effects)?,
        Kind::Resync => dirty::on_resync(ctx, calendar()?, effects)?,
        Kind::Write => writes::on_timer(ctx, effects)?,
        Kind::Maintain => maintenance::on_timer(ctx, timer.tries, effects)?,
    }
    Ok(())
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

async fn nudge<H: ObjectHost>(
    ctx: &Context<'_, H>,
    effects: Effects,
) -> Result<(), tminus_ports::QueueError> {
    if effects.is_empty() {
        return Ok(());
    }
    let Ok(identity) = identity::get(ctx) else { return Ok(()) };
    let (account, user) = (identity.account, identity.user);
    let trace = ctx.trace.parse().unwrap_or_else(|_| fresh_id(ctx.host));
    for nudge in effects {
        match nudge {
            Nudge::Calendar(calendar, lane) => {
                send(
                    ctx.host,
                    Queue::sync(lane),
                    trace,
                    SyncMessage::Calendar { account, calendar, mark: None },
                )
                .await?;
            }
            Nudge::Maintain => {
                send(ctx.host, Queue::Backfill, trace, SyncMessage::Maintain { account }).await?;
            }
            Nudge::Write(lane) => {
                send(ctx.host, Queue::mirror(lane), trace, MirrorNudge { user, account }).await?;
            }
        }
    }
    Ok(())
}

fn run<C: Command + DeserializeOwned>(
    body: &str,
    act: impl FnOnce(C) -> Result<C::Reply, AccountError>,
) -> Result<String, Failed> {
    Ok(encode(&act(decode(body)?)?)?)
}
