//! A delta without its events: the ids and hashes of its items. It is replayed by fetching them again.

use serde::Serialize;
use serde_json::Value;
use tminus_domain::dirty::Lane;
use tminus_domain::ids::{AccountId, CalendarId, UserId};
use tminus_queues::{ChunkRef, DeltaChunk};

use crate::letter::hash;

/// Longest provider id that is kept: Google's are 5 to 1024 characters.
const MAX_ID: usize = 1024;

#[derive(Serialize)]
struct Reduced<'a> {
    user: UserId,
    account: AccountId,
    calendar: CalendarId,
    chunk: &'a ChunkRef,
    full: bool,
    lane: Lane,
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    hash: String,
}

/// The delta's ids and hashes as JSON.
pub(crate) fn reduced(delta: &DeltaChunk) -> Option<String> {
    let items = delta.items.iter().map(|item| Item { id: id(item), hash: hash(item.to_string().as_bytes()) });
    let reduced = Reduced {
        user: delta.user,
        account: delta.account,
        calendar: delta.calendar,
        chunk: &delta.chunk,
        full: delta.full,
        lane: delta.lane,
        items: items.collect(),
    };
    serde_json::to_string(&reduced).ok()
}

/// The provider's id: only if it has the form of one, since a malformed item may hold anything there.
fn id(item: &Value) -> Option<&str> {
    let id = item.get("id")?.as_str()?;
    let well_formed = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    (well_formed && (1..=MAX_ID).contains(&id.len())).then_some(id)
}
