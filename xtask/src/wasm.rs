//! Builds the Workers: cargo, wasm-bindgen, wasm-opt and esbuild, driven by worker-build.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{
    proc::{cargo, output, quiet},
    repo::{Repo, WorkerCrate},
    tools::{Tools, hash},
};

/// While one Worker is in wasm-opt, the next can be in cargo.
const LANES: usize = 2;
/// A panic ends its own request, not the isolate: see docs/adr/0009-panics.md.
const ARGUMENTS: [&str; 2] = ["--release", "--panic-unwind"];
const STAMP: &str = "build/.inputs";
const MODULE: &str = "build/index_bg.wasm";
/// The names of a module's functions by number: what `wasm-function[7]` is in the trace of a trap.
const SYMBOLS: &str = "build/index.symbols";
/// What the module may use: worker-build tells wasm-opt the same.
const FEATURES: [&str; 7] = [
    "--enable-mutable-globals",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-reference-types",
    "--enable-exception-handling",
];

/// Builds every Worker whose inputs changed.
pub(crate) fn build_all(repo: &Repo, tools: &Tools) -> Result<()> {
    build_these(repo, tools, repo.workers()?)
}

/// Builds Workers that only scenarios or benchmarks start, by their folders in `e2e`.
pub(crate) fn build_probes(repo: &Repo, tools: &Tools, probes: &[&str]) -> Result<()> {
    let probe = |key: &&str| {
        let folder = Path::new("e2e").join(key);
        WorkerCrate { key: (*key).to_owned(), config: folder.join("wrangler.toml"), folder }
    };
    build_these(repo, tools, probes.iter().map(probe).collect())
}

fn build_these(repo: &Repo, tools: &Tools, workers: Vec<WorkerCrate>) -> Result<()> {
    let packages = Packages::read(repo)?;
    let common = common_inputs(repo)?;
    let mut todo = Vec::new();
    for worker in workers {
        let inputs = packages.inputs(repo, &worker.folder, &common)?;
        if !is_current(repo, &worker, &inputs) {
            todo.push((worker, inputs));
        }
    }
    if todo.is_empty() {
        return Ok(());
    }
    eprintln!("    {} Worker(s) to build; the first build takes a minute or more", todo.len());
    todo.reverse();
    let todo = Mutex::new(todo);
    let next = || todo.lock().ok().and_then(|mut todo| todo.pop());
    let lane = || -> Result<()> {
        while let Some((worker, inputs)) = next() {
            build(repo, tools, &worker, &inputs)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|_| scope.spawn(lane)).collect();
        let mut result = Ok(());
        for lane in lanes {
            result = result.and(lane.join().unwrap_or_else(|_| bail!("a build lane panicked")));
        }
        result
    })
}

fn is_current(repo: &Repo, worker: &WorkerCrate, inputs: &str) -> bool {
    let folder = repo.root.join(&worker.folder);
    let built = ["build/index.js", MODULE].iter().all(|file| folder.join(file).is_file());
    built && fs::read_to_string(folder.join(STAMP)).is_ok_and(|stamp| stamp == inputs)
}

fn build(repo: &Repo, tools: &Tools, worker: &WorkerCrate, inputs: &str) -> Result<()> {
    let folder = repo.root.join(&worker.folder);
    let stamp = folder.join(STAMP);
    drop(fs::remove_file(&stamp));
    let mut command = Command::new(&tools.worker_build);
    command
        .args(ARGUMENTS)
        .current_dir(&folder)
        .envs(tools.toolchain.envs().cloned())
        // Apart: build scripts would be run again each time that RUSTC_BOOTSTRAP comes or goes.
        .env("CARGO_TARGET_DIR", target(repo).join("workers"))
        .env("WASM_BINDGEN_BIN", &tools.wasm_bindgen)
        .env("WASM_OPT_BIN", &tools.wasm_opt)
        .env("ESBUILD_BIN", &tools.esbuild);
    quiet(&format!("build {}", worker.key), &mut command)?;
    move_names_out(&folder, tools).with_context(|| format!("cannot strip {}", worker.key))?;
    fs::write(&stamp, inputs).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Cargo's build folder.
fn target(repo: &Repo) -> PathBuf {
    let given = std::env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty());
    repo.root.join(given.map_or_else(|| "target".into(), PathBuf::from))
}

/// worker-build keeps the names of all functions in the module, a tenth of what is uploaded. They go into a file of
/// their own. (A panic's message needs none: its place is data.)
fn move_names_out(folder: &Path, tools: &Tools) -> Result<()> {
    let [module, symbols] = [MODULE, SYMBOLS].map(|file| folder.join(file));
    let stripped = module.with_extension("stripped");
    let mut command = Command::new(&tools.wasm_opt);
    command.args(FEATURES).arg(format!("--symbolmap={}", symbols.display()));
    output(command.arg(&module).arg("-o").arg(&stripped))?;
    Ok(fs::rename(&stripped, &module)?)
}

/// What every Worker's build depends on, beside its own sources.
fn common_inputs(repo: &Repo) -> Result<String> {
    let mut parts = vec![Tools::versions(repo)?];
    for file in ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".cargo/config.toml"] {
        parts.push(repo.read(file)?);
    }
    parts.push(std::env::var("RUSTFLAGS").unwrap_or_default());
    parts.extend(ARGUMENTS.map(str::to_owned));
    parts.push(SYMBOLS.to_owned());
    Ok(hash(&parts))
}

/// The workspace's packages by folder, each with the folders of the packages that it is built from.
struct Packages {
    dependencies: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
}

impl Packages {
    fn read(repo: &Repo) -> Result<Self> {
        let mut command = cargo();
        command.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(&repo.root);
        Self::parse(&output(&mut command)?, &repo.root)
    }

    fn parse(metadata: &str, root: &Path) -> Result<Self> {
        let metadata: Value = serde_json::from_str(metadata)?;
        let mut dependencies = BTreeMap::new();
        for package in list(&metadata, "packages") {
            let manifest = Path::new(text(package, "manifest_path"));
            let folder = manifest.parent().unwrap_or(root).strip_prefix(root)?.to_owned();
            let paths = list(package, "dependencies")
                .iter()
                .filter(|dependency| text(dependency, "kind") != "dev")
                .filter_map(|dependency| Path::new(text(dependency, "path")).strip_prefix(root).ok())
                .map(Path::to_owned);
            dependencies.insert(folder, paths.collect());
        }
        Ok(Self { dependencies })
    }

    /// The folders that the package in `folder` is built from, itself included.
    fn closure(&self, folder: &Path) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        let mut todo = vec![folder.to_owned()];
        while let Some(next) = todo.pop() {
            todo.extend(self.dependencies.get(&next).into_iter().flatten().cloned());
            if !found.insert(next) {
                todo.retain(|folder| !found.contains(folder));
            }
        }
        found
    }

    fn inputs(&self, repo: &Repo, folder: &Path, common: &str) -> Result<String> {
        let mut parts = vec![common.as_bytes().to_vec()];
        for package in self.closure(folder) {
            for file in repo.files(&package)? {
                if is_input(file.strip_prefix(&package)?) {
                    parts.push(file.to_string_lossy().into_owned().into_bytes());
                    parts.push(fs::read(repo.root.join(&file))?);
                }
            }
        }
        Ok(hash(&parts))
    }
}

/// Tests and deployment settings do not reach the module.
fn is_input(file: &Path) -> bool {
    !file.starts_with("tests") && !file.ends_with("wrangler.toml")
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages() -> Packages {
        let metadata = r#"{"packages":[
            {"manifest_path":"/r/api/Cargo.toml","dependencies":[
                {"kind":null,"path":"/r/ports"},{"kind":"dev","path":"/r/testkit"},{"kind":null}]},
            {"manifest_path":"/r/ports/Cargo.toml","dependencies":[{"kind":"build","path":"/r/domain"}]},
            {"manifest_path":"/r/domain/Cargo.toml","dependencies":[{"kind":null,"path":"/r/ports"}]}]}"#;
        Packages::parse(metadata, Path::new("/r")).unwrap()
    }

    #[test]
    fn a_package_is_built_from_its_dependencies_and_theirs() {
        let expected = ["api", "domain", "ports"].map(PathBuf::from).into();
        assert_eq!(packages().closure(Path::new("api")), expected);
    }

    #[test]
    fn tests_and_settings_are_no_inputs() {
        assert!(is_input(Path::new("src/lib.rs")));
        assert!(!is_input(Path::new("tests/all.rs")));
        assert!(!is_input(Path::new("wrangler.toml")));
    }
}
