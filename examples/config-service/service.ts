/** The HTTP face of the configuration: what is read, what is written, and the page that shows both live. */
import type { ServerResponse } from "node:http";
import type { Store } from "@kvorum/client";
import { HttpError, type HttpService, readJson, serve } from "../shared/http.js";
import { EventStream } from "./event-stream.js";
import type { History } from "./history.js";
import type { LiveConfig } from "./live-config.js";
import { page } from "./page.js";
import { configKeys, isConfigKey } from "./schema.js";
import { setValue } from "./set-value.js";

export interface ConfigServiceParts {
  readonly store: Store<string>;
  readonly live: LiveConfig;
  readonly history: History;
  /** 0 picks a free one. */
  readonly port: number;
}

/** Disposing ends the event streams, then waits for the requests under way. */
export async function startConfigService({ store, live, history, port }: ConfigServiceParts): Promise<HttpService> {
  const events = new EventStream();
  const unsubscribe = history.subscribe((change) => events.send("change", { ...stateOf(live), change }));
  const http = await serve(
    {
      "GET /": (_, response) => sendPage(response),
      "GET /config": () => goodConfig(live),
      "GET /config/:key": (_, __, key = "") => oneValue(live, key),
      "PUT /config/:key": async (request, _, key = "") => setValue(store, live, history, key, await readJson(request)),
      "GET /events": (request, response) => {
        events.open(request, response, { ...stateOf(live), history: history.changes });
      },
    },
    port,
  );
  const close = async (): Promise<void> => {
    unsubscribe();
    events[Symbol.dispose]();
    await http[Symbol.asyncDispose]();
  };
  return { url: http.url, [Symbol.asyncDispose]: close };
}

/** Errors: `HttpError` 503 while there has been no valid configuration. */
function goodConfig(live: LiveConfig): unknown {
  if (live.good === undefined) throw new HttpError(503, `no valid configuration yet: ${live.problem ?? "loading"}`);
  return live.good.config;
}

function oneValue(live: LiveConfig, key: string): unknown {
  if (!isConfigKey(key)) throw new HttpError(404, `there is no setting ${JSON.stringify(key)}`);
  const value = live.good?.raw[key] ?? null;
  return { key, value, revision: Number(live.stored.get(key)?.revision ?? 0n) };
}

/** What the page shows beside the history. */
function stateOf(live: LiveConfig): object {
  const values = configKeys.map((key) => {
    const stored = live.stored.get(key);
    return {
      key,
      value: live.good?.raw[key] ?? null,
      stored: stored?.value ?? null,
      revision: Number(stored?.revision ?? 0n),
    };
  });
  return { values, problem: live.problem ?? null };
}

function sendPage(response: ServerResponse): void {
  response.writeHead(200, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy":
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:",
  });
  response.end(page);
}
