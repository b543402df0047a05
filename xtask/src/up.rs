//! `cargo xtask up`: the Workers on the local runtime, until told to stop.

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitCode, Stdio},
    sync::mpsc::{self, Sender},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use serde_json::Value;

use crate::{
    repo::Repo,
    tools::{self, Tools},
    wasm,
};

const LAUNCHER: &str = "runtime/launcher.mjs";
const GRACE: Duration = Duration::from_secs(5);
/// The exit status for a configuration that is missing or malformed.
const MISCONFIGURED: u8 = 2;

/// What the command line says.
pub(crate) struct Options {
    pub(crate) persist: Option<PathBuf>,
    pub(crate) log: PathBuf,
    pub(crate) base_port: Option<u16>,
    pub(crate) exit_with_stdin: bool,
}

/// Why we stop.
enum End {
    Asked,
    Died,
}

/// Checks the configuration, builds, starts the launcher and stays until a signal or until it ends.
pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    tools::npm_packages(repo)?;
    // Before the long steps: a missing value is told in seconds.
    let check = Command::new("node").arg(repo.root.join(LAUNCHER)).arg("--check").output()?;
    if let Some(code) = refused(&serde_json::from_slice(&check.stdout).unwrap_or(Value::Null)) {
        return Ok(code);
    }
    wasm::build_all(repo, &Tools::install(repo)?)?;
    let mut launcher = Launcher::start(repo, options)?;
    let ready = launcher.ready()?;
    if let Some(code) = refused(&ready) {
        return Ok(code);
    }
    let (ends, end) = mpsc::channel();
    launcher.watch(ends.clone())?;
    let on_signal = ends.clone();
    ctrlc::set_handler(move || drop(on_signal.send(End::Asked)))?;
    if options.exit_with_stdin {
        thread::spawn(move || {
            drop(std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()));
            drop(ends.send(End::Asked));
        });
    }
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", with_group(ready, launcher.group))?;
    stdout.flush()?;
    match end.recv()? {
        End::Asked => Ok(ExitCode::SUCCESS),
        End::Died => bail!("the runtime ended by itself; see {}", options.log.display()),
    }
}

/// Names every problem of an answer that is not ready; none for a good one.
fn refused(answer: &Value) -> Option<ExitCode> {
    let problems = answer.get("problems")?.as_array().filter(|problems| !problems.is_empty())?;
    eprintln!("error: the runtime cannot start:");
    for problem in problems {
        eprintln!("  {}", problem.as_str().unwrap_or("unknown"));
    }
    Some(ExitCode::from(MISCONFIGURED))
}

fn with_group(mut ready: Value, group: Pid) -> Value {
    if let Some(ready) = ready.as_object_mut() {
        ready.insert("pgid".to_owned(), group.as_raw().into());
    }
    ready
}

/// The launcher in a process group of its own; dropped, the whole group is gone.
struct Launcher {
    child: Child,
    group: Pid,
    /// Held open: when we die, it closes, and the launcher stops.
    _stdin: Option<ChildStdin>,
}

impl Launcher {
    fn start(repo: &Repo, options: &Options) -> Result<Self> {
        if let Some(folder) = options.log.parent().filter(|folder| *folder != Path::new("")) {
            std::fs::create_dir_all(folder)?;
        }
        let mut command = Command::new("node");
        command.arg(repo.root.join(LAUNCHER)).arg("--exit-with-stdin").arg("--log").arg(&options.log);
        if let Some(folder) = &options.persist {
            command.arg("--persist").arg(folder);
        }
        if let Some(port) = options.base_port {
            command.arg("--base-port").arg(port.to_string());
        }
        let mut child = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start node")?;
        let group = Pid::from_raw(i32::try_from(child.id())?);
        Ok(Self { _stdin: child.stdin.take(), child, group })
    }

    /// Waits for the one line that the launcher prints.
    fn ready(&mut self) -> Result<Value> {
        let mut line = String::new();
        let stdout = self.child.stdout.as_mut().context("the launcher has no output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        serde_json::from_str(&line).context("the launcher ended without a word")
    }

    /// Tells `ends` when the launcher ends by itself: its output closes.
    fn watch(&mut self, ends: Sender<End>) -> Result<()> {
        let mut stdout = self.child.stdout.take().context("the launcher has no output")?;
        thread::spawn(move || {
            drop(stdout.read_to_end(&mut Vec::new()));
            drop(ends.send(End::Died));
        });
        Ok(())
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        let _ = kill(self.group, Signal::SIGTERM);
        let deadline = Instant::now() + GRACE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
        }
        // Whatever is left: workerd outlives a launcher that was killed.
        let _ = killpg(self.group, Signal::SIGKILL);
        drop(self.child.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_an_answer_with_problems_is_a_refusal() {
        assert!(refused(&json!({"ready": true})).is_none());
        assert!(refused(&json!({"ready": false, "problems": []})).is_none());
        assert!(refused(&json!({"ready": false, "problems": ["A is missing"]})).is_some());
    }

    #[test]
    fn the_ready_line_names_the_process_group() {
        assert_eq!(with_group(json!({"ready": true}), Pid::from_raw(7)), json!({"ready": true, "pgid": 7}));
    }
}
