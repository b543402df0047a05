//! `cargo xtask test`: everything that CI checks, step by step, each timed.

use std::{
    path::Path,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::{
    check, google_client,
    proc::{cargo, limited, shown},
    python,
    repo::Repo,
    sizes,
    tools::{self, Tools},
    wasm,
};

const E2E: &str = "tminus-e2e";
const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// Fetching the advisory database gives up after this.
const ADVISORIES: Duration = Duration::from_secs(60);

/// One step of the suite, in the order of their running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// rustfmt
    Fmt,
    /// the architecture's invariants
    Check,
    /// clippy on the host, warnings denied
    Clippy,
    /// clippy on the Workers as they are deployed
    ClippyWasm,
    /// rustdoc, warnings denied
    Doc,
    /// bans, licences, sources; advisories where there is a network
    Deny,
    /// unit, property and simulation tests on the host
    Native,
    /// Google's Python client against the fake Google, and both against Google's discovery document
    GoogleClient,
    /// the launcher's own tests
    Launcher,
    /// the release Wasm of every Worker within its size budget
    Wasm,
    /// scenarios on the real runtime
    E2e,
    /// requests made of the API's own description, on the real runtime
    Schemathesis,
}

/// How a step ended.
enum Outcome {
    Passed,
    /// Passed, but not all of it ran.
    Partly(&'static str),
    Failed(anyhow::Error),
}

/// Runs the steps `only`, or all, up to the first that fails, and prints a summary.
pub(crate) fn run(repo: &Repo, only: &[Step]) -> Result<ExitCode> {
    let mut rows = Vec::new();
    let mut failed = false;
    for &step in Step::value_variants() {
        if !only.is_empty() && !only.contains(&step) {
            continue;
        }
        if failed {
            rows.push(row(step, None, "not run"));
            continue;
        }
        eprintln!("==> {}", name(step));
        let started = Instant::now();
        let outcome = match execute(repo, step) {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Failed(error),
        };
        let took = Some(started.elapsed());
        match outcome {
            Outcome::Passed => rows.push(row(step, took, "passed")),
            Outcome::Partly(note) => rows.push(row(step, took, note)),
            Outcome::Failed(error) => {
                eprintln!("error: {error:#}");
                failed = true;
                rows.push(row(step, took, "FAILED"));
            }
        }
    }
    println!("\n{}", rows.join("\n"));
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn name(step: Step) -> String {
    step.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

fn row(step: Step, took: Option<Duration>, outcome: &str) -> String {
    let took = took.map_or_else(|| "-".to_owned(), |took| format!("{:.1} s", took.as_secs_f64()));
    format!("{:<13} {took:>9}  {outcome}", name(step))
}

fn execute(repo: &Repo, step: Step) -> Result<Outcome> {
    match step {
        Step::Fmt => shown(&mut task(repo, &["fmt", "--all", "--check"]))?,
        Step::Check => check::run(repo)?,
        Step::Clippy => {
            shown(&mut task(repo, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
        }
        Step::ClippyWasm => {
            let mut command = task(repo, &["clippy", "--target", WASM_TARGET, "--lib"]);
            for package in wasm_packages(repo)? {
                command.args(["--package", &package]);
            }
            shown(command.args(["--", "-D", "warnings"]))?;
        }
        Step::Doc => {
            let mut command = task(repo, &["doc", "--workspace", "--no-deps"]);
            shown(command.env("RUSTDOCFLAGS", "-D warnings"))?;
        }
        Step::Deny => return deny(repo),
        Step::Native => shown(&mut task(repo, &["test", "--workspace", "--exclude", E2E]))?,
        Step::GoogleClient => google_client::run(repo)?,
        Step::Launcher => {
            tools::npm_packages(repo)?;
            let mut command = Command::new("node");
            command.args(["--test", "--test-reporter", "spec", "runtime/launcher.test.mjs"]);
            shown(command.current_dir(&repo.root))?;
        }
        Step::Wasm => {
            wasm::build_all(repo, &Tools::install(repo)?)?;
            sizes::check(repo)?;
        }
        Step::E2e => {
            let tools = Tools::install(repo)?;
            wasm::build_all(repo, &tools)?;
            wasm::build_probes(repo, &tools, &["panic_probe"])?;
            let mut command = task(repo, &["test", "--package", E2E]);
            command.env("TMINUS_REPO_ROOT", &repo.root);
            // Every request of the Workers is judged by Google's own description of its API.
            command.env(google_client::ENVIRONMENT, google_client::discovery_document(repo)?);
            shown(&mut command)?;
        }
        Step::Schemathesis => {
            wasm::build_all(repo, &Tools::install(repo)?)?;
            let requirements = Path::new("e2e/schemathesis/requirements.txt");
            let packages = python::packages(repo, requirements, "Schemathesis")?;
            let mut command = task(repo, &["test", "--package", E2E, "--test", "api"]);
            command.env("TMINUS_REPO_ROOT", &repo.root).env("TMINUS_SCHEMATHESIS", packages);
            shown(&mut command)?;
        }
    }
    Ok(Outcome::Passed)
}

fn task(repo: &Repo, args: &[&str]) -> Command {
    let mut command = cargo();
    command.args(args).current_dir(&repo.root);
    command
}

/// The crates that are compiled to Wasm and name the platform.
fn wasm_packages(repo: &Repo) -> Result<Vec<String>> {
    let mut packages =
        ["tminus-cloudflare", "tminus-graph-probe", "tminus-panic-probe"].map(str::to_owned).to_vec();
    for worker in repo.workers()? {
        packages.push(package_name(&repo.read(worker.folder.join("Cargo.toml"))?)?);
    }
    Ok(packages)
}

fn package_name(manifest: &str) -> Result<String> {
    let manifest: toml::Table = manifest.parse()?;
    let name = manifest.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    Ok(name.context("a manifest names no package")?.to_owned())
}

/// The advisory database is on the network, which not every machine has: reported, not failed.
fn deny(repo: &Repo) -> Result<Outcome> {
    let deny = tools::cargo_deny()?;
    let command = |args: &[&str]| {
        let mut command = Command::new(&deny);
        command.args(["--workspace", "--log-level", "warn"]).args(args).current_dir(&repo.root);
        command
    };
    shown(&mut command(&["check", "--show-stats", "bans", "licenses", "sources"]))?;
    if limited("fetch the advisory database", &mut command(&["fetch", "db"]), Some(ADVISORIES)).is_err() {
        return Ok(Outcome::Partly("passed; advisories SKIPPED (the database cannot be fetched)"));
    }
    shown(&mut command(&["check", "--disable-fetch", "advisories"]))?;
    Ok(Outcome::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_named_as_on_the_command_line() {
        assert_eq!(name(Step::ClippyWasm), "clippy-wasm");
        assert_eq!(row(Step::Fmt, None, "not run"), "fmt                   -  not run");
    }

    #[test]
    fn a_package_is_named_by_its_manifest() {
        assert_eq!(package_name("[package]\nname = \"a\"").unwrap(), "a");
        assert!(package_name("[workspace]").is_err());
    }
}
