// Reads the wrangler.toml files: which Workers there are and what each of them may see.

import { existsSync, readdirSync } from "node:fs";
import path from "node:path";

// Wrangler would print its own remarks on stdout, where the ready line belongs.
process.env.WRANGLER_LOG ??= "none";
const { unstable_getMiniflareWorkerOptions, unstable_readConfig } = await import("wrangler");

/** Values that a local run fills in by itself when the environment does not give them. */
const GENERATED = ["MASTER_KEYS", "CHANNEL_KEYS", "STATE_KEYS", "ADMIN_TOKEN_HASHES"];

/** The Worker whose loopback address is the default of a public URL. */
const PUBLIC_URLS = { PUBLIC_API_URL: "api", PUBLIC_WEBHOOK_URL: "webhook" };

/** The short name of a Worker: `tminus-dead-letter` is `dead_letter`. */
export const shortName = (name) => name.replace(/^tminus-/, "").replaceAll("-", "_");

/** Every Worker of the repository at `root`, in the order of their names; the state Worker first, `also` last. */
export function readWorkers(root, also) {
  const folders = readdirSync(path.join(root, "workers"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join(root, "workers", entry.name, "wrangler.toml"))
    .filter((file) => existsSync(file))
    .sort();
  const last = also ? [path.resolve(root, also)] : [];
  return [path.join(root, "wrangler.toml"), ...folders, ...last].map((file) => {
    const config = unstable_readConfig({ config: file });
    const { main, workerOptions } = unstable_getMiniflareWorkerOptions(config);
    return {
      key: shortName(config.name),
      name: config.name,
      main,
      options: workerOptions,
      vars: config.vars,
      secrets: config.secrets?.required ?? [],
      crons: config.triggers?.crons ?? [],
      databases: config.d1_databases,
      folder: path.dirname(file),
    };
  });
}

const FORMS = {
  url: [/^https?:\/\/[^\s]+$/, "not an http or https URL"],
  keys: [
    /^[A-Za-z0-9_-]+:[A-Za-z0-9+/]{43}=(,[A-Za-z0-9_-]+:[A-Za-z0-9+/]{43}=)*$/,
    "not a list of id:base64 of 32 bytes, separated by commas",
  ],
  hashes: [/^[0-9a-f]{64}(,[0-9a-f]{64})?$/, "not one or two hex SHA-256 hashes, separated by a comma"],
};

function formOf(name) {
  if (name.endsWith("_URL")) return FORMS.url;
  if (name === "ADMIN_TOKEN_HASHES") return FORMS.hashes;
  return name.endsWith("_KEYS") ? FORMS.keys : undefined;
}

/** The values of `env` that are set; an empty one counts as absent. */
const given = (env, name) => (env[name]?.trim() ? env[name].trim() : undefined);

/** Every problem with the environment: the value's name and what is wrong, never the value. */
export function problems(workers, env) {
  const found = new Set();
  for (const worker of workers) {
    for (const name of [...Object.keys(worker.vars), ...worker.secrets]) {
      const value = given(env, name) ?? worker.vars[name];
      const optional = GENERATED.includes(name) || name in PUBLIC_URLS;
      const form = formOf(name);
      if (!value && !optional) found.add(`${name} is missing`);
      else if (value && form && !form[0].test(value)) found.add(`${name} is malformed: ${form[1]}`);
    }
  }
  return [...found].sort();
}

/** The values that `worker` sees: its vars and its secrets, nothing else. */
export function bindings(worker, env, secrets, urls) {
  const bound = {};
  for (const name of [...Object.keys(worker.vars), ...worker.secrets]) {
    const own = name in PUBLIC_URLS ? urls[PUBLIC_URLS[name]] : secrets[name];
    bound[name] = given(env, name) ?? (worker.vars[name] || own);
  }
  return bound;
}
