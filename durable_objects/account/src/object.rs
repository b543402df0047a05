//! The object: decodes a command, runs it in the store, then acts on the outside.

use std::cell::Cell;

use futures_util::lock::Mutex;
use tminus_domain::ids::TraceId;
use tminus_ports::core::{Alarm, failed_until};
use tminus_ports::{Command as _, ObjectError, ObjectHost, chain, fresh_id};
use tminus_queues::{MirrorNudge, Queue, SyncMessage, send};
use tminus_store::migrate::{migrate_up, version};
use tminus_store::{StoreError, transaction};
use tracing::Instrument as _;

use crate::config::AccountConfig;
use crate::context::{Context, Effects, Nudge};
use crate::contract::{Create, StoreUnroutable};
use crate::error::AccountError;
use crate::schema::MIGRATIONS;
use crate::timers::{self, Kind};
use crate::writes::Seat;
use crate::{dirty, identity, looks, maintenance, takeover, unlink, writes};

/// How many timers one alarm handles.
const TIMERS_AN_ALARM: u32 = 50;

/// What an AccountDO keeps in memory; everything that matters is in its storage.
pub struct AccountObject {
    pub(crate) config: AccountConfig,
    migrated: Cell<bool>,
    alarm: Alarm,
    /// Held while the token is refreshed: those who wait find the fresh one.
    pub(crate) refreshing: Mutex<()>,
    pub(crate) seat: Seat,
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
        self.alarm.guard(&ctx, timers::earliest(&ctx)).await;
        if let Err(error) = self.run_timers(&ctx, &mut effects) {
            tracing::error!(error = %chain(&error), "timers failed");
        }
        self.act(&ctx, effects).await;
    }

    /// Brings the schema of an object that exists to this code's. One that does not is gone: only `create` makes
    /// a schema, so that a late message cannot resurrect what was erased (protocol rule 28). Letters that belong
    /// nowhere go to an object of their own, by a command of their own.
    pub(crate) fn open<H: ObjectHost>(
        &self,
        ctx: &Context<'_, H>,
        command: &str,
    ) -> Result<(), AccountError> {
        if self.migrated.get() {
            return Ok(());
        }
        let makes_schema = command == Create::NAME || command == StoreUnroutable::NAME;
        if !makes_schema && version(ctx.host.sql())? == 0 {
            return Err(AccountError::Gone);
        }
        migrate_up(ctx.host.sql(), MIGRATIONS)?;
        if command != Create::NAME && unlink::is_buried(ctx)? {
            return Err(AccountError::Gone);
        }
        self.migrated.set(true);
        Ok(())
    }

    /// Nothing is left but a tombstone: whoever calls next finds that out anew.
    pub(crate) fn forget(&self) {
        self.migrated.set(false);
    }

    /// Handles due timers, each by itself: one that fails is put off and delays no other.
    fn run_timers<H: ObjectHost>(
        &self,
        ctx: &Context<'_, H>,
        effects: &mut Effects,
    ) -> Result<(), AccountError> {
        for timer in timers::due(ctx, TIMERS_AN_ALARM)? {
            let mut own = Effects::new();
            let done = transaction(ctx.host.sql(), || run_timer(ctx, &self.seat, &timer, &mut own));
            match done {
                Ok(()) => effects.append(&mut own),
                Err(error) => {
                    tracing::error!(kind = %timer.kind, error = %chain(&error), "a timer failed; it is put off");
                    let (due, tries) = (failed_until(ctx.now, timer.tries), timer.tries.saturating_add(1));
                    timers::set(ctx, timer.kind, &timer.subject, due, tries)?;
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
    seat: &Seat,
    timer: &timers::Due,
    effects: &mut Effects,
) -> Result<(), AccountError> {
    let calendar = || timer.subject.parse().map_err(|_| StoreError::Corrupt { what: "timer subject" });
    match timer.kind {
        Kind::Nudge => {
            dirty::on_timer(ctx, calendar()?, timer.tries, seat.taken_until(ctx.now), effects)?;
        }
        Kind::Lease => takeover::on_lease(ctx, calendar()?, timer.tries, effects)?,
        Kind::Look => looks::on_look(ctx, calendar()?, effects)?,
        Kind::Resync => dirty::on_resync(ctx, calendar()?, effects)?,
        Kind::Write => writes::on_timer(ctx, &timer.subject, timer.tries, effects)?,
        Kind::Maintain => maintenance::on_timer(ctx, timer.tries, effects)?,
    }
    Ok(())
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
