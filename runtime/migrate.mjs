// Applies the registry's migrations, with the same table and file names as `wrangler d1 migrations apply`.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { unstable_splitSqlQuery } from "wrangler";

const TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** Applies to every database of `workers` what its migrations folder holds; answers the names applied. */
export async function migrate(mf, workers) {
  const applied = [];
  const seen = new Set();
  for (const worker of workers) {
    for (const database of worker.databases) {
      if (seen.has(database.database_id) || !database.migrations_dir) continue;
      seen.add(database.database_id);
      const db = await mf.getD1Database(database.binding, worker.name);
      applied.push(...(await apply(db, path.resolve(worker.folder, database.migrations_dir))));
    }
  }
  return applied;
}

async function apply(db, folder) {
  await db.prepare(TABLE).run();
  const { results } = await db.prepare("SELECT name FROM d1_migrations").all();
  const done = new Set(results.map((row) => row.name));
  const files = readdirSync(folder).filter((name) => name.endsWith(".sql")).sort();
  const known = new Set(files);
  const newer = [...done].filter((name) => !known.has(name));
  if (newer.length > 0) throw new Error(`the registry has migrations that this code does not know: ${newer.join(", ")}`);
  const todo = files.filter((name) => !done.has(name));
  for (const name of todo) {
    const statements = unstable_splitSqlQuery(readFileSync(path.join(folder, name), "utf8")).filter((sql) => sql.trim());
    // A batch is a transaction: a migration is applied whole or not at all.
    await db.batch([
      ...statements.map((sql) => db.prepare(sql)),
      db.prepare("INSERT INTO d1_migrations(name) VALUES (?1)").bind(name),
    ]);
  }
  return todo;
}
