//! The tasks that the end-to-end crate carries out: demo, chaos and benchmarks.

use std::{fs, os::unix::process::CommandExt, process::Command, thread};

use anyhow::{Result, anyhow};
use serde_json::{Value, json};

use crate::{proc::cargo, repo::Repo, sizes, tools::Tools, wasm};

const PACKAGE: &str = "tminus-e2e";
/// The benchmarks of the canonical store by itself, which run in a Worker of their own.
const OF_THE_GRAPH: [&str; 4] = ["ingest", "growth", "rows", "range"];

/// Runs the demo in our place.
pub(crate) fn demo(repo: &Repo, args: &[String]) -> Result<()> {
    wasm::build_all(repo, &Tools::install(repo)?)?;
    become_program(command(repo).args(["--bin", "demo", "--"]).args(args))
}

/// Runs the chaos in our place.
pub(crate) fn chaos(repo: &Repo, args: &[String]) -> Result<()> {
    wasm::build_all(repo, &Tools::install(repo)?)?;
    become_program(command(repo).args(["--release", "--bin", "chaos", "--"]).args(args))
}

/// Runs the benchmark `name`.
pub(crate) fn bench(repo: &Repo, name: &str, args: &[String]) -> Result<()> {
    let tools = Tools::install(repo)?;
    wasm::build_all(repo, &tools)?;
    if OF_THE_GRAPH.contains(&name) {
        wasm::build_probes(repo, &tools, &["graph_probe"])?;
    }
    if name == "size" {
        let figures = json!(sizes::measure(repo)?);
        println!("{}", json!({"bench": name, "machine": machine(), "figures": figures}));
        return Ok(());
    }
    become_program(command(repo).args(["--release", "--bin", "bench", "--", name]).args(args))
}

/// `cargo run` of the crate, which finds the checkout through the environment.
fn command(repo: &Repo) -> Command {
    let mut command = cargo();
    command.args(["run", "--quiet", "--package", PACKAGE]).current_dir(&repo.root);
    command.env("TMINUS_REPO_ROOT", &repo.root);
    command
}

/// Replaces this process, so that signals reach the program itself.
fn become_program(command: &mut Command) -> Result<()> {
    let error = command.exec();
    Err(anyhow!(error).context("cannot start cargo"))
}

/// The machine that figures were taken on.
fn machine() -> Value {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    json!({
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "cpus": cpus,
        "cpu": cpu_model(&cpuinfo),
    })
}

fn cpu_model(cpuinfo: &str) -> &str {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(':')).map_or("unknown", |(_, model)| model.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_read_from_the_first_model_line() {
        assert_eq!(cpu_model("processor\t: 0\nmodel name\t: Fast CPU\nmodel name\t: Other\n"), "Fast CPU");
        assert_eq!(cpu_model(""), "unknown");
    }
}
