//! Operations, and what people made: the truth that mirrors are held against.

use std::collections::BTreeMap;

use fake_google::model::Object;
use serde_json::{Value, json};

use crate::stage::{Stage, moment, second_calendar};
use crate::world::Side;

/// The shape of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// From one instant to another.
    Timed,
    /// Whole days.
    AllDay,
    /// Timed, tentative.
    Tentative,
    /// Timed, and its owner is free: no mirror.
    Free,
    /// Timed, without a title, private.
    Private,
    /// A weekly series: no mirror yet.
    Series,
}

/// What goes wrong at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// 500 without acting.
    Error,
    /// 503 without acting.
    Unavailable,
    /// 429.
    TooMany,
    /// 403 `userRateLimitExceeded`.
    RateLimited,
    /// The connection closes before anything was done.
    Unreached,
    /// It is done, the answer is lost.
    AnswerLost,
}

/// A kind of call at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// Lists of events.
    List,
    /// Whole batches of writes.
    Batch,
    /// Inserts in a batch.
    Insert,
    /// Updates in a batch.
    Update,
    /// Deletes in a batch.
    Delete,
    /// Refreshes of a token.
    Token,
    /// Lists of calendars.
    CalendarList,
    /// Calendars made.
    CalendarInsert,
    /// Channels opened.
    Watch,
}

/// One operation of a history. Numbers choose among what is there, modulo how much that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// A human makes an event in a calendar, at an hour, so many minutes long.
    Create(u8, u16, u16, Shape),
    /// A human moves an event.
    Move(u16, u16, u16, Shape),
    /// A human renames an event.
    Retitle(u16),
    /// A human makes an event block no time.
    Free(u16),
    /// A human makes an event block time.
    Busy(u16),
    /// A human deletes an event.
    Delete(u16),
    /// A human moves a mirror in an overlay.
    MoveMirror(u8, u16),
    /// A human deletes a mirror from an overlay.
    DeleteMirror(u8, u16),
    /// A human copies a mirror: the copy is nobody's.
    CopyMirror(u8, u16),
    /// A message is delivered.
    Deliver(u16),
    /// The next messages are delivered, one after the other.
    DeliverNext(u8),
    /// The next messages are delivered at once, interleaved.
    Together(u8),
    /// A message that was delivered before is delivered again.
    Redeliver(u16),
    /// A message is lost.
    Lose(u16),
    /// A push is delivered.
    Push(u16),
    /// All pushes are delivered.
    Pushes,
    /// A push is lost.
    LosePush(u16),
    /// Due alarms run.
    Alarms,
    /// So many seconds pass and nothing happens.
    Wait(u32),
    /// So many seconds pass and everything goes its way.
    Live(u32),
    /// The next calls of a kind at the provider go wrong.
    Fault(Calls, Trouble, u8),
    /// The access tokens of an account are refused from now on.
    ExpireAccess(u8),
    /// The sync tokens of a calendar are refused from now on.
    ExpireCursor(u8),
    /// Whoever makes the n-th effect from now on crashes.
    Crash(u8, Side),
    /// The whole runtime is killed and starts again; the queues' content may be lost.
    Restart(bool),
    /// The cron Worker runs.
    Cron,
    /// An operator asks for a full fetch of an account.
    Resync(u8),
}

/// What people made.
pub struct Model {
    /// The calendars that are sources: account and id.
    pub calendars: Vec<(usize, String)>,
    /// The live events of each, as Google kept them right after the last edit of a human.
    truth: BTreeMap<String, Vec<Object>>,
    /// Copies of mirrors, by overlay, as Google kept them.
    pub copies: BTreeMap<String, Vec<Object>>,
    titles: u32,
}

impl Model {
    /// What is there at the beginning.
    #[must_use]
    pub fn new(stage: &Stage) -> Self {
        let mut calendars = Vec::new();
        for (account, email) in stage.emails.iter().enumerate() {
            calendars.push((account, email.clone()));
            calendars.push((account, second_calendar(email)));
        }
        Self { calendars, truth: BTreeMap::new(), copies: BTreeMap::new(), titles: 0 }
    }

    /// The live events of a calendar.
    #[must_use]
    pub fn events(&self, calendar: &str) -> &[Object] {
        self.truth.get(calendar).map_or(&[], Vec::as_slice)
    }

    /// Takes over a calendar after a human's edit.
    pub fn learn(&mut self, stage: &Stage, calendar: &str) {
        self.truth.insert(calendar.to_owned(), stage.world.events(calendar));
    }

    /// Every event that a human may edit: calendar and id.
    #[must_use]
    pub fn editable(&self) -> Vec<(usize, String, String)> {
        let mut all = Vec::new();
        for (account, calendar) in &self.calendars {
            for event in self.events(calendar) {
                let id = event["id"].as_str().unwrap_or_default();
                all.push((*account, calendar.clone(), id.to_owned()));
            }
        }
        all
    }

    /// A title that no other event has.
    pub fn title(&mut self) -> String {
        self.titles += 1;
        format!("secret {}", self.titles)
    }

    /// What the other accounts must show of an account: calendar, id, start and end of what blocks time.
    #[must_use]
    pub fn blocks(&self, account: usize) -> Vec<Block> {
        let mut blocks = Vec::new();
        for (of, calendar) in self.calendars.iter().filter(|(of, _)| *of == account) {
            for event in self.events(calendar).iter().filter(|event| blocks_time(event)) {
                blocks.push(Block {
                    account: *of,
                    calendar: calendar.clone(),
                    id: event["id"].as_str().unwrap_or_default().to_owned(),
                    start: moment(&event["start"]),
                    end: moment(&event["end"]),
                });
            }
        }
        blocks
    }
}

/// A block that must show.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Block {
    /// The account that it comes from.
    pub account: usize,
    /// The calendar that it comes from.
    pub calendar: String,
    /// The event that it comes from.
    pub id: String,
    /// When it begins.
    pub start: String,
    /// When it ends.
    pub end: String,
}

fn blocks_time(event: &Object) -> bool {
    let text = |key: &str| event.get(key).and_then(Value::as_str);
    text("transparency") != Some("transparent")
        && text("status") != Some("cancelled")
        && !event.contains_key("recurrence")
        && !event.contains_key("recurringEventId")
}

/// The body of an event of this shape: an hour of 2026 and a length in minutes say when.
#[must_use]
pub fn body(shape: Shape, hour: u16, minutes: u16, title: &str) -> Value {
    const FEBRUARY: i64 = 1_769_904_000;
    let at = |seconds: i64| chrono::DateTime::from_timestamp(seconds, 0).expect("a time of 2026");
    let start = FEBRUARY + i64::from(hour) * 3600;
    let end = start + i64::from(minutes) * 60;
    let instant = |seconds| at(seconds).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let mut event = json!({
        "summary": title,
        "start": {"dateTime": instant(start), "timeZone": "UTC", "date": null},
        "end": {"dateTime": instant(end), "timeZone": "UTC", "date": null},
    });
    match shape {
        Shape::Timed => {}
        Shape::AllDay => {
            let days = i64::from(minutes.div_euclid(60)).clamp(1, 9);
            let date = |seconds| at(seconds).date_naive().to_string();
            event["start"] = json!({"date": date(start), "dateTime": null, "timeZone": null});
            event["end"] = json!({"date": date(start + days * 86_400), "dateTime": null, "timeZone": null});
        }
        Shape::Tentative => event["status"] = "tentative".into(),
        Shape::Free => event["transparency"] = "transparent".into(),
        Shape::Private => {
            event["visibility"] = "private".into();
            event["summary"] = Value::Null;
        }
        Shape::Series => event["recurrence"] = json!(["RRULE:FREQ=WEEKLY;COUNT=5"]),
    }
    event
}
