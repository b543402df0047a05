//! The launcher, and so every Worker, as a child process.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde::Deserialize;
use serde_json::Value;
use tminus_domain::keys::KeyRing;

use crate::wait::{eventually, holds};

const LAUNCHER: &str = "runtime/launcher.mjs";
/// How long a clean stop may take before it is forced.
const GRACE: Duration = Duration::from_secs(5);

/// How to start.
#[derive(Debug, Clone, Default)]
pub struct RuntimeOptions {
    /// The base URL of everything of Google's.
    pub google: String,
    /// Where to keep state; a temporary folder if `None`.
    pub persist: Option<PathBuf>,
    /// Where the Workers' log goes.
    pub log: PathBuf,
    /// More of the environment.
    pub env: Vec<(String, String)>,
}

/// The addresses of the Workers that have one.
#[derive(Debug, Clone, Deserialize)]
pub struct Urls {
    /// The api Worker.
    pub api: String,
    /// The webhook Worker.
    pub webhook: String,
}

/// What the launcher says when it is ready.
#[derive(Debug, Clone, Deserialize)]
pub struct Ready {
    /// Addresses.
    pub urls: Urls,
    /// The launcher's own interface.
    pub admin_url: String,
    /// The operator's token.
    pub admin_token: String,
    /// Where state is kept.
    pub persist: PathBuf,
}

/// The runtime; dropped, it is gone.
#[derive(Debug)]
pub struct Runtime {
    /// Addresses and more.
    pub ready: Ready,
    /// The Workers' log.
    pub log: PathBuf,
    child: Child,
    group: Pid,
    killed: bool,
    /// Held open: when we die, it closes, and the launcher stops.
    _stdin: Option<ChildStdin>,
}

/// The root of the checkout.
#[must_use]
pub fn repo_root() -> PathBuf {
    let given = std::env::var_os("TMINUS_REPO_ROOT").map(PathBuf::from);
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    given.unwrap_or_else(|| own.parent().unwrap_or(own).to_owned())
}

/// The launcher with the environment that `options` ask for, and no other configuration.
fn launcher(options: &RuntimeOptions) -> Command {
    let mut command = Command::new("node");
    command.arg(repo_root().join(LAUNCHER));
    for (name, _) in std::env::vars_os() {
        let known = ["GOOGLE_", "PUBLIC_", "MASTER_KEYS", "CHANNEL_KEYS", "STATE_KEYS", "ADMIN_TOKEN"];
        if known.iter().any(|known| name.to_string_lossy().starts_with(known)) {
            command.env_remove(name);
        }
    }
    if !options.google.is_empty() {
        for name in ["GOOGLE_API_BASE_URL", "GOOGLE_OAUTH_BASE_URL", "GOOGLE_AUTH_BASE_URL"] {
            command.env(name, &options.google);
        }
        command.env("GOOGLE_CLIENT_ID", fake_google::oauth::DEFAULT_CLIENT_ID);
        command.env("GOOGLE_CLIENT_SECRET", fake_google::oauth::DEFAULT_CLIENT_SECRET);
    }
    for (name, value) in &options.env {
        command.env(name, value);
    }
    command
}

/// Asks the launcher to check the configuration only: its status and its one line.
pub fn check(options: &RuntimeOptions) -> Result<(Option<i32>, Value)> {
    let output = launcher(options).arg("--check").output()?;
    Ok((output.status.code(), serde_json::from_slice(&output.stdout)?))
}

impl Runtime {
    /// Starts the launcher and waits until it is ready.
    pub fn start(options: &RuntimeOptions) -> Result<Self> {
        let mut command = launcher(options);
        command.arg("--exit-with-stdin").arg("--log").arg(&options.log);
        if let Some(folder) = &options.persist {
            command.arg("--persist").arg(folder);
        }
        let mut child = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start node")?;
        let group = Pid::from_raw(i32::try_from(child.id())?);
        let stdin = child.stdin.take();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().context("the launcher has no output")?);
        stdout.read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line).context("the launcher ended without a word")?;
        if answer["ready"] != true {
            child.wait()?;
            bail!("the runtime cannot start: {}", answer["problems"]);
        }
        // Keeps the pipe empty, should the launcher ever say more.
        std::thread::spawn(move || drop(stdout.read_to_end(&mut Vec::new())));
        let ready = serde_json::from_value(answer)?;
        Ok(Self { ready, log: options.log.clone(), child, group, killed: false, _stdin: stdin })
    }

    /// A URL of the api Worker.
    #[must_use]
    pub fn api(&self, path: &str) -> String {
        format!("{}{path}", self.ready.urls.api)
    }

    /// A key ring that the launcher made for this run: `CHANNEL_KEYS` or `STATE_KEYS`.
    pub fn keys(&self, name: &str) -> Result<KeyRing> {
        let text = std::fs::read_to_string(self.ready.persist.join("launcher.json"))?;
        let stored: Value = serde_json::from_str(&text)?;
        Ok(KeyRing::parse(stored["secrets"][name].as_str().context("no such key ring")?)?)
    }

    /// Whether the launcher still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills everything at once, as a power cut does, and waits until it is gone: what starts next wants its ports.
    pub fn kill(&mut self) -> Result<()> {
        self.killed = true;
        killpg(self.group, Signal::SIGKILL)?;
        self.child.wait()?;
        eventually("the runtime is gone", GRACE, || {
            holds(killpg(self.group, None).is_err(), || "a process of its group is left".to_owned())
        })
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if self.killed {
            return;
        }
        let _ = kill(self.group, Signal::SIGTERM);
        let end = Instant::now() + GRACE;
        while self.is_running() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
        // Whatever is left: workerd outlives a launcher that was killed.
        let _ = killpg(self.group, Signal::SIGKILL);
        let _ = self.child.wait();
    }
}
