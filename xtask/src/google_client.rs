//! Google's own Python client against the fake Google. It brings Google's discovery document, by which
//! the fake judges requests and answers.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{
    proc::{cargo, output, shown},
    python::{self, python},
    repo::Repo,
};

const FOLDER: &str = "e2e/fake_google/python";
const DOCUMENT: &str = "googleapiclient/discovery_cache/documents/calendar.v3.json";
/// The fake, and the tests that need the document, find it by this.
pub(crate) const ENVIRONMENT: &str = "FAKE_GOOGLE_DISCOVERY";

/// Runs the scripted session, then the tests that need the document.
pub(crate) fn run(repo: &Repo) -> Result<()> {
    let (document, packages) = (discovery_document(repo)?, packages(repo)?);
    let fake = Fake::start(&built(repo)?, &document)?;
    let mut session = python();
    session.arg(repo.root.join(FOLDER).join("session.py")).arg(&fake.url).env("PYTHONPATH", &packages);
    let said = output(local(&mut session)).context("the session of Google's client")?;
    checked(said.lines().next_back().unwrap_or_default())?;
    println!("{}", said.trim_end());
    drop(fake);

    let mut tests = cargo();
    tests.args(["test", "--package", "fake-google", "--test", "suite", "--", "--ignored"]);
    shown(tests.current_dir(&repo.root).env(ENVIRONMENT, document))
}

/// Google's discovery document of the Calendar API, fetched if it is not there. The fake judges by it
/// when [`ENVIRONMENT`] names it.
pub(crate) fn discovery_document(repo: &Repo) -> Result<PathBuf> {
    let document = packages(repo)?.join(DOCUMENT);
    if !document.is_file() {
        bail!("Google's Python client brings no {DOCUMENT}");
    }
    Ok(document)
}

fn packages(repo: &Repo) -> Result<PathBuf> {
    python::packages(repo, &Path::new(FOLDER).join("requirements.txt"), "Google's Python client")
}

/// Whatever proxy there is has nothing to do with the loopback.
fn local(command: &mut Command) -> &mut Command {
    command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1")
}

/// The last line of a session tells that it was all right, and that the document was kept.
fn checked(line: &str) -> Result<()> {
    let said: Value =
        serde_json::from_str(line).with_context(|| format!("the session ended with {line:?}"))?;
    let fine = said.get("session") == Some(&"ok".into()) && said.get("violations") == Some(&0.into());
    if fine { Ok(()) } else { bail!("the session ended with {said}") }
}

/// Builds the fake; answers where its program is.
fn built(repo: &Repo) -> Result<PathBuf> {
    let mut build = cargo();
    build.args(["build", "--package", "fake-google", "--message-format", "json-render-diagnostics"]);
    let messages = output(build.current_dir(&repo.root))?;
    program(&messages).context("cargo names no program of fake-google")
}

fn program(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages
        .filter(|message| message.pointer("/target/name") == Some(&"fake-google".into()))
        .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
}

/// A running fake; dropped, it is gone.
struct Fake {
    child: Child,
    url: String,
}

impl Fake {
    fn start(program: &Path, document: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.arg("--discovery").arg(document).stdout(Stdio::piped());
        let mut fake = Self { child: command.spawn().context("cannot start the fake")?, url: String::new() };
        let mut line = String::new();
        let stdout = fake.child.stdout.as_mut().context("the fake has no output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line).context("the fake ended without a word")?;
        ready.get("url").and_then(Value::as_str).context("the fake has no URL")?.clone_into(&mut fake.url);
        Ok(fake)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_right_only_without_violations() {
        assert!(checked(r#"{"session": "ok", "violations": 0}"#).is_ok());
        assert!(checked(r#"{"session": "ok", "violations": 1}"#).is_err());
        assert!(checked("Traceback").is_err());
    }

    #[test]
    fn the_program_is_found_among_the_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"other"},"executable":"/b/other"}
{"reason":"compiler-artifact","target":{"name":"fake-google"},"executable":"/b/fake-google"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(program(messages), Some(PathBuf::from("/b/fake-google")));
        assert_eq!(program("warning: none"), None);
    }
}
