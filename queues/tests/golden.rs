//! Messages that were ever written decode for ever, and are written the same way today.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use serde_json::Value;
use tminus_queues::{Body, DecodeError, DeltaChunk, MirrorNudge, Rejected, SyncMessage, decode};

fn fixtures(queue: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(queue);
    let mut texts = Vec::new();
    for version in std::fs::read_dir(folder).unwrap() {
        for file in std::fs::read_dir(version.unwrap().path()).unwrap() {
            texts.push(std::fs::read_to_string(file.unwrap().path()).unwrap());
        }
    }
    assert!(!texts.is_empty());
    texts
}

fn check<B: Body>(queue: &str) {
    for text in fixtures(queue) {
        let message = decode::<B>(&text).unwrap();
        if message.v == B::VERSION {
            let written: Value = serde_json::to_value(&message).unwrap();
            assert_eq!(written, serde_json::from_str::<Value>(&text).unwrap());
        }
        let newer = text.replacen("\"v\": 1", "\"v\": 99", 1);
        assert_eq!(
            decode::<B>(&newer).err(),
            Some(DecodeError::NewerVersion { version: 99, known: B::VERSION }),
            "a newer version is told from nonsense"
        );
    }
}

#[test]
fn every_fixture_decodes() {
    check::<SyncMessage>("sync");
    check::<DeltaChunk>("delta");
    check::<MirrorNudge>("mirror");
    check::<Rejected>("dead_letter");
}

#[test]
fn nonsense_is_refused_without_showing_it() {
    for text in ["", "secret", "{}", "[1]", r#"{"v":1}"#, r#"{"v":"1","body":"secret"}"#] {
        let error = decode::<SyncMessage>(text).unwrap_err();
        assert!(matches!(error, DecodeError::Malformed { .. }));
        assert!(!error.to_string().contains("secret"));
    }
}
