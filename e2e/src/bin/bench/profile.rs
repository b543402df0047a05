//! Where the time goes: from the Workers' own log, by trace.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use tminus_e2e::figures::percentile;
use tminus_e2e::logs;

/// Shows, for the last `changes` traces that begin at a webhook, when each Worker logged what, in milliseconds
/// after the first line of the trace.
pub(crate) fn show(log: &Path, changes: usize) -> Result<()> {
    let lines = logs::lines(log)?;
    let traces = logs::traces(&lines, "webhook");
    let skip = traces.len().saturating_sub(changes);
    let mut steps: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (trace, _) in traces.iter().skip(skip) {
        let own = lines.iter().filter(|line| line["trace"] == trace.as_str());
        let own: Vec<_> = own.filter_map(|line| Some((line["timestamp"].as_i64()?, line))).collect();
        let first = own.iter().map(|(at, _)| *at).min().unwrap_or_default();
        for (at, line) in own {
            let text = |key: &str| line[key].as_str().unwrap_or("-");
            let step = format!("{} {}", text("worker"), text("message"));
            #[expect(clippy::cast_precision_loss, reason = "a few milliseconds")]
            steps.entry(step).or_default().push((at - first) as f64);
        }
    }
    let mut rows: Vec<_> = steps.into_iter().collect();
    rows.sort_by(|a, b| percentile(&a.1, 0.5).total_cmp(&percentile(&b.1, 0.5)));
    for (step, at) in rows {
        eprintln!(
            "    p50 {:>6} p95 {:>6} n {:>5}  {step}",
            percentile(&at, 0.5),
            percentile(&at, 0.95),
            at.len()
        );
    }
    Ok(())
}
