//! The Workers' log.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// The lines of a log.
pub fn lines(log: &Path) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(log).with_context(|| format!("cannot read {}", log.display()))?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// The Workers that logged under each trace which `worker` logged under, in the order of the traces.
#[must_use]
pub fn traces(lines: &[Value], worker: &str) -> Vec<(String, BTreeSet<String>)> {
    let mut traces: Vec<(String, BTreeSet<String>)> = Vec::new();
    for line in lines.iter().filter(|line| line["worker"] == worker) {
        let Some(trace) = line["trace"].as_str() else { continue };
        if !traces.iter().any(|(known, _)| known == trace) {
            traces.push((trace.to_owned(), BTreeSet::new()));
        }
    }
    for (trace, workers) in &mut traces {
        let same = lines.iter().filter(|line| line["trace"] == trace.as_str());
        workers.extend(same.filter_map(|line| line["worker"].as_str()).map(str::to_owned));
    }
    traces
}

/// The lines that hold one of `secrets`, as it is or percent-encoded; each shown without its middle.
pub fn leaks(log: &Path, secrets: &BTreeSet<String>) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(log)?;
    let encoded = |secret: &String| {
        percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let forms: BTreeSet<String> =
        secrets.iter().flat_map(|secret| [secret.clone(), encoded(secret)]).collect();
    let needles = Needles::of(&forms);
    let holding = text.lines().filter_map(|line| Some((needles.find(line)?, line)));
    Ok(holding.map(|(form, line)| format!("{form} in {line}")).collect())
}

/// So many first bytes of a text tell it from most others.
const START: usize = 6;

/// Thousands of texts, looked for in one pass over a line.
struct Needles<'a> {
    by_start: HashMap<&'a [u8], Vec<&'a str>>,
    /// Those that have no such start.
    short: Vec<&'a str>,
}

impl<'a> Needles<'a> {
    fn of(texts: &'a BTreeSet<String>) -> Self {
        let mut needles = Self { by_start: HashMap::new(), short: Vec::new() };
        for text in texts {
            match text.as_bytes().get(..START) {
                Some(start) => needles.by_start.entry(start).or_default().push(text),
                None => needles.short.push(text),
            }
        }
        needles
    }

    /// One of the texts that the line holds.
    fn find(&self, line: &str) -> Option<&'a str> {
        let line_bytes = line.as_bytes();
        let starts = line_bytes.windows(START).enumerate();
        let mut found = starts.filter_map(|(at, start)| {
            let texts = self.by_start.get(start)?;
            texts.iter().find(|text| line_bytes[at..].starts_with(text.as_bytes())).copied()
        });
        found.next().or_else(|| self.short.iter().find(|text| line.contains(**text)).copied())
    }
}

/// The lines of level error or warn.
#[must_use]
pub fn complaints(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line["level"] == "error" || line["level"] == "warn").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_wherever_it_stands() {
        let texts: BTreeSet<String> = ["ya29.", "planted-secret", "planted-"].map(str::to_owned).into();
        let needles = Needles::of(&texts);
        for line in ["ya29.x", "a ya29.", "planted-secret", "a planted-secret b", "x planted-"] {
            assert!(needles.find(line).is_some(), "{line}");
        }
        for line in ["", "ya29", "planted", "plant-secret"] {
            assert_eq!(needles.find(line), None, "{line}");
        }
    }
}
