//! What the cores of all Durable Objects share: the world at one moment, the alarm, the wire form of commands.

use std::cell::Cell;

use serde::{Serialize, de::DeserializeOwned};
use tminus_domain::backoff::doubled;
use tminus_domain::ids::PrefixedId;
use tminus_domain::time::Timestamp;
use tminus_store::{Row, Sql, StoreError, Value};

use crate::{ObjectError, ObjectHost, fresh_id};

/// When an object that cannot be opened looks again: a deploy may be under way.
const UNOPENED_PAUSE_MS: i64 = 300_000;
/// When an object that was killed while it handled its timers handles them again.
const GUARD_MS: i64 = 60_000;
/// The first pause of a timer that fails; doubles up to an hour.
const FAILED_PAUSE_MS: i64 = 60_000;
const MAX_FAILED_PAUSE_MS: i64 = 3_600_000;

/// An object's world at one moment.
pub struct Context<'a, H> {
    /// Storage, alarm, ports.
    pub host: &'a H,
    /// The time of the command.
    pub now: Timestamp,
    /// The trace id of the work at hand.
    pub trace: &'a str,
}

impl<'a, H: ObjectHost> Context<'a, H> {
    /// The world now.
    pub fn now(host: &'a H, trace: &'a str) -> Self {
        Self { host, now: host.now(), trace }
    }

    /// The same world after an `await`: time has passed.
    #[must_use]
    pub fn later(&self) -> Self {
        Self::now(self.host, self.trace)
    }

    /// Runs a statement and returns its rows.
    ///
    /// # Errors
    /// As [`Sql::query`].
    pub fn query(&self, statement: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.host.sql().query(statement, params)
    }

    /// Runs a statement and returns its first row.
    ///
    /// # Errors
    /// As [`Sql::query`].
    pub fn first(&self, statement: &str, params: &[Value]) -> Result<Option<Row>, StoreError> {
        tminus_store::first(self.host.sql(), statement, params)
    }

    /// Runs a statement whose rows are of no interest.
    ///
    /// # Errors
    /// As [`Sql::query`].
    pub fn run(&self, statement: &str, params: &[Value]) -> Result<(), StoreError> {
        tminus_store::run(self.host.sql(), statement, params)
    }

    /// A fresh id.
    #[must_use]
    pub fn id<I: PrefixedId>(&self) -> I {
        fresh_id(self.host)
    }
}

/// The object's one alarm, as far as this instance knows what it is armed for.
#[derive(Debug, Default)]
pub struct Alarm(Cell<Option<Timestamp>>);

impl Alarm {
    /// It fired: nothing is armed.
    pub fn fired(&self) {
        self.0.set(None);
    }

    /// Arms it for the earliest timer, if there is one.
    pub async fn arm<H: ObjectHost>(
        &self,
        ctx: &Context<'_, H>,
        earliest: Result<Option<Timestamp>, StoreError>,
    ) {
        let earliest = match earliest {
            Ok(Some(earliest)) => earliest,
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%error, "timers cannot be read");
                return;
            }
        };
        // An alarm that fires too early finds nothing due and arms itself again: cheaper than moving it.
        if self.0.get().is_some_and(|armed| armed <= earliest && ctx.now < armed) {
            return;
        }
        match ctx.host.set_alarm(earliest).await {
            Ok(()) => self.0.set(Some(earliest)),
            Err(error) => tracing::error!(%error, "the alarm was not set"),
        }
    }

    /// Arms it for a minute ahead, if there is work to do now: an object that is killed in the middle of it wakes again,
    /// however often that happens (protocol rule 27).
    pub async fn guard<H: ObjectHost>(
        &self,
        ctx: &Context<'_, H>,
        earliest: Result<Option<Timestamp>, StoreError>,
    ) {
        if earliest.is_ok_and(|due| due.is_some_and(|due| due <= ctx.now)) {
            self.arm(ctx, Ok(Some(ctx.now.plus_millis(GUARD_MS)))).await;
        }
    }

    /// Puts it off, since the object cannot be opened now: its timers are still there.
    pub async fn put_off<H: ObjectHost>(&self, ctx: &Context<'_, H>) {
        self.arm(ctx, Ok(Some(ctx.now.plus_millis(UNOPENED_PAUSE_MS)))).await;
    }
}

/// When a timer that failed for the `tries`th time (from 0) is handled again.
#[must_use]
pub fn failed_until(now: Timestamp, tries: u32) -> Timestamp {
    now.plus_millis(doubled(FAILED_PAUSE_MS, tries, MAX_FAILED_PAUSE_MS))
}

/// Decodes a command.
///
/// # Errors
/// [`ObjectError::Refused`] with the place where decoding stopped: serde's own words may hold values of the text.
pub fn decode<C: DeserializeOwned>(body: &str) -> Result<C, ObjectError> {
    serde_json::from_str(body).map_err(|error| ObjectError::Refused {
        reason: format!("the command does not decode at line {}, column {}", error.line(), error.column()),
    })
}

/// Encodes a reply as the `Ok` of the wire form.
///
/// # Errors
/// [`ObjectError::Internal`] if it does not encode.
pub fn encode<R: Serialize>(reply: &R) -> Result<String, ObjectError> {
    serde_json::to_string(&Ok::<_, ObjectError>(reply))
        .map_err(|_| ObjectError::Internal { reason: "the reply does not encode".to_owned() })
}
