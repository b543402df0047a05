//! The dozen changes.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tminus_e2e::person::Person;
use tminus_e2e::world::{Edit, World};

/// One change that was made.
pub(crate) struct Change {
    /// In which account.
    pub(crate) account: usize,
    /// What it was.
    pub(crate) label: String,
    /// Where it stands in the timeline.
    pub(crate) edit: Edit,
    /// Whether the others have to be written.
    pub(crate) writes: bool,
}

/// What is done to which event; events are numbered in the order of their making.
enum Step {
    Create(usize, &'static str, Value),
    Move(usize, Value),
    Retitle(usize, &'static str),
    Delete(usize),
}

/// The script and how far it is.
pub(crate) struct Script {
    steps: std::vec::IntoIter<Step>,
    events: Vec<(usize, &'static str, Edit)>,
    played: usize,
}

impl Default for Script {
    fn default() -> Self {
        let steps = vec![
            Step::Create(0, "Standup", timed("2026-05-04", 9, 10)),
            Step::Create(1, "Dentist", timed("2026-05-04", 14, 15)),
            Step::Create(2, "Training", timed("2026-05-05", 18, 20)),
            Step::Create(0, "Conference", all_day("2026-05-11", "2026-05-14")),
            Step::Move(0, timed("2026-05-04", 11, 12)),
            Step::Move(1, timed("2026-05-06", 8, 9)),
            Step::Retitle(0, "Stand-up, now with chairs"),
            Step::Delete(2),
            Step::Create(1, "School play", timed("2026-05-07", 16, 18)),
            Step::Move(3, all_day("2026-05-18", "2026-05-21")),
            Step::Delete(1),
            Step::Create(2, "Match", timed("2026-05-09", 15, 17)),
        ];
        Self { steps: steps.into_iter(), events: Vec::new(), played: 0 }
    }
}

impl Script {
    /// How many changes were made.
    pub(crate) const fn played(&self) -> usize {
        self.played
    }

    /// Makes the next change.
    pub(crate) fn next(&mut self, world: &World, person: &Person) -> Result<Option<Change>> {
        let Some(step) = self.steps.next() else { return Ok(None) };
        self.played += 1;
        let event = |n: usize| self.events.get(n).context("the script names an event that is not made yet");
        let (account, label, edit, writes) = match step {
            Step::Create(account, title, mut body) => {
                body["summary"] = title.into();
                let edit = world.insert(person.primary(account), &body)?;
                self.events.push((account, title, edit.clone()));
                (account, format!("create  {title}"), edit, true)
            }
            Step::Move(n, body) => {
                let (account, title, made) = event(n)?;
                (*account, format!("move    {title}"), world.patch(&made.calendar, &made.id, &body)?, true)
            }
            Step::Retitle(n, to) => {
                let (account, title, made) = event(n)?;
                let edit = world.patch(&made.calendar, &made.id, &json!({"summary": to}))?;
                (*account, format!("retitle {title}"), edit, false)
            }
            Step::Delete(n) => {
                let (account, title, made) = event(n)?;
                (*account, format!("delete  {title}"), world.delete(&made.calendar, &made.id)?, true)
            }
        };
        Ok(Some(Change { account, label, edit, writes }))
    }
}

fn timed(day: &str, from: u32, to: u32) -> Value {
    let at = |hour: u32| json!({"dateTime": format!("{day}T{hour:02}:00:00Z"), "timeZone": "Europe/Berlin"});
    json!({"start": at(from), "end": at(to)})
}

fn all_day(from: &str, to: &str) -> Value {
    json!({"start": {"date": from}, "end": {"date": to}})
}
