/** A node in this process and ways to ask it by HTTP. */
import { once } from "node:events";
import { connect } from "node:net";
import { type KvorumNode, type NodeOptions, startNode } from "@kvorum/server";

export interface Gateway extends AsyncDisposable {
  readonly node: KvorumNode;
  readonly endpoint: string;
  readonly port: number;
  /** A unary call that must succeed; its JSON. */
  call(path: string, body: unknown): Promise<Record<string, unknown>>;
  /** Any POST. */
  post(path: string, body: string, init?: RequestInit): Promise<Response>;
  /** The metric's value, by the line's beginning; NaN where there is none. */
  metric(name: string): Promise<number>;
}

export async function startGateway(options: NodeOptions = {}): Promise<Gateway> {
  const node = await startNode(options);
  const endpoint = node.endpoints[0] ?? "";
  const post = (path: string, body: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${endpoint}${path}`, {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
      signal: AbortSignal.timeout(20_000),
      ...init,
    });
  return {
    node,
    endpoint,
    port: Number(new URL(endpoint).port),
    post,
    async call(path, body) {
      const response = await post(path, JSON.stringify(body));
      const text = await response.text();
      if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
      return JSON.parse(text) as Record<string, unknown>;
    },
    async metric(name) {
      const text = await (await fetch(`${endpoint}/metrics`)).text();
      const line = text.split("\n").find((one) => one.startsWith(`${name} `));
      return line === undefined ? Number.NaN : Number(line.slice(name.length + 1));
    },
    [Symbol.asyncDispose]: () => node.close(),
  };
}

export const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Sends bytes and resolves with everything that comes back until the other side closes. */
export async function exchange(port: number, bytes: string | Uint8Array): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => {});
  socket.write(bytes);
  await once(socket, "close");
  return Buffer.concat(chunks).toString("latin1");
}

/** Waits until `check` is true. Errors: after ten seconds. */
export async function until(check: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await check())) {
    if (performance.now() > end) throw new Error("it did not come true within ten seconds");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
