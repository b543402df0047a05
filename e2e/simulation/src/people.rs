//! What people do in a history: to their calendars, to overlays, to accounts.

use fake_google::Google;
use fake_google::error::ApiResult;
use fake_google::events::instance;
use fake_google::events::write::{Actor, Change, Options, Written};
use fake_google::model::Object;
use serde_json::{Value, json};
use tminus_domain::ids::{CalendarId, EventId};
use tminus_ports::ObjectClass;

use crate::model::{Hand, Link, Model, Op, Shape, Twist, body, rules, series};
use crate::run::pick;
use crate::stage::Stage;
use crate::world::{id_in, mark_of};

/// A human edits an event of their own.
pub(crate) fn edit(stage: &Stage, model: &mut Model, op: Op) {
    let title = model.title();
    match op {
        Op::Create(..) | Op::Repeat(..) | Op::Special(..) | Op::Invite(..) => make(stage, model, op, &title),
        Op::Twist(nth, at, twist) => {
            let Some((account, calendar, id)) = pick(&model.series(), nth) else { return };
            let Some(id) = instance_of(stage, &calendar, &id, at) else { return };
            self::twist(stage, model, &Place { account, calendar, id }, twist, &title);
        }
        Op::Split(nth, at, minutes) => {
            let Some((account, calendar, series)) = pick(&model.series(), nth) else { return };
            let Some(id) = instance_of(stage, &calendar, &series, at) else { return };
            let first = Place { account, calendar: calendar.clone(), id: id.clone() };
            let Some(first) = first.now(stage) else { return };
            let changes = moved(&first, minutes);
            // Also for those who do not attend that one.
            let whole = Place { account, calendar, id: series };
            whole.for_all(stage, model, |google, actor, calendar, _| {
                google.split_series(actor, calendar, &id, object(&changes))
            });
        }
        Op::InviteToInstance(nth, at, guest) => {
            let Some((account, calendar, id)) = pick(&model.series(), nth) else { return };
            let Some(id) = instance_of(stage, &calendar, &id, at) else { return };
            let guest = guest_of(stage, account, guest);
            // Google knows no guests of calendars that are nobody's primary one.
            if calendar == stage.emails[account] {
                let _ = stage.world.google(|google| google.invite_to_instance(&calendar, &id, &guest));
                model.learn(stage, &calendar);
                model.learn(stage, &guest);
            }
        }
        Op::Restore(nth) => restore(stage, model, nth),
        Op::Move(nth, ..)
        | Op::Retitle(nth)
        | Op::Free(nth)
        | Op::Busy(nth)
        | Op::Delete(nth)
        | Op::Shift(nth, _)
        | Op::Rerule(nth, _)
        | Op::Respond(nth, _)
        | Op::Nosync(nth) => {
            let Some((account, calendar, id)) = pick(&model.editable(), nth) else { return };
            change(stage, model, &Place { account, calendar, id }, op, &title);
        }
        _ => {}
    }
}

/// An event, or an instance of a series, of one calendar.
struct Place {
    account: usize,
    calendar: String,
    id: String,
}

impl Place {
    /// As it is now.
    fn now(&self, stage: &Stage) -> Option<Object> {
        stage.world.google(|google| {
            let calendar = google.calendars.get(&self.calendar)?;
            instance::find(calendar, &self.id).map(|stored| stored.body)
        })
    }

    /// Its owner changes it, for nobody else.
    fn for_owner(
        &self,
        stage: &Stage,
        model: &mut Model,
        act: impl FnOnce(&mut Google, &Actor, &str, &str) -> ApiResult<Written>,
    ) {
        let actor = Actor::Human(stage.emails[self.account].clone());
        let _ = stage.world.google(|google| act(google, &actor, &self.calendar, &self.id));
        model.learn(stage, &self.calendar);
    }

    /// It is changed in the calendar of everyone who has it, as the provider does for guests.
    fn for_all(
        &self,
        stage: &Stage,
        model: &mut Model,
        mut act: impl FnMut(&mut Google, &Actor, &str, &str) -> ApiResult<Written>,
    ) {
        for (account, calendar) in model.calendars.clone() {
            let place = Self { account, calendar, id: self.id.clone() };
            if place.now(stage).is_some_and(|event| event["status"] != "cancelled") {
                place.for_owner(stage, model, &mut act);
            }
        }
    }

    fn patch_for_all(&self, stage: &Stage, model: &mut Model, patch: &Value) {
        self.for_all(stage, model, |google, actor, calendar, id| {
            google.change_event(actor, calendar, id, Change::Patch(object(patch)), &Options::default())
        });
    }

    fn patch_for_owner(&self, stage: &Stage, model: &mut Model, patch: &Value) {
        self.for_owner(stage, model, |google, actor, calendar, id| {
            google.change_event(actor, calendar, id, Change::Patch(object(patch)), &Options::default())
        });
    }
}

fn object(value: &Value) -> &Object {
    value.as_object().expect("an object")
}

fn guest_of(stage: &Stage, organizer: usize, guest: u8) -> String {
    let step = 1 + usize::from(guest) % (stage.emails.len() - 1);
    stage.emails[(organizer + step) % stage.emails.len()].clone()
}

fn make(stage: &Stage, model: &mut Model, op: Op, title: &str) {
    let calendar_of = |nth: u8| model.calendars[usize::from(nth) % model.calendars.len()].clone();
    let ((account, calendar), event) = match op {
        Op::Create(calendar, hour, minutes, shape) => {
            (calendar_of(calendar), body(shape, hour, minutes, title))
        }
        Op::Repeat(calendar, hour, pattern) => (calendar_of(calendar), series(hour, pattern, title)),
        Op::Special(account, hour, kind) => {
            let account = usize::from(account) % stage.emails.len();
            let kinds = ["outOfOffice", "focusTime", "workingLocation", "birthday"];
            let mut event = body(Shape::Timed, hour, 60, title);
            event["eventType"] = kinds[usize::from(kind) % kinds.len()].into();
            ((account, stage.emails[account].clone()), event)
        }
        Op::Invite(organizer, guest, hour, pattern) => {
            let account = usize::from(organizer) % stage.emails.len();
            let (calendar, guest) = (stage.emails[account].clone(), guest_of(stage, account, guest));
            let event = match pattern % 3 {
                0 => body(Shape::Timed, hour, 60, title),
                _ => series(hour, pattern, title),
            };
            let guests = [guest.as_str(), "away@elsewhere.org"];
            let _ = stage.world.google(|google| google.invite(&calendar, &guests, object(&event)));
            model.learn(stage, &calendar);
            model.learn(stage, &guest);
            return;
        }
        _ => return,
    };
    stage.world.insert(&stage.emails[account], &calendar, &event);
    model.learn(stage, &calendar);
}

fn change(stage: &Stage, model: &mut Model, place: &Place, op: Op, title: &str) {
    match op {
        Op::Move(_, hour, minutes, shape) => {
            let shape = if shape == Shape::AllDay { Shape::AllDay } else { Shape::Timed };
            let mut patch = body(shape, hour, minutes, title);
            patch.as_object_mut().expect("an object").remove("summary");
            let Some(event) = place.now(stage) else { return };
            // What a provider makes of the dates that a series leaves out, when it is one of whole days no more, is its own.
            if event.contains_key("recurrence")
                && event["start"]["date"].is_string() != patch["start"]["date"].is_string()
            {
                return;
            }
            place.patch_for_all(stage, model, &patch);
        }
        Op::Retitle(_) => place.patch_for_all(stage, model, &json!({"summary": title})),
        Op::Nosync(_) => {
            place.patch_for_owner(stage, model, &json!({"summary": format!("{title} #nosync")}));
        }
        Op::Free(_) => place.patch_for_owner(stage, model, &json!({"transparency": "transparent"})),
        Op::Busy(_) => place.patch_for_owner(stage, model, &json!({"transparency": "opaque"})),
        Op::Shift(_, minutes) => place.for_all(stage, model, |google, _, calendar, id| {
            google.move_by(calendar, id, i64::from(minutes))
        }),
        Op::Rerule(_, pattern) => {
            let Some(event) = place.now(stage) else { return };
            let is_one = pattern.is_multiple_of(11);
            let lines = if is_one { Value::Null } else { rules(&event["start"], pattern) };
            place.patch_for_all(stage, model, &json!({"recurrence": lines}));
        }
        Op::Respond(_, answer) => place
            .for_owner(stage, model, |google, _, calendar, id| google.respond(calendar, id, answer.word())),
        Op::Delete(_) => place.for_owner(stage, model, |google, actor, calendar, id| {
            google.delete_event(actor, calendar, id, &Options::default())
        }),
        _ => {}
    }
}

fn moved(event: &Object, minutes: i16) -> Value {
    let later = |key: &str| {
        let at = &event[key];
        if let Some(date) = at["date"].as_str() {
            let date: chrono::NaiveDate = date.parse().unwrap_or_default();
            return json!({"date": (date + chrono::TimeDelta::days(i64::from(minutes / 1_440))).to_string()});
        }
        let text = at["dateTime"].as_str().unwrap_or_default();
        let time = chrono::DateTime::parse_from_rfc3339(text).unwrap_or_default();
        let time = time + chrono::TimeDelta::minutes(i64::from(minutes));
        json!({"dateTime": time.to_rfc3339()})
    };
    json!({"start": later("start"), "end": later("end")})
}

/// One of the first instances of a series.
fn instance_of(stage: &Stage, calendar: &str, series: &str, at: u8) -> Option<String> {
    let all = stage.world.contents(calendar).shown;
    let mut all: Vec<_> = all.into_iter().filter(|shown| shown.series.as_deref() == Some(series)).collect();
    all.sort_by(|one, other| one.stamp.cmp(&other.stamp));
    all.truncate(8);
    Some(pick(&all, u16::from(at))?.id)
}

fn twist(stage: &Stage, model: &mut Model, place: &Place, twist: Twist, title: &str) {
    match twist {
        Twist::Move(minutes) => place.for_all(stage, model, |google, _, calendar, id| {
            google.move_by(calendar, id, i64::from(minutes))
        }),
        Twist::Retitle => place.patch_for_all(stage, model, &json!({"summary": title})),
        Twist::Cancel => place.for_owner(stage, model, |google, actor, calendar, id| {
            google.delete_event(actor, calendar, id, &Options::default())
        }),
        Twist::Decline | Twist::Accept => {
            let answer = if twist == Twist::Decline { "declined" } else { "accepted" };
            place.for_owner(stage, model, |google, _, calendar, id| google.respond(calendar, id, answer));
        }
        Twist::Free => place.patch_for_owner(stage, model, &json!({"transparency": "transparent"})),
        Twist::Nosync => {
            place.patch_for_owner(stage, model, &json!({"summary": format!("{title} #nosync")}));
        }
    }
}

/// Brings back a cancelled instance of a series that is there.
fn restore(stage: &Stage, model: &mut Model, nth: u16) {
    let mut cancelled = Vec::new();
    for (account, calendar, series) in model.series() {
        let ids: Vec<String> = stage.world.google(|google| {
            let Some(calendar) = google.calendars.get(&calendar) else { return Vec::new() };
            let gone = |id: &&String| calendar.events.get(*id).is_some_and(|event| event.cancelled());
            calendar.exceptions_of(&series).filter(gone).cloned().collect()
        });
        cancelled.extend(ids.into_iter().map(|id| (account, calendar.clone(), id)));
    }
    let Some((account, calendar, id)) = pick(&cancelled, nth) else { return };
    let place = Place { account, calendar, id };
    place.patch_for_owner(stage, model, &json!({"status": "confirmed"}));
}

/// A human lays hands on a mirror, or on an instance of one.
pub(crate) fn meddle(stage: &Stage, model: &mut Model, op: Op) {
    let (Op::MoveMirror(account, nth)
    | Op::DeleteMirror(account, nth)
    | Op::CopyMirror(account, nth)
    | Op::MoveMirrorInstance(account, nth, _)
    | Op::DeleteMirrorInstance(account, nth, _)) = op
    else {
        return;
    };
    let account = usize::from(account) % stage.emails.len();
    let email = &stage.emails[account];
    let overlays = stage.world.overlays(email);
    let Some(overlay) = overlays.first() else { return };
    let ours = stage.world.mirrors(overlay).into_iter().filter(|mirror| mirror.mark.is_some());
    let event = match op {
        Op::MoveMirrorInstance(_, _, at) | Op::DeleteMirrorInstance(_, _, at) => {
            let series: Vec<_> = ours.filter(|mirror| mirror.event.contains_key("recurrence")).collect();
            let Some(series) = pick(&series, nth) else { return };
            let series = series.event["id"].as_str().unwrap_or_default().to_owned();
            let Some(id) = instance_of(stage, overlay, &series, at) else { return };
            let Some(event) = (Place { account, calendar: overlay.clone(), id }).now(stage) else { return };
            event
        }
        _ => {
            let all: Vec<_> = ours.collect();
            let Some(mirror) = pick(&all, nth) else { return };
            mirror.event
        }
    };
    let id = event["id"].as_str().unwrap_or_default();
    match op {
        Op::MoveMirror(..) | Op::MoveMirrorInstance(..) => {
            let mut patch = body(Shape::Timed, 700, 25, "Busy");
            patch.as_object_mut().expect("an object").remove("summary");
            stage.world.patch(email, overlay, id, &patch);
        }
        Op::DeleteMirror(..) | Op::DeleteMirrorInstance(..) => {
            if model.dismisses {
                dismissed(stage, model, account, &event);
            }
            stage.world.delete(email, overlay, id);
        }
        _ if !event.contains_key("recurringEventId") => {
            let mut copy = Value::Object(event);
            for key in ["id", "iCalUID", "etag", "kind", "updated", "htmlLink", "created"] {
                copy.as_object_mut().expect("an object").remove(key);
            }
            let made = stage.world.insert(email, overlay, &copy);
            model.copies.entry(overlay.clone()).or_default().push(made);
        }
        _ => {}
    }
}

/// Notes what a hand removed: which event it stands for is only told by our own tables.
fn dismissed(stage: &Stage, model: &mut Model, account: usize, event: &Object) {
    let Some(mark) = mark_of(event) else { return };
    let user = stage.person.user.to_string();
    let statement = "/* origins */ SELECT canonical_event_id, origin_calendar_id, origin_event_id
        FROM canonical_events";
    let rows = stage.world.rows(ObjectClass::UserGraph, &user, statement);
    let Some(row) = rows.iter().find(|row| id_in::<EventId>(row, 0) == mark.event) else {
        return;
    };
    let Some(calendar) = name_of(stage, model, id_in(row, 1)) else { return };
    let id: String = row.get(2).expect("a text");
    let stamp = event.get("originalStartTime").map(crate::stage::moment);
    let stamp = stamp.map(|at| at.replace(['-', ':'], ""));
    model.dismissed.push(Hand { account, calendar, id, stamp });
}

/// The provider's id of a calendar of a linked account. Its account knows it: the graph may have events of a calendar that
/// it was not told of yet.
fn name_of(stage: &Stage, model: &Model, calendar: CalendarId) -> Option<String> {
    let statement =
        format!("/* name */ SELECT provider_calendar_id FROM calendars WHERE calendar_id = '{calendar}'");
    let linked = stage.accounts.iter().zip(&model.links).filter(|(_, link)| link.wanted && link.is_answered);
    linked.map(|(account, _)| account.to_string()).find_map(|account| {
        let rows = stage.world.rows(ObjectClass::Account, &account, &statement);
        rows.first().map(|row| row.get(0).expect("a text"))
    })
}

/// A person unlinks an account, but never the one that they sign in with.
pub(crate) fn unlink(stage: &mut Stage, model: &mut Model, nth: usize) {
    let account = 1 + nth % (stage.emails.len() - 1);
    model.links[account] = Link { wanted: false, is_answered: false };
    ask(stage, model, account);
}

/// A person links an account again.
pub(crate) fn relink(stage: &mut Stage, model: &mut Model, nth: usize) {
    let gone: Vec<usize> = (0..stage.emails.len()).filter(|account| !model.is_linked(*account)).collect();
    let Some(account) = gone.get(nth.checked_rem(gone.len()).unwrap_or_default()).copied() else { return };
    model.links[account] = Link { wanted: true, is_answered: false };
    ask(stage, model, account);
}

/// Whoever got no answer asks again.
pub(crate) fn ask_again(stage: &mut Stage, model: &mut Model) {
    for account in 0..stage.emails.len() {
        if !model.links[account].is_answered {
            ask(stage, model, account);
        }
    }
}

fn ask(stage: &mut Stage, model: &mut Model, account: usize) {
    let is_done = if model.links[account].wanted {
        let email = stage.emails[account].clone();
        let linked = stage.world.link(&mut stage.person, &email);
        if let Some(linked) = linked {
            stage.accounts[account] = linked;
        }
        linked.is_some()
    } else {
        let answer = stage.world.unlink(&mut stage.person, stage.accounts[account]);
        answer.is_some_and(|status| status < 300)
    };
    model.links[account].is_answered = is_done;
}
