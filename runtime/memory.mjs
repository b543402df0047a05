// What a local run keeps between starts, in the persist folder: generated secrets and the ports.

import { createHash, randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";

const HOST = "127.0.0.1";

/** Opens the folder `dir`, or a temporary one that `close` removes. */
export function openMemory(dir) {
  const folder = dir ? path.resolve(dir) : mkdtempSync(path.join(os.tmpdir(), "tminus-"));
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, "launcher.json");
  const stored = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  return {
    folder,
    stored,
    save() {
      // Renamed into place: a kill in the middle must not leave half of the keys.
      writeFileSync(`${file}.new`, JSON.stringify(stored, null, 2), { mode: 0o600 });
      chmodSync(`${file}.new`, 0o600);
      renameSync(`${file}.new`, file);
    },
    close() {
      if (!dir) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

const newKey = () => `k1:${randomBytes(32).toString("base64")}`;
const sha256 = (text) => createHash("sha256").update(text).digest("hex");

/** Completes the stored secrets and answers them with the admin token (`null` if only its hash is known). */
export function secretsOf(memory, env) {
  const { stored } = memory;
  stored.secrets ??= {};
  for (const name of ["MASTER_KEYS", "CHANNEL_KEYS", "STATE_KEYS"]) stored.secrets[name] ??= newKey();
  stored.admin_token ??= `adm_${randomBytes(32).toString("base64url")}`;
  const token = env.ADMIN_TOKEN?.trim() || stored.admin_token;
  return {
    secrets: { ...stored.secrets, ADMIN_TOKEN_HASHES: sha256(token) },
    adminToken: env.ADMIN_TOKEN_HASHES?.trim() ? null : token,
  };
}

function listens(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ host: HOST, port, exclusive: true }, () => resolve(server));
  });
}

/**
 * A free port for each name: `base` and up if given, else the ones of the last run, else any. The same ports after
 * a restart keep every URL valid that was handed out (push channels, OAuth redirects).
 */
export async function portsOf(memory, names, base) {
  const { stored } = memory;
  stored.ports ??= {};
  const held = [];
  try {
    for (const [index, name] of names.entries()) {
      const wanted = base === undefined ? stored.ports[name] : base + index;
      let server = wanted === undefined ? undefined : await listens(wanted);
      if (!server && base !== undefined) throw new Error(`port ${wanted} for ${name} is in use`);
      server ??= await listens(0);
      held.push(server);
      stored.ports[name] = server.address().port;
    }
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
  return Object.fromEntries(names.map((name) => [name, stored.ports[name]]));
}
