//! The machine that figures were taken on.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

/// Processor, cores, memory, system, and the versions of node and rustc.
#[must_use]
pub fn machine() -> Value {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    json!({
        "cpu": line(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default(), "model name"),
        "cores": cores,
        "memory_gb": memory_gb(&fs::read_to_string("/proc/meminfo").unwrap_or_default()),
        "os": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "node": version("node"),
        "rustc": version("rustc"),
    })
}

fn line<'a>(text: &'a str, name: &str) -> &'a str {
    let found = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(':'));
    found.map_or("unknown", |(_, value)| value.trim())
}

fn memory_gb(meminfo: &str) -> u64 {
    let kilobytes = line(meminfo, "MemTotal").split_whitespace().next().and_then(|n| n.parse::<u64>().ok());
    kilobytes.unwrap_or_default().div_ceil(1024 * 1024)
}

fn version(program: &str) -> String {
    let output = Command::new(program).arg("--version").output();
    output.map_or_else(|_| "unknown".to_owned(), |out| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_files_are_read() {
        assert_eq!(line("processor\t: 0\nmodel name\t: Fast CPU\n", "model name"), "Fast CPU");
        assert_eq!(line("", "model name"), "unknown");
        assert_eq!(memory_gb("MemTotal:       24576000 kB\n"), 24);
    }
}
