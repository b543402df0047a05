//! Series that python-dateutil expanded, expanded again. See recurrence_vectors/generate.py.

#![allow(clippy::unwrap_used, reason = "tests")]

use serde::Deserialize;
use tminus_domain::event::When;
use tminus_domain::occurrence::Occurrence;
use tminus_domain::recurrence::{LastStart, RecurrenceError, Series, canonical_lines};
use tminus_domain::time::Timestamp;

const VECTORS: &str = include_str!("recurrence_vectors/vectors.jsonl");

#[derive(Deserialize)]
struct Vector {
    #[serde(rename = "s")]
    start: String,
    #[serde(rename = "z")]
    zone: Option<String>,
    #[serde(rename = "l")]
    lines: Vec<String>,
    #[serde(rename = "f")]
    from: String,
    #[serde(rename = "t")]
    to: String,
    #[serde(rename = "o")]
    occurrences: Vec<String>,
    #[serde(rename = "w")]
    is_whole: bool,
    #[serde(rename = "e")]
    last: Option<String>,
}

/// As many as a vector shows.
const SHOWN: u16 = 10;

fn at(stamp: &str) -> Timestamp {
    Occurrence::from_stamp(stamp).unwrap().sort_key()
}

impl Vector {
    fn when(&self) -> When {
        match Occurrence::from_stamp(&self.start).unwrap() {
            Occurrence::At(start) => When::timed(start, start.plus_seconds(3600), self.zone.clone()).unwrap(),
            Occurrence::On(day) => When::all_day(day, day).unwrap(),
        }
    }

    /// Whether there is at most its start, which no rule yields: such a series is refused.
    fn is_barren(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.is_empty() || *last == self.start)
    }

    /// What is wrong with a series of it.
    fn fault(&self, series: &Series) -> Option<String> {
        let found = series.between(at(&self.from), at(&self.to), SHOWN);
        let stamps: Vec<_> = found.occurrences.iter().map(|occurrence| occurrence.stamp()).collect();
        if stamps != self.occurrences || found.is_whole != self.is_whole {
            return Some(format!("found {stamps:?}, expected {:?}", self.occurrences));
        }
        let last = match series.last() {
            LastStart::Never => None,
            LastStart::At(last) => Some(last.stamp()),
            LastStart::Empty => Some(String::new()),
        };
        if last != self.last {
            return Some(format!("last {last:?}, expected {:?}", self.last));
        }
        let strangers = found.occurrences.iter().filter(|occurrence| !series.contains(**occurrence));
        strangers.map(|occurrence| format!("does not contain {occurrence}")).next()
    }
}

#[test]
fn dateutil_finds_the_same_occurrences() {
    let mut faults = Vec::new();
    let (mut count, mut refused) = (0, 0);
    for line in VECTORS.lines() {
        let vector: Vector = serde_json::from_str(line).unwrap();
        count += 1;
        let series = match Series::parse(&vector.when(), &vector.lines) {
            Ok(series) => series,
            Err(RecurrenceError::NeverYields) if vector.is_barren() => {
                refused += 1;
                continue;
            }
            Err(error) => {
                faults.push(format!("{line}\n    {error}"));
                continue;
            }
        };
        if let Some(fault) = vector.fault(&series) {
            faults.push(format!("{line}\n    {fault}"));
            continue;
        }
        let written = series.lines();
        assert_eq!(canonical_lines(&written), written, "{line}");
        let again = Series::parse(&vector.when(), &written).unwrap();
        assert_eq!(again.lines(), written, "{line}");
        if let Some(fault) = vector.fault(&again) {
            faults.push(format!("{line}\n    as written, {written:?}: {fault}"));
        }
    }
    assert_eq!((count, refused), (3_000, 8));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
