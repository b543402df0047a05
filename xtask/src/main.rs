//! Developer tasks: demo, up, test, chaos, bench, check. `cargo xtask help` lists them.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "a developer tool, never deployed"
)]

mod check;
mod e2e;
mod google_client;
mod openapi;
mod proc;
mod python;
mod repo;
mod sizes;
mod test;
mod tools;
mod up;
mod wasm;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::{repo::Repo, tools::Tools};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer tasks of T-Minus", version)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Show the whole system at work: a fake Google, three linked accounts, changes and their mirrors
    Demo {
        /// Passed on; `--once --json` runs once and ends with one JSON line
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run all Workers locally; prints one JSON line when they are ready and stays up
    Up {
        /// Keep Durable Objects, D1, secrets and ports in this folder
        #[arg(long, value_name = "DIR")]
        persist: Option<PathBuf>,
        /// Where the Workers' log goes
        #[arg(long, value_name = "FILE", default_value = ".tminus/up.log")]
        log: PathBuf,
        /// Use the ports from here on: the api Worker first, then webhook
        #[arg(long, value_name = "PORT")]
        base_port: Option<u16>,
        /// Stop when standard input closes
        #[arg(long)]
        exit_with_stdin: bool,
    },
    /// Everything that CI checks
    Test {
        /// Run only these steps, separated by commas
        #[arg(long, value_name = "STEP", value_enum, value_delimiter = ',')]
        only: Vec<test::Step>,
    },
    /// Edit calendars under load and kill the whole runtime in the middle, again and again; ends with one JSON line
    Chaos {
        /// Passed on, such as `--rounds 20 --seed 1 --json`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run a benchmark; its last line is one JSON object
    Bench {
        /// Which one: `size`, or one of the end-to-end crate's
        name: String,
        /// Passed on, such as `--json`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Check the architecture's invariants
    Check,
    /// Write what the API says of itself: workers/api/openapi.json and docs/API.md
    Openapi,
    /// Build every Worker; unchanged ones are left alone
    Build,
    /// Build every Worker and hold its size against the budget
    Sizes,
    /// Install the pinned tools and npm packages
    Setup,
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<ExitCode> {
    let repo = Repo::find()?;
    match task {
        Task::Demo { args } => e2e::demo(&repo, &args)?,
        Task::Up { persist, log, base_port, exit_with_stdin } => {
            return up::run(&repo, &up::Options { persist, log, base_port, exit_with_stdin });
        }
        Task::Test { only } => return test::run(&repo, &only),
        Task::Chaos { args } => e2e::chaos(&repo, &args)?,
        Task::Bench { name, args } => e2e::bench(&repo, &name, &args)?,
        Task::Check => check::run(&repo)?,
        Task::Openapi => openapi::write(&repo)?,
        Task::Build => wasm::build_all(&repo, &Tools::install(&repo)?)?,
        Task::Sizes => {
            wasm::build_all(&repo, &Tools::install(&repo)?)?;
            sizes::check(&repo)?;
        }
        Task::Setup => {
            Tools::install(&repo)?;
            tools::cargo_deny()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
