//! Tests of the mirror Worker: `answers.rs` against a scripted provider, `instances.rs` and `shows.rs` against the fake.

mod answers;
mod fake;
mod instances;
mod shows;

use tminus_domain::event::{Visibility, When};
use tminus_domain::ids::{AccountId, CalendarId, EventId, PrefixedId, Ulid};
use tminus_domain::mark::Mark;
use tminus_domain::occurrence::Occurrence;
use tminus_domain::projection::MirrorBody;
use tminus_domain::time::Timestamp;
use tminus_user_graph::contract::{MirrorAction, MirrorOperation};

fn mark() -> Mark {
    Mark {
        event: EventId::from_ulid(Ulid::from_parts(1, 1)),
        target_account: AccountId::from_ulid(Ulid::from_parts(1, 2)),
        target_calendar: CalendarId::from_ulid(Ulid::from_parts(1, 3)),
        id_generation: 0,
    }
}

/// 2026-03-02T09:00:00Z, a Monday.
const START: Timestamp = Timestamp::from_millis(1_772_442_000_000);

/// An hour from then on.
fn hour(at: Timestamp) -> When {
    When::timed(at, at.plus_seconds(3_600), None).unwrap()
}

fn block() -> MirrorBody {
    MirrorBody {
        summary: "Busy".to_owned(),
        description: None,
        location: None,
        when: hour(START),
        tentative: false,
        recurrence: Vec::new(),
        free: false,
        visibility: Visibility::Private,
        color: None,
    }
}

/// An hour every Monday at ten in Berlin.
fn series() -> MirrorBody {
    let mut body = block();
    if let When::Timed { zone, .. } = &mut body.when {
        *zone = Some("Europe/Berlin".to_owned());
    }
    MirrorBody { recurrence: vec!["RRULE:FREQ=WEEKLY;COUNT=8".to_owned()], ..body }
}

fn operation(occurrence: Option<Occurrence>, action: MirrorAction) -> MirrorOperation {
    let calendar = mark().target_calendar;
    MirrorOperation { mark: mark().to_string(), occurrence, calendar, version: 1, action }
}
