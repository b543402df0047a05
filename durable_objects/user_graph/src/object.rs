//! The object: decodes a command, runs it in the store, then acts on the outside.

use std::cell::Cell;

use serde::de::DeserializeOwned;
use tminus_domain::backoff::doubled;
use tminus_domain::ids::{TraceId, UserId};
use tminus_ports::core::{Alarm, decode, encode, failed_until};
use tminus_ports::{Command, ObjectError, ObjectHost, chain, fresh_id};
use tminus_queues::{MirrorNudge, Queue, send};
use tminus_store::migrate::{migrate_up, version};
use tminus_store::{StoreError, transaction};
use tracing::Instrument as _;

use crate::context::{Context, Effects};
use crate::contract::{
    ApplyChunk, ClaimMirrors, ConcludeFullRun, Create, GetRunProgress, GetStatus, LinkAccount, ListEvents,
    PutCalendars, SettleMirrors, UnlinkAccount,
};
use crate::error::GraphError;
use crate::expansion::Expansions;
use crate::explaining_contract::{
    ExplainEvent, ExplainSlot, GetAsOf, GetConservation, ListJournal, PreviewPolicy,
};
use crate::own_contract::{
    ChangeOwnEvent, CreateOwnEvent, DeleteOwnEvent, ListConstraints, ListSettingsJournal, PutConstraint,
    RemoveConstraint,
};
use crate::policy_contract::{
    DecideHold, GetHold, GetPolicy, ListHolds, PutEdge, RemoveEdge, SetDismissed, SetHandDeleted,
    SetWorkingHours,
};
use crate::reading_contract::{GetEvent, GetFreeBusy};
use crate::requests_contract::{BeginRequest, EndRequest};
use crate::schema::MIGRATIONS;
use crate::timers::{self, Kind};
use crate::{
    apply, boundary, busy, claims, conclude, conservation, constraints, dismissals, explain, graph, history,
    holds, hours, own_events, policy, preview, progress, ranges, reads, reproject, requests, retention,
    search, settings_journal, slots, unlink,
};

/// How many timers one alarm handles.
const TIMERS_AN_ALARM: u32 = 50;
/// The longest pause between two nudges of the same account.
const MAX_PAUSE_MS: i64 = 3_600_000;

/// What a UserGraphDO keeps in memory; everything that matters is in its storage.
#[derive(Debug, Default)]
pub struct UserGraphObject {
    migrated: Cell<bool>,
    alarm: Alarm,
    expansions: Expansions,
}

impl UserGraphObject {
    /// An object that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers a command: the JSON of `Result<Reply, ObjectError>`.
    pub async fn handle<H: ObjectHost>(&self, host: &H, name: &str, trace: &str, body: &str) -> String {
        let span = tracing::info_span!("command", worker = "user_graph", trace);
        self.answer(host, name, trace, body).instrument(span).await
    }

    async fn answer<H: ObjectHost>(&self, host: &H, name: &str, trace: &str, body: &str) -> String {
        let ctx = Context::now(host, trace);
        let mut effects = Effects::default();
        let answer = self.dispatch(&ctx, name, body, &mut effects);
        let answer = answer.unwrap_or_else(|error| {
            match &error {
                ObjectError::Gone => {}
                ObjectError::Unknown { .. } | ObjectError::Unfit { .. } => {
                    tracing::info!(command = name, %error, "a command is refused");
                }
                _ => tracing::error!(command = name, %error, "a command failed"),
            }
            serde_json::to_string(&Err::<(), _>(error)).unwrap_or_default()
        });
        self.act(&ctx, effects).await;
        answer
    }

    /// Handles the timers that are due. Never fails: what cannot be done now is due again later.
    pub async fn alarm<H: ObjectHost>(&self, host: &H) {
        self.alarm.fired();
        let trace: TraceId = fresh_id(host);
        let trace = trace.to_string();
        let ctx = Context::now(host, &trace);
        let mut effects = Effects::default();
        match self.open(&ctx) {
            Ok(()) => {}
            Err(GraphError::Gone) => return,
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

    fn dispatch<H: ObjectHost>(
        &self,
        ctx: &Context<'_, H>,
        name: &str,
        body: &str,
        effects: &mut Effects,
    ) -> Result<String, ObjectError> {
        if name == Create::NAME {
            migrate_up(ctx.host.sql(), MIGRATIONS).map_err(GraphError::from)?;
            self.migrated.set(true);
        } else {
            self.open(ctx)?;
        }
        match name {
            Create::NAME => answer(body, |command| graph::create(ctx, &command)),
            LinkAccount::NAME => answer(body, |command| graph::link_account(ctx, &command)),
            PutCalendars::NAME => answer(body, |command| graph::put_calendars(ctx, &command)),
            ApplyChunk::NAME => answer(body, |command| apply::apply_chunk(ctx, &command, effects)),
            ConcludeFullRun::NAME => answer(body, |command| conclude::conclude(ctx, &command, effects)),
            GetRunProgress::NAME => answer(body, |command| progress::of(ctx, &command)),
            UnlinkAccount::NAME => answer(body, |command| unlink::unlink(ctx, &command)),
            ClaimMirrors::NAME => answer(body, |command| claims::claim(ctx, &command)),
            SettleMirrors::NAME => answer(body, |command| claims::settle(ctx, &command, effects)),
            ListEvents::NAME => answer(body, |command| ranges::list(ctx, &self.expansions, &command)),
            GetEvent::NAME => answer(body, |command| reads::event(ctx, &command)),
            GetFreeBusy::NAME => answer(body, |command| busy::get(ctx, &self.expansions, &command)),
            GetPolicy::NAME => answer(body, |command| policy::get(ctx, &command)),
            PutEdge::NAME => answer(body, |command| policy::put_edge(ctx, &command)),
            RemoveEdge::NAME => answer(body, |command| policy::remove_edge(ctx, &command)),
            SetHandDeleted::NAME => answer(body, |command| policy::set_hand_deleted(ctx, &command)),
            SetWorkingHours::NAME => answer(body, |command| hours::set(ctx, &command)),
            SetDismissed::NAME => answer(body, |command| dismissals::set(ctx, &command, effects)),
            ListHolds::NAME => answer(body, |command| holds::list(ctx, &command)),
            GetHold::NAME => answer(body, |command| holds::page(ctx, &command)),
            CreateOwnEvent::NAME => answer(body, |command| own_events::create(ctx, &command, effects)),
            ChangeOwnEvent::NAME => answer(body, |command| own_events::change(ctx, &command, effects)),
            DeleteOwnEvent::NAME => answer(body, |command| own_events::delete(ctx, &command, effects)),
            PutConstraint::NAME => answer(body, |command| constraints::put(ctx, &command, effects)),
            RemoveConstraint::NAME => answer(body, |command| constraints::remove(ctx, &command, effects)),
            ListConstraints::NAME => answer(body, |command| constraints::list(ctx, &command)),
            ListSettingsJournal::NAME => answer(body, |command| settings_journal::list(ctx, &command)),
            DecideHold::NAME => answer(body, |command| holds::decide(ctx, &command)),
            ListJournal::NAME => answer(body, |command| history::list(ctx, &command)),
            GetAsOf::NAME => answer(body, |command| history::as_of(ctx, &command)),
            ExplainEvent::NAME => answer(body, |command| explain::event(ctx, &command)),
            ExplainSlot::NAME => answer(body, |command| slots::explain(ctx, &self.expansions, &command)),
            GetConservation::NAME => answer(body, |_: GetConservation| conservation::report(ctx)),
            PreviewPolicy::NAME => answer(body, |command| preview::step(ctx, &command)),
            BeginRequest::NAME => answer(body, |command| requests::begin(ctx, &command)),
            EndRequest::NAME => answer(body, |command| requests::end(ctx, &command)),
            GetStatus::NAME => answer(body, |_: GetStatus| reads::status(ctx)),
            _ => Err(ObjectError::Refused { reason: "no such command".to_owned() }),
        }
    }

    /// Brings the schema of an object that exists to this code's. One that does not is gone: only `create` makes
    /// a schema, so that a late message cannot resurrect what was erased (protocol rule 28).
    fn open<H: ObjectHost>(&self, ctx: &Context<'_, H>) -> Result<(), GraphError> {
        if self.migrated.get() {
            return Ok(());
        }
        if version(ctx.host.sql())? == 0 {
            return Err(GraphError::Gone);
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
    ) -> Result<(), GraphError> {
        for timer in timers::due(ctx, TIMERS_AN_ALARM)? {
            let mut own = Effects::default();
            let done = transaction(ctx.host.sql(), || run_timer(ctx, &timer, &mut own));
            match done {
                Ok(()) => effects.merge(own),
                Err(error) => {
                    tracing::error!(kind = ?timer.kind, error = %chain(&error), "a timer failed; it is put off");
                    let (due, tries) = (failed_until(ctx.now, timer.tries), timer.tries.saturating_add(1));
                    timers::set(ctx, timer.kind, &timer.subject, due, tries, timer.cursor.as_deref())?;
                }
            }
        }
        Ok(())
    }

    /// Acts on the outside after the commit, in which each nudge got its timer. The alarm comes first: a nudge that
    /// is lost after that is sent again.
    async fn act<H: ObjectHost>(&self, ctx: &Context<'_, H>, effects: Effects) {
        if !self.migrated.get() {
            return;
        }
        self.alarm.arm(ctx, timers::earliest(ctx)).await;
        if let Err(error) = nudge(ctx, &effects).await {
            tracing::warn!(%error, "a nudge was not sent; its timer sends it again");
        }
    }
}

fn run_timer<H: ObjectHost>(
    ctx: &Context<'_, H>,
    timer: &timers::Due,
    effects: &mut Effects,
) -> Result<(), GraphError> {
    match timer.kind {
        Kind::Reproject => reproject::step(ctx, timer.due, timer.cursor.as_deref(), effects)?,
        Kind::Boundary => boundary::step(ctx, timer.cursor.as_deref(), effects)?,
        Kind::Retention => retention::step(ctx, timer.cursor.as_deref())?,
        Kind::Sweep => holds::step(ctx, &timer.subject, timer.cursor.as_deref(), effects)?,
        Kind::Index => search::step(ctx)?,
        Kind::Requests => requests::sweep(ctx)?,
        Kind::Nudge => {
            let account = timer.subject.parse().map_err(|_| StoreError::Corrupt { what: "timer" })?;
            if let Some(lane) = claims::watch(ctx, account)? {
                effects.nudge(account, lane);
                let tries = timer.tries.saturating_add(1);
                let due = ctx.now.plus_millis(doubled(claims::NUDGE_AGAIN_MS, tries, MAX_PAUSE_MS));
                timers::set(ctx, Kind::Nudge, &timer.subject, due, tries, None)?;
            }
        }
    }
    Ok(())
}

async fn nudge<H: ObjectHost>(ctx: &Context<'_, H>, effects: &Effects) -> Result<(), ObjectError> {
    if effects.nudges.is_empty() {
        return Ok(());
    }
    let user: UserId =
        graph::user(ctx)?.parse().map_err(|_| GraphError::from(StoreError::Corrupt { what: "user id" }))?;
    let trace = ctx.trace.parse().unwrap_or_else(|_| fresh_id(ctx.host));
    for (account, lane) in &effects.nudges {
        tracing::info!(%account, ?lane, "a writer is nudged");
        let nudge = MirrorNudge { user, account: *account };
        send(ctx.host, Queue::mirror(*lane), trace, nudge)
            .await
            .map_err(|error| ObjectError::Unavailable { reason: error.to_string() })?;
    }
    Ok(())
}

fn answer<C: Command + DeserializeOwned>(
    body: &str,
    run: impl FnOnce(C) -> Result<C::Reply, GraphError>,
) -> Result<String, ObjectError> {
    encode(&run(decode(body)?)?)
}
