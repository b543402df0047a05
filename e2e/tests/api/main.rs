//! Requests made of the API's own description, by Schemathesis, against the real runtime: nothing answers 5xx, and every
//! answer is one that the description says. `cargo xtask test --only schemathesis` runs it.
//!
//! What is sent and judged, and what is left out and why, is in `e2e/schemathesis/schemathesis.toml`.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tminus_e2e::person::Person;
use tminus_e2e::runtime::repo_root;
use tminus_e2e::wait::eventually;
use tminus_e2e::world::World;

/// The folder of the installed Python packages.
const PACKAGES: &str = "TMINUS_SCHEMATHESIS";
const CONFIG: &str = "e2e/schemathesis/schemathesis.toml";
/// The same with its values.
const FILLED: &str = "schemathesis.toml";
/// How long the mirrors of the events may take.
const SOON: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let packages = std::env::var_os(PACKAGES).context("run `cargo xtask test --only schemathesis`")?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let log = folder.join("schemathesis.log");
    let _ = std::fs::remove_file(&log);
    let world = World::start(log, None)?;
    let person = Person::ready(&world, "described", 2)?;
    for day in 1..4 {
        let at = |hour: u32| json!({"dateTime": format!("2026-03-{day:02}T{hour:02}:00:00Z")});
        world.insert(person.primary(0), &json!({"summary": "Plan", "start": at(9), "end": at(10)}))?;
    }
    let event = eventually("the events are listed", SOON, || {
        let events = person.listed("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")?;
        let event = events.first().and_then(|event| event["event"].as_str()).map(str::to_owned);
        Ok(event.filter(|_| events.len() == 3).ok_or_else(|| format!("{} are", events.len())))
    })?;

    let config = filled(&[
        ("COOKIE", person.browser.cookies(&world.runtime.ready.urls.api)?),
        ("ADMIN_TOKEN", world.runtime.ready.admin_token.clone()),
        ("ACCOUNT", person.accounts[0].account.clone()),
        ("OTHER_ACCOUNT", person.accounts[1].account.clone()),
        ("CALENDAR", person.calendar(0, "PRIMARY")?),
        ("OVERLAY", person.calendar(1, "BUSY_OVERLAY")?),
        ("EVENT", event),
        ("USER", person.user.clone()),
    ])?;
    std::fs::write(folder.join(FILLED), config)?;
    let mut command = Command::new("python3");
    command
        .args(["-m", "schemathesis.cli", "--config-file", FILLED])
        .args(["run", &world.runtime.api("/v1/openapi.json")])
        // It leaves files where it runs.
        .current_dir(folder)
        .env("PYTHONPATH", packages)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1");
    let status = command.status().context("python3 is needed and not found")?;
    ensure!(status.success(), "an answer is not what the API says of itself");
    ensure!(person.status()?.accounts.len() == 2, "an account is gone");
    Ok(())
}

/// The configuration with values in their places: Schemathesis itself fills them in headers only.
fn filled(values: &[(&str, String)]) -> Result<String> {
    let text = std::fs::read_to_string(repo_root().join(CONFIG))?;
    let put =
        |text: String, (name, value): &(&str, String)| text.replace(&format!("${{TMINUS_{name}}}"), value);
    Ok(values.iter().fold(text, put))
}
