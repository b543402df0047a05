// The launcher's own HTTP interface, on loopback: what production does by itself (crons, queue delivery), on request.

import { createServer } from "node:http";

import { shortName } from "./config.mjs";

const BODY_LIMIT = 1_000_000;

class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function jsonBody(request) {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > BODY_LIMIT) throw new Refusal(413, "the body is too large");
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, "the body is not JSON");
  }
}

/** `time` in milliseconds, or now. */
function timeOf(value) {
  const time = value === undefined || value === null ? Date.now() : Number(value);
  if (!Number.isFinite(time)) throw new Refusal(400, "the time is not a number of milliseconds");
  return new Date(time);
}

function routes(mf, workers, ready, stop) {
  const consumers = new Map(
    workers.flatMap((worker) => Object.keys(worker.options.queueConsumers ?? {}).map((queue) => [queue, worker.name])),
  );
  return {
    "GET ready": () => ready,
    "POST stop": () => {
      setImmediate(stop);
      return { stopping: true };
    },
    "POST cron": async (request, name, query) => {
      const worker = workers.find((each) => each.key === name || each.key === shortName(name));
      if (!worker) throw new Refusal(404, `no Worker is named ${name}`);
      const cron = query.get("cron") ?? worker.crons[0];
      const target = await mf.getWorker(worker.name);
      return target.scheduled({ cron, scheduledTime: timeOf(query.get("time")) });
    },
    "POST queue": async (request, name) => {
      const consumer = consumers.get(name);
      if (!consumer) throw new Refusal(404, `no Worker consumes a queue named ${name}`);
      const { messages } = await jsonBody(request);
      if (!Array.isArray(messages)) throw new Refusal(400, "messages is not an array");
      const batch = messages.map(({ id, body, attempts, timestamp }) => ({
        id: id ?? crypto.randomUUID(),
        timestamp: timeOf(timestamp),
        attempts: attempts ?? 1,
        body,
      }));
      return (await mf.getWorker(consumer)).queue(name, batch);
    },
  };
}

/** Starts the interface on `port`. */
export function serveAdmin({ mf, workers, ready, stop, port }) {
  const table = routes(mf, workers, ready, stop);
  const server = createServer(async (request, response) => {
    const answer = (status, body) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    try {
      // No page in a browser may reach it, neither by a form nor by a rebound name.
      if (request.headers.origin || !/^(127\.0\.0\.1|localhost):\d+$/.test(request.headers.host ?? "")) {
        throw new Refusal(403, "only local tools may call this");
      }
      const url = new URL(request.url, "http://localhost");
      const [, verb, name = ""] = url.pathname.split("/");
      const route = table[`${request.method} ${verb}`];
      if (!route) throw new Refusal(404, `no route ${request.method} ${url.pathname}`);
      answer(200, await route(request, decodeURIComponent(name), url.searchParams));
    } catch (error) {
      answer(error.status ?? 500, { error: String(error.message ?? error) });
    }
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
