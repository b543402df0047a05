//! Running other programs, with signs of life on stderr.

use std::{
    ffi::OsStr,
    fs::File,
    io::{Read, Seek},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

const HEARTBEAT: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(50);

/// The cargo that runs us, or the one in the path.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs `command` with its output shown.
pub(crate) fn shown(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", name_of(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", line_of(command));
    }
    Ok(())
}

/// Runs `command` and answers what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", name_of(command)))?;
    if !output.status.success() {
        bail!("{} ended with {}", line_of(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a long `command` quietly: a line at the start, one every 15 s, one at the end; its output only when it fails.
pub(crate) fn quiet(what: &str, command: &mut Command) -> Result<()> {
    limited(what, command, None)
}

/// As [`quiet`], ended by force after `limit`.
pub(crate) fn limited(what: &str, command: &mut Command, limit: Option<Duration>) -> Result<()> {
    let started = Instant::now();
    eprintln!("    {what} ..");
    let mut output = Scratch::new()?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(output.handle()?)
        .stderr(output.handle()?)
        .spawn()
        .with_context(|| format!("cannot start {}", name_of(command)))?;
    let mut next = HEARTBEAT;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let elapsed = started.elapsed();
        if limit.is_some_and(|limit| elapsed > limit) {
            child.kill()?;
            child.wait()?;
            bail!("{what}: gave up after {} s", elapsed.as_secs());
        }
        if elapsed >= next {
            eprintln!("    {what} .. {} s", elapsed.as_secs());
            next += HEARTBEAT;
        }
        thread::sleep(POLL);
    };
    if !status.success() {
        eprintln!("{}", output.text()?.trim_end());
        bail!("{what}: {} ended with {status}", line_of(command));
    }
    eprintln!("    {what}: {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn name_of(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn line_of(command: &Command) -> String {
    let parts = std::iter::once(command.get_program()).chain(command.get_args()).map(OsStr::to_string_lossy);
    parts.collect::<Vec<_>>().join(" ")
}

/// A temporary file that takes a program's output.
struct Scratch {
    path: PathBuf,
    file: File,
}

impl Scratch {
    fn new() -> Result<Self> {
        let thread = format!("{:?}", thread::current().id());
        let number: String = thread.chars().filter(char::is_ascii_digit).collect();
        let path = std::env::temp_dir().join(format!("tminus-xtask-{}-{number}.out", std::process::id()));
        let file = File::options().read(true).append(true).create(true).open(&path)?;
        file.set_len(0)?;
        Ok(Self { path, file })
    }

    fn handle(&self) -> Result<File> {
        Ok(self.file.try_clone()?)
    }

    fn text(&mut self) -> Result<String> {
        let mut bytes = Vec::new();
        self.file.rewind()?;
        self.file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_named_with_its_status() {
        let error = quiet("try", Command::new("sh").args(["-c", "echo no; exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "try: sh -c echo no; exit 3 ended with exit status: 3");
    }

    #[test]
    fn a_program_over_its_limit_is_ended() {
        let limit = Some(Duration::from_millis(10));
        let error = limited("nap", Command::new("sleep").arg("20"), limit).unwrap_err();
        assert_eq!(error.to_string(), "nap: gave up after 0 s");
    }
}
