//! The pinned tools: cargo-installed ones in a folder of the user's, so that a second clone is quick; npm packages in
//! the checkout.

use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::{
    proc::{cargo, output, quiet},
    repo::Repo,
};

/// A program that `cargo install` makes.
pub(crate) struct Tool {
    package: &'static str,
    version: &'static str,
    program: &'static str,
    locked: bool,
}

const WORKER_BUILD: Tool =
    Tool { package: "worker-build", version: "0.8.7", program: "worker-build", locked: true };
/// Equal to the `wasm-bindgen` crate's version. Not locked: its lock file may name versions that a registry lost.
const WASM_BINDGEN: Tool =
    Tool { package: "wasm-bindgen-cli", version: "0.2.130", program: "wasm-bindgen", locked: false };
const CARGO_DENY: Tool =
    Tool { package: "cargo-deny", version: "0.20.2", program: "cargo-deny", locked: true };

const OLDEST_NODE: (u32, u32) = (20, 3);

/// What building and running the Workers needs, installed.
pub(crate) struct Tools {
    pub(crate) worker_build: PathBuf,
    pub(crate) wasm_bindgen: PathBuf,
    pub(crate) wasm_opt: PathBuf,
    pub(crate) esbuild: PathBuf,
    pub(crate) toolchain: Toolchain,
}

/// The environment in which worker-build finds the pinned toolchain under the one name that it unwinds with.
pub(crate) struct Toolchain(Vec<(&'static str, OsString)>);

impl Toolchain {
    /// `worker-build --panic-unwind` says `cargo +nightly`: it needs a standard library that unwinds, which is built
    /// from source by an option of cargo that is not stable. The pinned release can do that as well, when told to, and
    /// it is the same for everyone. So rustup is given a home in which it is called `nightly`.
    fn install(repo: &Repo) -> Result<Self> {
        let ask = |args: &[&str]| output(Command::new("rustc").args(args).current_dir(&repo.root));
        let sysroot = PathBuf::from(ask(&["--print", "sysroot"])?.trim());
        if !sysroot.join("lib/rustlib/src/rust/library/Cargo.lock").is_file() {
            // A toolchain that was installed before rust-toolchain.toml named it.
            let mut command = Command::new("rustup");
            quiet("add rust-src", command.args(["component", "add", "rust-src"]).current_dir(&repo.root))?;
        }
        let version = ask(&["--version", "--verbose"])?;
        let field = |name: &str| version.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let host = field("host:").context("rustc names no host")?;
        let home = cache()?.join("rustup").join(hash(&[&version, &*sysroot.to_string_lossy()]));
        let link = home.join("toolchains").join(format!("nightly-{host}"));
        if !link.is_dir() {
            fs::create_dir_all(home.join("toolchains"))?;
            // One to a toolchain that is gone. And another process may have been quicker.
            drop(fs::remove_file(&link));
            drop(symlink(&sysroot, &link));
        }
        if !link.is_dir() {
            bail!("cannot link {} to {}", link.display(), sysroot.display());
        }
        Ok(Self(vec![
            ("RUSTUP_HOME", home.into()),
            ("RUSTUP_TOOLCHAIN", "nightly".into()),
            ("RUSTC_BOOTSTRAP", "1".into()),
        ]))
    }

    pub(crate) fn envs(&self) -> impl Iterator<Item = &(&'static str, OsString)> {
        self.0.iter()
    }
}

impl Tools {
    /// Installs what is missing.
    pub(crate) fn install(repo: &Repo) -> Result<Self> {
        npm_packages(repo)?;
        let bin = repo.root.join("node_modules/.bin");
        let [worker_build, wasm_bindgen] = installed([&WORKER_BUILD, &WASM_BINDGEN])?;
        let toolchain = Toolchain::install(repo)?;
        let [wasm_opt, esbuild] = ["wasm-opt", "esbuild"].map(|program| bin.join(program));
        Ok(Self { worker_build, wasm_bindgen, wasm_opt, esbuild, toolchain })
    }

    /// A text that changes when one of the tools does.
    pub(crate) fn versions(repo: &Repo) -> Result<String> {
        let ours = [&WORKER_BUILD, &WASM_BINDGEN].map(|tool| format!("{} {}", tool.package, tool.version));
        Ok(format!("{}\n{}", ours.join("\n"), repo.read("package-lock.json")?))
    }
}

/// cargo-deny, installed.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    let [cargo_deny] = installed([&CARGO_DENY])?;
    Ok(cargo_deny)
}

/// The user's cache: `$TMINUS_CACHE`, `$XDG_CACHE_HOME/tminus` or `~/.cache/tminus`.
pub(crate) fn cache() -> Result<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("TMINUS_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|folder| folder.join("tminus")))
        .or_else(|| set("HOME").map(|folder| folder.join(".cache/tminus")))
        .context("no folder for tools: set HOME or TMINUS_CACHE")
}

/// The programs of `tools`; what is missing is installed.
fn installed<const N: usize>(tools: [&Tool; N]) -> Result<[PathBuf; N]> {
    let cache = cache()?;
    let root = |tool: &Tool| cache.join("tools").join(format!("{}-{}", tool.package, tool.version));
    let program = |tool: &Tool| root(tool).join("bin").join(tool.program);
    // One build folder for all, as they share most of their dependencies; of this process, as it is removed.
    let build = cache.join(format!("build-{}", std::process::id()));
    for tool in tools.iter().filter(|tool| !program(tool).is_file()) {
        let mut command = cargo();
        command.args(["install", tool.package, "--version", tool.version, "--root"]).arg(root(tool));
        if tool.locked {
            command.arg("--locked");
        }
        command.env("CARGO_TARGET_DIR", &build);
        quiet(&format!("install {} {} (once a machine, minutes)", tool.package, tool.version), &mut command)?;
    }
    drop(fs::remove_dir_all(&build));
    Ok(tools.map(program))
}

/// Installs the npm packages if the lock file changed since the last time.
pub(crate) fn npm_packages(repo: &Repo) -> Result<()> {
    prerequisites()?;
    let lock = hash(&[repo.read("package.json")?, repo.read("package-lock.json")?]);
    let stamp = repo.root.join("node_modules/.tminus-lock");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let mut command = Command::new("npm");
    command.args(["ci", "--no-audit", "--no-fund"]).current_dir(&repo.root);
    quiet("install npm packages", &mut command)?;
    fs::write(&stamp, lock).context("cannot write the npm stamp")
}

pub(crate) fn hash<T: AsRef<[u8]>>(parts: &[T]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        let part = part.as_ref();
        hasher.update(part.len().to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Names everything that must be there before us, all at once.
fn prerequisites() -> Result<()> {
    let mut missing = Vec::new();
    match output(Command::new("node").arg("--version")) {
        Ok(version) if node_is_old(&version) => {
            let (major, minor) = OLDEST_NODE;
            missing.push(format!("Node {major}.{minor} or later (this is {})", version.trim()));
        }
        Ok(_) => {}
        Err(_) => missing.push("Node 20 or later".to_owned()),
    }
    for (program, what) in [("npm", "npm"), ("cc", "a C compiler (cc)")] {
        if !in_path(program) {
            missing.push(what.to_owned());
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    bail!("needed and not found: {}", missing.join("; "))
}

fn node_is_old(version: &str) -> bool {
    let mut numbers = version.trim().trim_start_matches('v').split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < OLDEST_NODE,
        _ => true,
    }
}

fn in_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| Path::new(&folder).join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_compare_by_number() {
        assert!(node_is_old("v18.19.1\n"));
        assert!(node_is_old("v20.2.0"));
        assert!(!node_is_old("v20.20.2"));
        assert!(!node_is_old("v22.1.0"));
        assert!(node_is_old("unknown"));
    }

    #[test]
    fn a_hash_tells_where_a_part_ends() {
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_eq!(hash(&["a"]).len(), 64);
    }
}
