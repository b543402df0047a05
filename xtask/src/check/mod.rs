//! `cargo xtask check`: the architecture's invariants. Each check is a function over texts, tried on a bad example.

mod bindings;
mod constants;
mod domain;
mod files;
mod manifests;
mod platform;

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::repo::Repo;

/// A file with its text.
pub(crate) struct Source {
    /// Relative to the root.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Source {
    #[cfg(test)]
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.to_owned() }
    }
}

/// Runs every check and names every violation.
pub(crate) fn run(repo: &Repo) -> Result<()> {
    let sources = sources(repo)?;
    let checks = [
        ("domain is pure", domain::check(repo)?),
        ("the platform stays at the edge", platform::check(&sources)),
        ("manifests", manifests::check(&sources)?),
        ("wrangler.toml agrees with the code", bindings::check(repo, &sources)?),
        ("files", files::check(&sources)),
    ];
    let mut violations = 0;
    for (what, found) in checks {
        println!("{} {what}", if found.is_empty() { "ok  " } else { "FAIL" });
        violations += found.len();
        for violation in found {
            println!("       {violation}");
        }
    }
    if violations > 0 {
        bail!("{violations} violation(s) of the architecture's invariants");
    }
    Ok(())
}

/// Every text file of the repository.
fn sources(repo: &Repo) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in repo.files("")? {
        if let Ok(text) = String::from_utf8(std::fs::read(repo.root.join(&path))?) {
            sources.push(Source { path, text });
        }
    }
    Ok(sources)
}
