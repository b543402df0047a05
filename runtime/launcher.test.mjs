// `node --test runtime/launcher.test.mjs`: what the launcher decides before it starts anything.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";

import { bindings, problems, readWorkers, shortName } from "./config.mjs";
import { toLogLine } from "./logs.mjs";
import { openMemory, portsOf, secretsOf } from "./memory.mjs";

const ROOT = path.resolve(path.dirname(new URL(import.meta.url).pathname), "..");
const scratch = mkdtempSync(path.join(os.tmpdir(), "tminus-test-"));
after(() => rmSync(scratch, { recursive: true }));

const worker = {
  vars: { GOOGLE_API_BASE_URL: "https://api.example", GOOGLE_CLIENT_ID: "", PUBLIC_API_URL: "" },
  secrets: ["GOOGLE_CLIENT_SECRET", "MASTER_KEYS"],
};

test("the eight Workers are read from their files", () => {
  const workers = readWorkers(ROOT);
  assert.equal(workers[0].key, "state");
  assert.equal(workers.length, 8);
  assert.ok(workers.every((each) => each.name === `tminus-${each.key.replaceAll("_", "-")}`));
  assert.equal(shortName("tminus-dead-letter"), "dead_letter");
});

test("every problem is named at once, and no value", () => {
  const env = { GOOGLE_API_BASE_URL: "hidden", GOOGLE_CLIENT_ID: "  ", MASTER_KEYS: "k1:short", UNKNOWN: "x" };
  assert.deepEqual(problems([worker], env), [
    "GOOGLE_API_BASE_URL is malformed: not an http or https URL",
    "GOOGLE_CLIENT_ID is missing",
    "GOOGLE_CLIENT_SECRET is missing",
    "MASTER_KEYS is malformed: not a list of id:base64 of 32 bytes, separated by commas",
  ]);
});

test("a Worker sees the values that its file names, the environment's first", () => {
  const env = { GOOGLE_CLIENT_ID: "id", GOOGLE_CLIENT_SECRET: "secret", ADMIN_TOKEN: "not for it" };
  assert.deepEqual(bindings(worker, env, { MASTER_KEYS: "made", STATE_KEYS: "not for it" }, { api: "http://api" }), {
    GOOGLE_API_BASE_URL: "https://api.example",
    GOOGLE_CLIENT_ID: "id",
    GOOGLE_CLIENT_SECRET: "secret",
    MASTER_KEYS: "made",
    PUBLIC_API_URL: "http://api",
  });
});

test("a Worker's JSON passes into the log unchanged, the rest is wrapped in one line", () => {
  const line = (message) => JSON.stringify({ timestamp: 1, level: "log", message });
  assert.equal(toLogLine(line('{"a":"é"}')), '{"a":"é"}');
  for (const message of ["plain\nof two lines", "{no json}", '{"a":\n1}']) {
    assert.deepEqual(JSON.parse(toLogLine(line(message))), { timestamp: 1, level: "log", target: "workerd", message });
    assert.ok(!toLogLine(line(message)).includes("\n"));
  }
  assert.deepEqual(JSON.parse(toLogLine("no structure")), { level: "info", target: "workerd", message: "no structure" });
});

test("secrets and ports outlive a restart, keys are well formed", async () => {
  const start = async () => {
    const memory = openMemory(path.join(scratch, "kept"));
    const secrets = secretsOf(memory, {});
    const ports = await portsOf(memory, ["api", "admin"]);
    memory.save();
    memory.close();
    return { ...secrets, ports };
  };
  const first = await start();
  assert.deepEqual(await start(), first);
  assert.deepEqual(problems([{ vars: {}, secrets: Object.keys(first.secrets) }], first.secrets), []);
});

test("a port that was taken meanwhile is replaced, a demanded one is an error", async () => {
  const memory = openMemory();
  const { api } = await portsOf(memory, ["api"]);
  const taken = createServer().listen(api, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  await assert.rejects(portsOf(memory, ["api"], api), /port \d+ for api is in use/);
  assert.notEqual((await portsOf(memory, ["api"])).api, api);
  taken.close();
  memory.close();
  assert.ok(!existsSync(memory.folder));
});

test("only the hash of a given admin token reaches a Worker", () => {
  const memory = openMemory();
  assert.equal(secretsOf(memory, { ADMIN_TOKEN: "t" }).adminToken, "t");
  assert.match(secretsOf(memory, { ADMIN_TOKEN: "t" }).secrets.ADMIN_TOKEN_HASHES, /^e3b98a4da31a127d/);
  assert.equal(secretsOf(memory, { ADMIN_TOKEN_HASHES: "a".repeat(64) }).adminToken, null);
  memory.close();
});
