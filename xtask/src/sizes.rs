//! The size of each Worker as it is uploaded, against its budget.

use std::{collections::BTreeMap, fs, io::Write};

use anyhow::{Context, Result, bail};
use flate2::{Compression, write::GzEncoder};

use crate::repo::Repo;

/// Bytes, gzipped.
const BUDGET: usize = 450_000;
/// The state Worker holds both Durable Object classes.
const STATE_BUDGET: usize = 1_200_000;

/// Gzipped bytes of each built Worker.
pub(crate) fn measure(repo: &Repo) -> Result<BTreeMap<String, usize>> {
    let mut sizes = BTreeMap::new();
    for worker in repo.workers()? {
        let mut size = 0;
        for file in ["build/index.js", "build/index_bg.wasm"] {
            let path = repo.root.join(&worker.folder).join(file);
            let bytes =
                fs::read(&path).with_context(|| format!("cannot read {}: not built?", path.display()))?;
            size += gzipped(&bytes)?;
        }
        sizes.insert(worker.key, size);
    }
    Ok(sizes)
}

/// Prints the sizes and fails if one is over its budget.
pub(crate) fn check(repo: &Repo) -> Result<()> {
    let sizes = measure(repo)?;
    for (worker, size) in &sizes {
        println!("{worker:<14} {size:>8} of {:>7} bytes gzipped", budget(worker));
    }
    let over = over_budget(&sizes);
    if over.is_empty() {
        return Ok(());
    }
    bail!("over the size budget: {}", over.join(", "))
}

fn budget(worker: &str) -> usize {
    if worker == "state" { STATE_BUDGET } else { BUDGET }
}

fn over_budget(sizes: &BTreeMap<String, usize>) -> Vec<&str> {
    sizes.iter().filter(|(worker, size)| **size > budget(worker)).map(|(worker, _)| worker.as_str()).collect()
}

fn gzipped(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_over_its_budget_is_named() {
        let sizes = [("api", 450_001), ("cron", 450_000), ("state", 1_200_000)];
        let sizes = sizes.map(|(worker, size)| (worker.to_owned(), size)).into();
        assert_eq!(over_budget(&sizes), ["api"]);
    }

    #[test]
    fn sizes_are_those_of_compressed_bytes() {
        assert!(gzipped(&[0; 10_000]).unwrap() < 100);
    }
}
