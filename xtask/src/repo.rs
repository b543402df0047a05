//! The repository: where it is, what is in it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// Folders that hold nothing written by hand.
const GENERATED: &[&str] = &["target", "node_modules", "build", ".git", ".wrangler", ".tminus"];

/// A checkout of the repository.
pub(crate) struct Repo {
    pub(crate) root: PathBuf,
}

/// A crate that is deployed as a Worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WorkerCrate {
    /// Short name: the folder's.
    pub(crate) key: String,
    /// The crate's folder, relative to the root.
    pub(crate) folder: PathBuf,
    /// Its wrangler.toml, relative to the root.
    pub(crate) config: PathBuf,
}

impl Repo {
    /// The checkout that this binary was built from.
    pub(crate) fn find() -> Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.parent().context("xtask has no parent folder")?.to_owned();
        Ok(Self { root })
    }

    /// The deployed crates, the state Worker first.
    pub(crate) fn workers(&self) -> Result<Vec<WorkerCrate>> {
        let mut found = vec![WorkerCrate {
            key: "state".to_owned(),
            folder: PathBuf::from("durable_objects/state"),
            config: PathBuf::from("wrangler.toml"),
        }];
        for name in folders_of(&self.root.join("workers"))? {
            let folder = Path::new("workers").join(&name);
            let config = folder.join("wrangler.toml");
            if self.root.join(&config).is_file() {
                found.push(WorkerCrate { key: name, folder, config });
            }
        }
        Ok(found)
    }

    /// The text of a file, by its path relative to the root.
    pub(crate) fn read(&self, path: impl AsRef<Path>) -> Result<String> {
        let path = path.as_ref();
        fs::read_to_string(self.root.join(path)).with_context(|| format!("cannot read {}", path.display()))
    }

    /// Every file written by hand below `folder`, sorted, relative to the root.
    pub(crate) fn files(&self, folder: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        walk(&self.root.join(folder), &mut found)?;
        for path in &mut found {
            *path = path.strip_prefix(&self.root)?.to_owned();
        }
        found.sort();
        Ok(found)
    }
}

fn folders_of(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let name = entry.file_name();
        if kind.is_dir() {
            if !GENERATED.iter().any(|generated| name == *generated) {
                walk(&entry.path(), found)?;
            }
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    Ok(())
}
