//! The Workers' log.

use std::collections::BTreeSet;
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
    let holding =
        text.lines().filter_map(|line| Some((forms.iter().find(|form| line.contains(*form))?, line)));
    Ok(holding.map(|(form, line)| format!("{form} in {line}")).collect())
}

/// The lines of level error or warn.
#[must_use]
pub fn complaints(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line["level"] == "error" || line["level"] == "warn").collect()
}
