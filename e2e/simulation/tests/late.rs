//! Commands that arrive late, sent to an object by hand.

#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "tests")]

use tminus_account::contract::GetStatus;
use tminus_domain::dirty::Lane;
use tminus_domain::event::{
    EventContent, EventType, Organizer, OwnResponse, SeriesPart, Status, Transparency, Visibility, When,
};
use tminus_domain::ids::{CalendarId, PrefixedId as _, RunId, Ulid};
use tminus_domain::ordering::Position;
use tminus_domain::policy::CalendarRole;
use tminus_domain::time::Timestamp;
use tminus_queues::ChunkRef;
use tminus_simulation::Stage;
use tminus_user_graph::contract::{ApplyChunk, ConcludeFullRun, Concluded, Delta};

fn run(number: u64) -> RunId {
    RunId::from_ulid(Ulid::from_parts(number, 0))
}

fn primary(stage: &Stage) -> CalendarId {
    let account = stage.accounts.first().unwrap().to_string();
    let status = stage.world.call(&account, &GetStatus {}).unwrap();
    status.calendars.iter().find(|calendar| calendar.role == CalendarRole::Primary).unwrap().calendar
}

fn event(id: &str) -> Delta {
    let start = Timestamp::parse_rfc3339("2026-02-02T09:00:00Z").unwrap();
    let content = EventContent {
        title: None,
        description: None,
        location: None,
        when: When::timed(start, start.plus_seconds(3_600), None).unwrap(),
        status: Status::Confirmed,
        visibility: Visibility::Default,
        transparency: Transparency::Opaque,
        event_type: EventType::Default,
        own_response: OwnResponse::NotInvited,
        organizer: Organizer::Own,
        series: SeriesPart::Single,
        ical_uid: None,
        sequence: 0,
    };
    Delta::Present {
        id: id.to_owned(),
        etag: format!("etag-{id}"),
        updated: None,
        content: Box::new(content),
    }
}

fn page(stage: &Stage, number: u64, page: u32, ids: &[&str]) {
    let generation = 100 + u32::try_from(number).unwrap();
    let chunk = ChunkRef { run: run(number), position: Position { generation, page }, attempt: 0, index: 0 };
    let command = ApplyChunk {
        account: *stage.accounts.first().unwrap(),
        calendar: primary(stage),
        role: CalendarRole::Primary,
        chunk,
        full: true,
        lane: Lane::Bulk,
        deltas: ids.iter().map(|id| event(id)).collect(),
    };
    stage.world.call(&stage.person.user.to_string(), &command).unwrap();
}

fn conclude(stage: &Stage, number: u64) -> Concluded {
    let command = ConcludeFullRun {
        account: *stage.accounts.first().unwrap(),
        calendar: primary(stage),
        run: run(number),
        generation: 100 + u32::try_from(number).unwrap(),
    };
    stage.world.call(&stage.person.user.to_string(), &command).unwrap()
}

#[test]
fn a_full_run_that_is_concluded_late_makes_the_next_one_miss_nothing() {
    let stage = Stage::settled(1, 2);
    page(&stage, 1, 0, &["one", "two"]);
    // The first run is given up before it is concluded; the second has begun.
    page(&stage, 2, 0, &["one", "two", "three"]);
    assert_eq!(conclude(&stage, 1), Concluded::default());
    page(&stage, 2, 1, &["four"]);
    assert_eq!(conclude(&stage, 2), Concluded::default());
}
