//! What a person asks of their calendar: what takes place in a range, by text, when they are free.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_wrap,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod busy;
mod ranges;
mod search;

use tminus_domain::dirty::Lane;
use tminus_domain::event::{
    EventContent, EventType, Organizer, OwnResponse, SeriesPart, Status, Transparency, Visibility, When,
};
use tminus_domain::ids::{PrefixedId as _, RunId, Ulid};
use tminus_domain::ordering::Position;
use tminus_domain::policy::CalendarRole;
use tminus_domain::time::Timestamp;
use tminus_ports::{Command, ObjectClass, ObjectError};
use tminus_queues::ChunkRef;
use tminus_simulation::Stage;
use tminus_testkit::SeededRng;
use tminus_user_graph::contract::{ApplyChunk, Delta, ListEvents, ListedEvent};
use tminus_user_graph::reading_contract::EventFilter;

/// 2026-02-02T09:00:00Z, a Monday.
const NINE: i64 = 1_770_022_800_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn ask<C: Command>(stage: &Stage, command: &C) -> Result<C::Reply, ObjectError> {
    stage.world.call(&stage.person.user.to_string(), command)
}

/// An hour from `start` on.
fn hour(title: &str, start: i64) -> EventContent {
    plain(title, When::timed(at(start), at(start + HOUR), Some("Europe/Berlin".to_owned())).unwrap())
}

fn days(title: &str, start: &str, end: &str) -> EventContent {
    plain(title, When::all_day(start.parse().unwrap(), end.parse().unwrap()).unwrap())
}

fn series(title: &str, start: i64, rule: &str) -> EventContent {
    EventContent { series: SeriesPart::Master { lines: vec![rule.to_owned()] }, ..hour(title, start) }
}

fn plain(title: &str, when: When) -> EventContent {
    EventContent {
        title: Some(title.to_owned()),
        description: None,
        location: None,
        when,
        status: Status::Confirmed,
        visibility: Visibility::Default,
        transparency: Transparency::Opaque,
        event_type: EventType::Default,
        own_response: OwnResponse::NotInvited,
        organizer: Organizer::Own,
        series: SeriesPart::Single,
        ical_uid: None,
        sequence: 0,
    }
}

/// Applies what the primary calendar of an account says now, as a run of this generation fetched it.
fn applied(stage: &Stage, account: usize, generation: u32, deltas: Vec<Delta>) {
    let chunk = ApplyChunk {
        account: stage.accounts[account],
        calendar: stage.primary(account),
        role: CalendarRole::Primary,
        chunk: ChunkRef {
            run: RunId::from_ulid(Ulid::from_parts(u64::from(generation), account as u128)),
            position: Position { generation: 100 + generation, page: 0 },
            attempt: 0,
            index: 0,
        },
        full: false,
        lane: Lane::Live,
        deltas,
    };
    ask(stage, &chunk).expect("the graph applies it");
}

fn present(id: &str, generation: u32, content: EventContent) -> Delta {
    let content = Box::new(content);
    Delta::Present { id: id.to_owned(), etag: format!("\"{generation}\""), updated: None, content }
}

/// Everything of a range, in pages of so many.
fn listed(stage: &Stage, from: i64, to: i64, filter: &EventFilter, limit: u32) -> Vec<ListedEvent> {
    let mut list = ListEvents { from: at(from), to: at(to), filter: filter.clone(), limit, after: None };
    let mut all = Vec::new();
    loop {
        let page = ask(stage, &list).expect("a page");
        assert!(page.events.len() <= limit as usize);
        assert_eq!(page.next.is_some(), page.events.len() == limit as usize && page.next.is_some());
        all.extend(page.events);
        let Some(next) = page.next else { return all };
        assert!(Some(next) > list.after, "a page goes on");
        list.after = Some(next);
    }
}

/// Titles and starts.
fn shown(events: &[ListedEvent]) -> Vec<(String, String)> {
    let one = |event: &ListedEvent| {
        (event.content.title.clone().unwrap_or_default(), event.content.when.start_text())
    };
    events.iter().map(one).collect()
}

fn titles(events: &[ListedEvent]) -> Vec<String> {
    shown(events).into_iter().map(|(title, _)| title).collect()
}

fn unfit<C: Command>(stage: &Stage, command: &C, words: &str)
where
    C::Reply: std::fmt::Debug,
{
    match ask(stage, command) {
        Err(ObjectError::Unfit { reason }) => assert!(reason.contains(words), "{reason}"),
        other => panic!("{other:?}"),
    }
}

fn count(stage: &Stage, table: &str) -> u32 {
    let statement = format!("/* count */ SELECT COUNT(*) FROM {table}");
    let user = stage.person.user.to_string();
    stage.world.rows(ObjectClass::UserGraph, &user, &statement)[0].get(0).unwrap()
}

struct Dice(SeededRng);

impl Dice {
    fn below(&self, bound: u64) -> i64 {
        self.0.below(bound) as i64
    }

    fn one_of<T: Copy>(&self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}
