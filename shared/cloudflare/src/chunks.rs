//! How messages are cut into platform calls.

use tminus_ports::QueueError;

/// The largest body of one message: the platform takes 128,000 bytes with its own metadata.
const MAX_BODY_BYTES: usize = 127_000;
/// What the platform adds to each message.
const METADATA_BYTES: usize = 100;
/// The most messages of one call.
const MAX_MESSAGES: usize = 100;
/// The most bytes of one call: the platform takes 256,000.
const MAX_CALL_BYTES: usize = 250_000;

/// Cuts `bodies` into calls that the platform takes, in order.
pub(crate) fn chunks(bodies: Vec<String>) -> Result<Vec<Vec<String>>, QueueError> {
    if let Some(large) = bodies.iter().find(|body| body.len() >= MAX_BODY_BYTES) {
        return Err(QueueError::TooLarge { bytes: large.len(), limit: MAX_BODY_BYTES });
    }
    let mut calls = Vec::new();
    let mut call = Vec::new();
    let mut bytes = 0_usize;
    for body in bodies {
        let cost = body.len().saturating_add(METADATA_BYTES);
        let full = call.len() == MAX_MESSAGES || bytes.saturating_add(cost) >= MAX_CALL_BYTES;
        if full {
            calls.push(std::mem::take(&mut call));
            bytes = 0;
        }
        bytes = bytes.saturating_add(cost);
        call.push(body);
    }
    if !call.is_empty() {
        calls.push(call);
    }
    Ok(calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(bodies: Vec<String>) -> Vec<usize> {
        chunks(bodies).unwrap().iter().map(Vec::len).collect()
    }

    #[test]
    fn calls_hold_a_hundred_messages_and_a_quarter_megabyte() {
        assert!(sizes(vec![]).is_empty());
        assert_eq!(sizes(vec!["x".to_owned(); 100]), [100]);
        assert_eq!(sizes(vec!["x".to_owned(); 201]), [100, 100, 1]);
        assert_eq!(sizes(vec!["x".repeat(100_000); 5]), [2, 2, 1]);
        assert_eq!(sizes(vec!["x".repeat(126_999); 2]), [1, 1]);
    }

    #[test]
    fn order_is_kept() {
        let bodies: Vec<String> = (0..250).map(|n| n.to_string()).collect();
        assert_eq!(chunks(bodies.clone()).unwrap().concat(), bodies);
    }

    #[test]
    fn a_message_over_the_limit_is_refused_before_anything_is_sent() {
        let refused = chunks(vec!["x".to_owned(), "x".repeat(127_000)]);
        assert_eq!(refused, Err(QueueError::TooLarge { bytes: 127_000, limit: 127_000 }));
    }
}
