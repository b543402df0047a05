//! Python packages of the tests, pinned, in the folder of the tools.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{
    proc::{output, quiet},
    repo::Repo,
    tools::{self, hash},
};

/// The folder of the Python packages that a file pins, installed once for each Python and each set of pins.
pub(crate) fn packages(repo: &Repo, requirements: &Path, what: &str) -> Result<PathBuf> {
    let about = "import sys, sysconfig; print(sys.version_info[:2], sysconfig.get_platform())";
    let version = output(python().args(["-c", about])).context("python3 is needed and not found")?;
    let key = hash(&[repo.read(requirements)?, version]);
    let home = tools::cache()?.join("python");
    let finished = home.join(key.get(..16).unwrap_or(&key));
    if finished.is_dir() {
        return Ok(finished);
    }
    // In a folder of this process, moved into place when it is complete.
    let scratch = home.join(format!("new-{}", std::process::id()));
    fs::create_dir_all(&scratch)?;
    let installed = install(&scratch, &repo.root.join(requirements), what);
    let moved = installed.and_then(|made| match fs::rename(made, &finished) {
        // Another process was quicker.
        Err(_) if finished.is_dir() => Ok(()),
        other => other.with_context(|| format!("cannot make {}", finished.display())),
    });
    drop(fs::remove_dir_all(&scratch));
    moved.map(|()| finished)
}

/// Installs through the pip of a virtual environment, which every Python with `venv` has.
fn install(scratch: &Path, requirements: &Path, what: &str) -> Result<PathBuf> {
    let (venv, packages) = (scratch.join("venv"), scratch.join("packages"));
    quiet("make a Python environment", python().args(["-m", "venv"]).arg(&venv))
        .context("python3 cannot make virtual environments (on Debian and Ubuntu: python3-venv)")?;
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip.arg("--target").arg(&packages).arg("--requirement").arg(requirements);
    quiet(&format!("install {what} (once a machine)"), &mut pip)?;
    Ok(packages)
}

/// Python, without what the environment would add to it.
pub(crate) fn python() -> Command {
    let mut command = Command::new("python3");
    // The folder of the packages is shared and stays as it was installed.
    command.env("PYTHONDONTWRITEBYTECODE", "1").env_remove("PYTHONPATH").env_remove("PYTHONHOME");
    command
}
