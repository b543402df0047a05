// The Workers' log: one JSON object a line. What a Worker logs as JSON passes unchanged; anything else (a plain
// console line, a message of workerd) is wrapped.

import { closeSync, openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";

function isObject(text) {
  if (!text.startsWith("{")) return false;
  try {
    return typeof JSON.parse(text) === "object" && !text.includes("\n");
  } catch {
    return false;
  }
}

/** One line of the log for one line that workerd wrote. */
export function toLogLine(line) {
  let entry = { level: "info", message: line };
  try {
    const parsed = JSON.parse(line);
    if (typeof parsed?.message === "string" && typeof parsed.level === "string") entry = parsed;
  } catch {
    // Not of the structured form: early start-up messages.
  }
  if (isObject(entry.message)) return entry.message;
  const { timestamp, level, message } = entry;
  return JSON.stringify({ timestamp, level, target: "workerd", message });
}

/** A log that appends to `file`, or writes to stderr. Written at once: a kill loses nothing. */
export function openLog(file) {
  let fd = file ? openSync(file, "a") : 2;
  const write = (line) => fd !== undefined && writeSync(fd, `${line}\n`);
  return {
    write,
    note: (level, message) => write(JSON.stringify({ timestamp: Date.now(), level, target: "launcher", message })),
    /** Takes the streams of workerd; `ended` is called when it closes them. */
    attach(streams, ended) {
      for (const input of streams) {
        const lines = createInterface({ input, crlfDelay: Infinity });
        lines.on("line", (line) => line && write(toLogLine(line))).once("close", ended);
      }
    },
    close() {
      if (file) closeSync(fd);
      fd = undefined;
    },
  };
}
