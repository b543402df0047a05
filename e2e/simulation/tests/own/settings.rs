//! The journal of settings: one entry a change, none for a repeat, and a way back to each state that was.

use serde_json::{Value, from_value, json};
use tminus_domain::actor::Asker;
use tminus_domain::constraint::{Constraint, Effect, Override};
use tminus_domain::ids::{AccountId, CalendarId, EventId};
use tminus_domain::policy::{CalendarKind, DetailLevel};
use tminus_domain::rules::EdgeRules;
use tminus_simulation::Stage;
use tminus_testkit::SeededRng;
use tminus_user_graph::contract::{LinkAccount, UnlinkAccount};
use tminus_user_graph::own_contract::{
    ListSettingsJournal, PutConstraint, RemoveConstraint, SettingsChange, SettingsEntry, SettingsPage,
    Subject,
};
use tminus_user_graph::policy_contract::{
    EdgeKey, GetPolicy, HandDeleted, PolicyEdge, PutEdge, RemoveEdge, SetHandDeleted, SetWorkingHours, Switch,
};

use crate::support::{NINE, NOON, TEN, ask, created, id, timed};

/// How many histories, and how many commands of each.
const CASES: u64 = 12;
const COMMANDS: u64 = 40;

struct Dice(SeededRng);

impl Dice {
    fn one_of<T: Copy>(&self, all: &[T]) -> T {
        all[usize::try_from(self.0.below(all.len() as u64)).unwrap()]
    }
}

fn page(stage: &Stage, subject: Subject) -> SettingsPage {
    ask(stage, &ListSettingsJournal { subject, before: None, limit: 500 }).unwrap()
}

/// Some change of the settings, or a repeat of one; some are refused.
fn any_command(stage: &Stage, dice: &Dice, event: EventId) {
    let [one, other, guest] = [stage.accounts[0], stage.accounts[1], id::<AccountId>(50)];
    let account = || dice.one_of(&[AccountId::INTERNAL, one, other, guest]);
    let kind = CalendarKind::BusyOverlay;
    let calendar = Some(stage.primary(0)).filter(|_| dice.0.below(3) == 0);
    let key =
        EdgeKey { from: calendar.map_or_else(account, |_| one), from_calendar: calendar, to: account() };
    match dice.0.below(9) {
        0 | 1 => {
            let titles = dice.one_of(&["lunch", "tennis"]);
            let rules: EdgeRules = from_value(json!({"filters": {"skip_titles": [titles]}})).unwrap();
            let edge = PolicyEdge {
                key,
                detail: dice.one_of(&[DetailLevel::Busy, DetailLevel::Full]),
                kind,
                switch: dice.one_of(&[Switch::On, Switch::Off]),
                rules: dice.one_of(&[Some(()), None]).map_or_else(EdgeRules::default, |()| rules),
            };
            let _ = ask(stage, &PutEdge { edge });
        }
        2 => drop(ask(stage, &RemoveEdge { key })),
        3 => {
            let becomes = dice.one_of(&[None, Some(HandDeleted::Dismiss), Some(HandDeleted::Restore)]);
            let _ = ask(stage, &SetHandDeleted { event: dice.one_of(&[None, Some(event)]), becomes });
        }
        4 => {
            let from = dice.one_of(&["08:00", "09:00"]);
            let hours = json!({"zone": "Europe/Berlin", "days": ["mon"], "from": from, "to": "17:00"});
            let hours = Some(from_value(hours).unwrap()).filter(|_| dice.0.below(3) > 0);
            ask(stage, &SetWorkingHours { hours }).unwrap();
        }
        5 | 6 => {
            let when = dice.one_of(&[(NINE, TEN), (TEN, NOON)]);
            let effect = dice.one_of(&[Effect::Busy, Effect::Free]);
            let constraint =
                Constraint::Override(Override { when: timed(when.0, when.1), effect, note: None });
            ask(stage, &PutConstraint { id: id(60), by: Asker::Mcp, constraint }).unwrap();
        }
        7 => ask(stage, &RemoveConstraint { id: id(60), by: Asker::Ui }).unwrap(),
        _ => {
            let overlay_calendar: CalendarId = id(51);
            let link = LinkAccount { account: guest, overlay_calendar, kind };
            if dice.0.below(2) == 0 {
                ask(stage, &link).unwrap();
            } else {
                ask(stage, &UnlinkAccount { account: guest, generation: 1 }).unwrap();
            }
        }
    }
}

fn before(now: &Value, entry: &SettingsEntry) -> Option<Value> {
    let patch: json_patch::Patch = from_value(entry.way_back.clone()?).unwrap();
    let mut state = now.clone();
    json_patch::patch(&mut state, &patch).unwrap();
    Some(state)
}

#[test]
fn the_journal_leads_back_to_every_state_that_was() {
    for seed in 0..CASES {
        let dice = Dice(SeededRng::new(seed));
        let mut stage = Stage::settled(seed, 2);
        let event = created(&mut stage, 1);
        let subjects =
            [Subject::Policy, Subject::WorkingHours, Subject::Constraint(id(60)), Subject::Event(event)];
        let mut seen: Vec<Vec<Option<Value>>> =
            subjects.iter().map(|subject| vec![page(&stage, *subject).now]).collect();
        let known: Vec<usize> = subjects.iter().map(|subject| page(&stage, *subject).entries.len()).collect();
        let version = ask(&stage, &GetPolicy {}).unwrap().version;
        for _ in 0..COMMANDS {
            any_command(&stage, &dice, event);
            for (states, subject) in seen.iter_mut().zip(subjects) {
                let now = page(&stage, subject).now;
                if *states.last().unwrap() != now {
                    states.push(now);
                }
            }
        }
        for ((states, subject), known) in seen.iter().zip(subjects).zip(known) {
            let SettingsPage { now, entries, next } = page(&stage, subject);
            assert_eq!((entries.len() - known, next), (states.len() - 1, None), "one entry a change");
            let mut state = now;
            for (entry, earlier) in entries.iter().zip(states.iter().rev().skip(1)) {
                state = before(&state.unwrap_or_default(), entry);
                assert_eq!(&state, earlier, "seed {seed}, {subject}");
                let is_new = entry.change == SettingsChange::Created;
                assert_eq!(entry.way_back.is_none(), is_new && earlier.is_none());
                assert!(entry.reason.is_some() && entry.at.millis() > 0);
            }
        }
        let of_policy = seen[0].len() + seen[1].len() - 2;
        let raised = ask(&stage, &GetPolicy {}).unwrap().version - version;
        assert_eq!(raised as usize, of_policy, "the version grows with every change");
    }
}

#[test]
fn entries_are_paged_from_the_newest_and_say_who_asked() {
    let mut stage = Stage::settled(4, 1);
    let put = |effect| {
        let constraint = Constraint::Override(Override { when: timed(NINE, TEN), effect, note: None });
        PutConstraint { id: id(60), by: Asker::Mcp, constraint }
    };
    for effect in [Effect::Busy, Effect::Free, Effect::Busy] {
        ask(&stage, &put(effect)).unwrap();
    }
    ask(&stage, &RemoveConstraint { id: id(60), by: Asker::Ui }).unwrap();
    stage.settle();
    let subject = Subject::Constraint(id(60));
    let whole = page(&stage, subject).entries;
    let told: Vec<_> = whole.iter().map(|entry| (entry.by, entry.change)).collect();
    let [created, updated, deleted] =
        [SettingsChange::Created, SettingsChange::Updated, SettingsChange::Deleted];
    let mcp = Asker::Mcp;
    assert_eq!(told, [(Asker::Ui, deleted), (mcp, updated), (mcp, updated), (mcp, created)]);
    let mut found = Vec::new();
    let mut list = ListSettingsJournal { subject, before: None, limit: 3 };
    loop {
        let page = ask(&stage, &list).unwrap();
        found.extend(page.entries);
        match page.next {
            Some(next) => list.before = Some(next),
            None => break,
        }
    }
    assert_eq!(found, whole);
}

/// An account that is linked is told in the journal as any other change, and a repeat of it is not.
#[test]
fn linking_is_journalled_and_raises_the_version() {
    let stage = Stage::settled(4, 1);
    let told = |stage: &Stage| {
        let entries = page(stage, Subject::Policy).entries;
        let last = entries[0].reason.clone().unwrap();
        (entries.len(), last, ask(stage, &GetPolicy {}).unwrap().version)
    };
    let (entries, _, version) = told(&stage);
    let link = |kind| LinkAccount { account: id(50), overlay_calendar: id(51), kind };
    let overlay = link(CalendarKind::BusyOverlay);
    for command in [overlay, overlay] {
        ask(&stage, &command).unwrap();
        assert_eq!(told(&stage), (entries + 1, "account linked".to_owned(), version + 1));
    }
    ask(&stage, &link(CalendarKind::TrueMirror)).unwrap();
    assert_eq!(told(&stage), (entries + 2, "account linked".to_owned(), version + 2));
    for _ in 0..2 {
        ask(&stage, &UnlinkAccount { account: id(50), generation: 1 }).unwrap();
        assert_eq!(told(&stage), (entries + 3, "account unlinked".to_owned(), version + 3));
    }
}
