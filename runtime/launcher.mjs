// Starts every Worker of the repository in one workerd, on loopback. `cargo xtask up` and the end-to-end tests use
// it; the Workers must have been built (`cargo xtask build`).
//
//   node runtime/launcher.mjs [--persist DIR] [--log FILE] [--base-port N] [--exit-with-stdin] [--check]
//
//   --persist DIR      keep Durable Objects, D1, generated secrets and ports in DIR (else a temporary folder, removed
//                      at a clean stop). Queues are in memory: a stop loses their content. Started again on the same
//                      DIR, everything has the same URLs, keys and admin token, if the ports are still free.
//   --log FILE         append the Workers' log to FILE (else stderr): one JSON object a line.
//   --base-port N      use the ports N, N+1, .. (in the order: api, webhook, then the rest, admin last).
//   --exit-with-stdin  stop when stdin closes, so that nothing outlives a parent that died.
//   --check            only check the configuration.
//
// Environment: every variable and secret that a wrangler.toml names may be given (GOOGLE_API_BASE_URL, ..). Missing
// with no default, or malformed, ends the start with status 2 and {"ready":false,"problems":[..]} on stdout, all of
// them at once. PUBLIC_API_URL and PUBLIC_WEBHOOK_URL default to the loopback URLs; MASTER_KEYS, CHANNEL_KEYS,
// STATE_KEYS and the admin token are generated. ADMIN_TOKEN chooses the token; ADMIN_TOKEN_HASHES only its hash.
//
// TMINUS_ALSO is the wrangler.toml, relative to the repository, of one more Worker to start: a scenario's own.
//
// When ready it prints one line on stdout and nothing else:
//   {"ready":true,"urls":{"api":URL,"webhook":URL,"state":URL,..},"admin_url":URL,"admin_token":TEXT|null,
//    "persist":DIR,"log":FILE|null,"pid":N,"workerd_pid":N,"migrations":[..],"ms":N}
// Any other failure: status 1 and {"ready":false,"problems":[..]}.
//
// The admin interface (admin_url; refuses browsers):
//   GET  /ready                                the line above
//   POST /cron/{worker}?cron=EXPR&time=MS      fires the cron of a Worker; answers {"outcome":..}
//   POST /queue/{queue}                        {"messages":[{"body":TEXT,"id"?,"attempts"?,"timestamp"?}]}: delivers a
//                                              batch to the consumer of the queue, past the queue; answers
//                                              {"outcome":"ok"|"exception","explicitAcks":[..],"retryMessages":[..],..}
//   POST /stop                                 a clean stop
//
// A clean stop also comes from SIGTERM, SIGINT and SIGHUP. If workerd dies, the launcher ends with status 1. After
// SIGKILL of the launcher workerd would stay: start the launcher as the leader of a process group and kill the group.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { Log, LogLevel, Miniflare } from "miniflare";

import { serveAdmin } from "./admin.mjs";
import { bindings, problems, readWorkers } from "./config.mjs";
import { openLog } from "./logs.mjs";
import { openMemory, portsOf, secretsOf } from "./memory.mjs";
import { migrate } from "./migrate.mjs";

const HOST = "127.0.0.1";
const ROOT = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "..");
const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

function refuse(status, found) {
  print({ ready: false, problems: found });
  process.exitCode = status;
}

function options() {
  const { values } = parseArgs({
    options: {
      persist: { type: "string" },
      log: { type: "string" },
      "base-port": { type: "string" },
      "exit-with-stdin": { type: "boolean", default: false },
      check: { type: "boolean", default: false },
    },
  });
  const base = values["base-port"] === undefined ? undefined : Number(values["base-port"]);
  if (base !== undefined && !(Number.isInteger(base) && base > 0 && base < 65_500)) {
    throw new Error("--base-port is not a port");
  }
  return { ...values, base };
}

/** The miniflare options of one Worker. A built Worker is two modules. */
function workerOptions(worker, port, bound, sqlite) {
  const folder = path.dirname(worker.main);
  const objects = Object.entries(worker.options.durableObjects ?? {}).map(([binding, object]) => [
    binding,
    { ...object, useSQLite: sqlite.has(object.className) },
  ]);
  return {
    ...worker.options,
    name: worker.name,
    bindings: bound,
    durableObjects: Object.fromEntries(objects),
    modulesRoot: folder,
    modules: [
      { type: "ESModule", path: worker.main },
      { type: "CompiledWasm", path: path.join(folder, "index_bg.wasm") },
    ],
    unsafeDirectSockets: [{ host: HOST, port }],
  };
}

/** The classes that keep SQLite storage: those whose own Worker says so. */
const sqliteClasses = (workers) =>
  new Set(
    workers
      .flatMap((worker) => Object.values(worker.options.durableObjects ?? {}))
      .filter((object) => object.useSQLite)
      .map((object) => object.className),
  );

/** The process id of our workerd, for tools that kill it; Linux only, else `null`. */
function workerdPid() {
  try {
    const children = readdirSync("/proc/self/task").flatMap((task) =>
      readFileSync(`/proc/self/task/${task}/children`, "utf8").split(" "),
    );
    const found = children.find((pid) => pid && readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "workerd");
    return found ? Number(found) : null;
  } catch {
    return null;
  }
}

const PUBLIC_FIRST = ["api", "webhook"];

async function main() {
  const started = Date.now();
  const args = options();
  const workers = readWorkers(ROOT, process.env.TMINUS_ALSO);
  const found = problems(workers, process.env);
  if (found.length > 0) return refuse(2, found);
  if (args.check) return print({ ready: false, problems: [] });

  const memory = openMemory(args.persist);
  const log = openLog(args.log);
  const rest = workers.map((worker) => worker.key).filter((key) => !PUBLIC_FIRST.includes(key));
  const ports = await portsOf(memory, [...PUBLIC_FIRST, ...rest, "admin"], args.base);
  const { secrets, adminToken } = secretsOf(memory, process.env);
  memory.save();
  const urls = Object.fromEntries([...PUBLIC_FIRST, ...rest].map((key) => [key, `http://${HOST}:${ports[key]}`]));
  const sqlite = sqliteClasses(workers);
  const state = path.join(memory.folder, "v3");

  const mf = new Miniflare({
    host: HOST,
    port: 0,
    cf: false,
    log: new Log(LogLevel.NONE),
    structuredWorkerdLogs: true,
    handleRuntimeStdio: (...streams) => log.attach(streams, () => void lost()),
    // The same folders as `wrangler --persist-to` uses.
    d1Persist: path.join(state, "d1"),
    durableObjectsPersist: path.join(state, "do"),
    r2Persist: path.join(state, "r2"),
    kvPersist: path.join(state, "kv"),
    workers: workers.map((worker) =>
      workerOptions(worker, ports[worker.key], bindings(worker, process.env, secrets, urls), sqlite),
    ),
  });

  let admin;
  let stopping = false;
  const stop = async (status = 0) => {
    if (stopping) return;
    stopping = true;
    admin?.close();
    await mf.dispose().catch((error) => log.note("error", String(error)));
    memory.close();
    log.close();
    process.exit(status);
  };
  const lost = () => {
    if (!stopping) log.note("error", "workerd ended by itself");
    return stop(1);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    // Miniflare has listeners that exit at once.
    process.removeAllListeners(signal).on(signal, () => void stop());
  }
  if (args["exit-with-stdin"]) process.stdin.resume().once("close", () => void stop());

  try {
    await mf.ready;
    const migrations = await migrate(mf, workers);
    const ready = {
      ready: true,
      urls,
      admin_url: `http://${HOST}:${ports.admin}`,
      admin_token: adminToken,
      persist: memory.folder,
      log: args.log ? path.resolve(args.log) : null,
      pid: process.pid,
      workerd_pid: workerdPid(),
      migrations,
      ms: Date.now() - started,
    };
    admin = await serveAdmin({ mf, workers, ready, stop, port: ports.admin });
    print(ready);
  } catch (error) {
    refuse(1, [String(error?.message ?? error)]);
    await stop(1);
  }
}

await main().catch((error) => refuse(1, [String(error?.message ?? error)]));
