//! Cutting a page into chunks that fit a message (protocol rules 8 and 15).

use serde_json::{Value, json};
use tminus_google::RawEvent;

/// The most bytes of items in one chunk; a message may have 128,000.
const CHUNK_BYTES: usize = 100_000;
/// The most bytes of a description that is kept.
const DESCRIPTION_BYTES: usize = 16_384;
/// An item that is larger even so is passed on by its id alone.
const ITEM_BYTES: usize = 60_000;

/// Cuts items into chunks by serialised size, in order.
pub(crate) fn cut(items: &[RawEvent]) -> Vec<Vec<Value>> {
    let mut chunks: Vec<Vec<Value>> = Vec::new();
    let mut room = 0_usize;
    for item in items {
        let (item, bytes) = trim(item);
        match chunks.last_mut() {
            Some(chunk) if bytes <= room => chunk.push(item),
            _ => {
                chunks.push(vec![item]);
                room = CHUNK_BYTES;
            }
        }
        room = room.saturating_sub(bytes);
    }
    chunks
}

/// The item without what T-Minus never keeps, and its serialised size.
fn trim(item: &RawEvent) -> (Value, usize) {
    let Ok(mut event) = item.parse() else {
        // It is refused by who normalises it, with the reason.
        let raw: Value = serde_json::from_str(item.json())
            // Not even a value: half of a surrogate pair is no text. By its id it is told from others.
            .unwrap_or_else(|_| {
                item.parse().err().map_or(Value::Null, |malformed| json!({ "id": malformed.id }))
            });
        let bytes = item.json().len();
        return if bytes > ITEM_BYTES { oversize(raw.get("id")) } else { (raw, bytes) };
    };
    // Of the guests only the owner's own answer is kept.
    event.attendees.retain(|attendee| attendee.self_);
    if let Some(description) = event.description.as_mut().filter(|text| text.len() > DESCRIPTION_BYTES) {
        let cut = (0..=DESCRIPTION_BYTES).rev().find(|at| description.is_char_boundary(*at)).unwrap_or(0);
        description.truncate(cut);
        description.push('…');
    }
    let value = serde_json::to_value(&event).unwrap_or(Value::Null);
    let bytes = value.to_string().len();
    if bytes > ITEM_BYTES { oversize(value.get("id")) } else { (value, bytes) }
}

fn oversize(id: Option<&Value>) -> (Value, usize) {
    let value = json!({ "id": id, "oversize": true });
    let bytes = value.to_string().len();
    (value, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(value: &Value) -> RawEvent {
        serde_json::from_value(value.clone()).unwrap()
    }

    #[test]
    fn chunks_keep_the_order_and_fit_a_message() {
        let items: Vec<RawEvent> = (0..40)
            .map(|at| raw(&json!({ "id": format!("e{at}"), "description": "x".repeat(10_000) })))
            .collect();
        let chunks = cut(&items);
        assert!(chunks.len() > 3);
        let ids: Vec<String> =
            chunks.iter().flatten().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(ids, (0..40).map(|at| format!("e{at}")).collect::<Vec<_>>());
        for chunk in &chunks {
            assert!(serde_json::to_string(chunk).unwrap().len() < 110_000);
        }
    }

    #[test]
    fn a_long_description_is_cut_and_other_guests_are_dropped() {
        let item = raw(&json!({
            "id": "e", "description": "ä".repeat(20_000),
            "attendees": [{"responseStatus": "accepted"}, {"self": true, "responseStatus": "declined"}],
        }));
        let (value, bytes) = trim(&item);
        assert!(bytes < 17_000);
        assert_eq!(value["attendees"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn an_item_that_cannot_be_read_is_passed_on_and_a_huge_one_by_its_id() {
        let (value, _) = trim(&raw(&json!({ "id": "e", "start": 5 })));
        assert_eq!(value["start"], 5);
        let (value, _) = trim(&raw(&json!({ "id": "e", "location": "x".repeat(200_000) })));
        assert_eq!(value, json!({ "id": "e", "oversize": true }));
    }

    #[test]
    fn two_megabytes_and_five_thousand_guests_leave_an_event() {
        let guests: Vec<Value> =
            (0..5_000).map(|at| json!({"responseStatus": "accepted", "self": at == 0})).collect();
        let item = raw(&json!({ "id": "e", "description": "x".repeat(2_000_000), "attendees": guests }));
        let (value, bytes) = trim(&item);
        assert!(bytes < 17_000);
        assert_eq!(value["attendees"].as_array().unwrap().len(), 1);
        assert_eq!(value["description"].as_str().unwrap().chars().count(), DESCRIPTION_BYTES + 1);
    }

    #[test]
    fn half_of_a_surrogate_pair_keeps_the_event_apart_by_its_id() {
        let text = r#"{"items":[{"id":"e","summary":"\ud800"},{"id":"\ud800"},{"id":"f"}]}"#;
        let page: tminus_google::EventPage = serde_json::from_str(text).unwrap();
        let chunks = cut(&page.items);
        assert_eq!(chunks, [[json!({"id": "e"}), json!({"id": null}), json!({"id": "f"})]]);
    }
}
