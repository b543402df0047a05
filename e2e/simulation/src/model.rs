//! Operations, and what people made: the truth that mirrors are held against.

use std::collections::BTreeMap;

use fake_google::model::Object;
use serde_json::{Value, json};

use crate::calendar::Shown;
use crate::stage::{Stage, second_calendar};
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
    /// A weekly series.
    Series,
}

/// What becomes of one instance of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twist {
    /// It is moved by so many minutes, for everyone who has it.
    Move(i16),
    /// It is renamed.
    Retitle,
    /// It is cancelled, for its owner alone.
    Cancel,
    /// Its owner declines it.
    Decline,
    /// Its owner accepts it.
    Accept,
    /// It blocks no time.
    Free,
    /// It is tagged to be kept from others.
    Nosync,
}

/// What its owner answers to an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Accepted,
    /// No.
    Declined,
    /// Perhaps.
    Tentative,
}

impl Answer {
    /// As the provider writes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Tentative => "tentative",
        }
    }
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
    /// A human makes a series of this pattern, an hour or a day long.
    Repeat(u8, u16, u8),
    /// A human moves an event or a whole series by so many minutes, for everyone who has it.
    Shift(u16, i16),
    /// A human gives an event another pattern: makes it a series, ends it earlier, takes days out, makes it one event.
    Rerule(u16, u8),
    /// A human changes one instance of a series: which series, which instance.
    Twist(u16, u8, Twist),
    /// A human brings back a cancelled instance.
    Restore(u16),
    /// A human changes this instance and those that follow: they move by so many minutes.
    Split(u16, u8, i16),
    /// The owner answers an invitation, or as if it were one.
    Respond(u16, Answer),
    /// A human tags an event to be kept from others.
    Nosync(u16),
    /// A human makes an event of a kind of its own: out of office, focus time, working location, a birthday.
    Special(u8, u16, u8),
    /// A human invites another account: organizer, guest, hour, and a pattern or none.
    Invite(u8, u8, u16, u8),
    /// A human invites another account to one instance of a series.
    InviteToInstance(u16, u8, u8),
    /// A human moves an instance of a mirrored series in an overlay.
    MoveMirrorInstance(u8, u16, u8),
    /// A human deletes an instance of a mirrored series in an overlay.
    DeleteMirrorInstance(u8, u16, u8),
    /// Mirrors that are deleted by hand from now on stay away, or come back.
    Dismissing(bool),
    /// A person unlinks an account, but never the first.
    Unlink(u8),
    /// A person links an account again.
    Relink(u8),
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

/// A mirror that a hand removed where such stay away.
#[derive(Debug, Clone)]
pub struct Hand {
    /// Whose overlay it was in.
    pub account: usize,
    /// The calendar of the event.
    pub calendar: String,
    /// The event.
    pub id: String,
    /// Which instance of it; `None`: the whole.
    pub stamp: Option<String>,
}

impl Hand {
    /// Whether that may keep a block out of an overlay.
    #[must_use]
    pub fn took(&self, account: usize, calendar: &str, shown: &Shown) -> bool {
        let is_of = shown.id == self.id || shown.series.as_deref() == Some(&self.id);
        let is_at = self.stamp.is_none() || self.stamp == shown.stamp;
        self.account == account && self.calendar == calendar && is_of && is_at
    }
}

/// Whether an account is to be linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// What its person wants.
    pub wanted: bool,
    /// Whether that was answered.
    pub is_answered: bool,
}

/// What people made.
pub struct Model {
    /// The calendars that are sources: account and id.
    pub calendars: Vec<(usize, String)>,
    /// The live events of each, as Google kept them right after the last edit of a human.
    truth: BTreeMap<String, Vec<Object>>,
    /// Copies of mirrors, by overlay, as Google kept them.
    pub copies: BTreeMap<String, Vec<Object>>,
    /// Mirrors that hands removed, if any of them may stay away.
    pub dismissed: Vec<Hand>,
    /// Whether what hands remove may stay away.
    pub dismisses: bool,
    /// Whether each account is to be linked.
    pub links: Vec<Link>,
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
        Self {
            calendars,
            truth: BTreeMap::new(),
            copies: BTreeMap::new(),
            dismissed: Vec::new(),
            dismisses: false,
            links: vec![Link { wanted: true, is_answered: true }; stage.emails.len()],
            titles: 0,
        }
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
        self.those(|_| true)
    }

    /// Every series that a human may edit: calendar and id.
    #[must_use]
    pub fn series(&self) -> Vec<(usize, String, String)> {
        self.those(|event| event.contains_key("recurrence"))
    }

    fn those(&self, is: impl Fn(&Object) -> bool) -> Vec<(usize, String, String)> {
        let mut all = Vec::new();
        for (account, calendar) in &self.calendars {
            for event in self.events(calendar).iter().filter(|event| is(event)) {
                let id = event["id"].as_str().unwrap_or_default();
                all.push((*account, calendar.clone(), id.to_owned()));
            }
        }
        all
    }

    /// Whether an account is linked.
    #[must_use]
    pub fn is_linked(&self, account: usize) -> bool {
        self.links[account].wanted
    }

    /// A title that no other event has.
    pub fn title(&mut self) -> String {
        self.titles += 1;
        format!("secret {}", self.titles)
    }
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

/// The zones of series.
const ZONES: &[&str] = &["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"];

/// A series that begins at an hour of 2026: a number says how it repeats, where, and whether by whole days.
#[must_use]
pub fn series(hour: u16, pattern: u8, title: &str) -> Value {
    let is_all_day = pattern.is_multiple_of(5);
    let mut event = body(if is_all_day { Shape::AllDay } else { Shape::Timed }, hour, 60, title);
    if !is_all_day {
        let zone = ZONES[usize::from(pattern) % ZONES.len()];
        // Clocks change at night: an hour that one day does not have is another matter.
        let (day, of_day) = (i64::from(hour / 24), 6 + hour % 15);
        let date = chrono::NaiveDate::from_ymd_opt(2026, 2, 1).expect("a day") + chrono::TimeDelta::days(day);
        for (key, at) in [("start", of_day), ("end", of_day + 1)] {
            event[key] = json!({"dateTime": format!("{date}T{at:02}:00:00"), "timeZone": zone});
        }
    }
    event["recurrence"] = rules(&event["start"], pattern);
    event["location"] = "secret place".into();
    event
}

/// The lines of a series that begins at `start`; the number says which.
#[must_use]
pub fn rules(start: &Value, pattern: u8) -> Value {
    let from = start["date"].as_str().or_else(|| start["dateTime"].as_str()).unwrap_or_default();
    let (day, time) = from.split_once('T').unwrap_or((from, ""));
    let day: chrono::NaiveDate = day.parse().unwrap_or_default();
    let later = |days: i64| (day + chrono::TimeDelta::days(days)).format("%Y%m%d").to_string();
    let until = |days: i64| {
        let last = later(days);
        if time.is_empty() { last } else { format!("{last}T220000Z") }
    };
    let except = |days: i64| match (time.get(..8), start["timeZone"].as_str()) {
        (Some(time), Some(zone)) => format!("EXDATE;TZID={zone}:{}T{}", later(days), time.replace(':', "")),
        _ => format!("EXDATE;VALUE=DATE:{}", later(days)),
    };
    match pattern / 5 % 10 {
        0 => json!(["RRULE:FREQ=WEEKLY;COUNT=5"]),
        1 => json!(["RRULE:FREQ=WEEKLY"]),
        2 => json!(["RRULE:FREQ=DAILY;COUNT=6", except(2)]),
        3 => json!([format!("RRULE:FREQ=DAILY;UNTIL={}", until(9))]),
        4 => json!(["RRULE:FREQ=MONTHLY;COUNT=4"]),
        5 => json!([except(7), except(14), "RRULE:FREQ=WEEKLY;COUNT=6"]),
        6 => json!([format!("RRULE:FREQ=WEEKLY;UNTIL={}", until(15))]),
        7 => json!(["RRULE:FREQ=DAILY;INTERVAL=3"]),
        8 => json!(["RRULE:FREQ=DAILY;COUNT=2"]),
        _ => json!(["RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=3"]),
    }
}
