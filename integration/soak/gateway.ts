/** The same cluster by HTTP and JSON: logins, calls, streams that are left in the middle, and the pages for monitoring. */
import { readLines } from "../gateway/read-lines.js";
import { base64 } from "../gateway/support.js";
import { SPACE, WORKER } from "./cluster.js";
import type { SoakMember } from "./member.js";
import { type Actor, type Scene, steadily } from "./scene.js";
import { MemberAway } from "./tally.js";

/** Of each member. */
const CALLS_EVERY_MS = 200;
/** Of calls: streams, pages, and logins that nobody would need. */
const SHARES = { stream: 0.1, page: 0.15, login: 0.02 } as const;
const CALL_MS_MAX = 10_000;
/** Lines that a watch must show before its reader leaves. */
const STREAM_LINES = 2;
const PAGES = ["/health", "/livez", "/readyz", "/version", "/metrics", "/debug/vars"] as const;
const KEYS = 50;

export const gatewayCalls: Actor = async (scene) => {
  const { cluster, signal } = scene;
  await Promise.all(
    cluster.members.map(async (member) => {
      const gateway = new Gateway(member);
      await steadily(CALLS_EVERY_MS, signal, () => step(scene, gateway));
    }),
  );
};

async function step({ tally, random }: Scene, gateway: Gateway): Promise<void> {
  const kind = random();
  const key = base64(`${SPACE}http/${Math.floor(random() * KEYS)}`);
  if (kind < SHARES.login) gateway.forget();
  if (kind < SHARES.stream) await tally.call("stream by HTTP", () => gateway.watch(key));
  else if (kind < SHARES.stream + SHARES.page) {
    await tally.call("page by HTTP", () => gateway.page(PAGES[Math.floor(random() * PAGES.length)] ?? PAGES[0]));
  } else if (kind < 0.6) await tally.call("put by HTTP", () => gateway.call("/v3/kv/put", { key, value: base64("v") }));
  else await tally.call("range by HTTP", () => gateway.call("/v3/kv/range", { key }));
}

/** One member's gateway with the token that it gave. */
class Gateway {
  readonly #member: SoakMember;
  #token: string | undefined;

  constructor(member: SoakMember) {
    this.#member = member;
  }

  forget(): void {
    this.#token = undefined;
  }

  /** Errors: `MemberAway` for 503 and 504, an `Error` for any other refusal; what `fetch` throws. */
  async call(path: string, body: object): Promise<unknown> {
    const token = await this.#login();
    const response = await this.#post(path, body, token);
    // The member may have forgotten it, as it does with tokens that are not used and when it starts again.
    if (response.status === 401) {
      await response.text();
      this.forget();
      return answered(path, await this.#post(path, body, await this.#login()));
    }
    return answered(path, response);
  }

  /** A watch that sees its own write and then is left without a word. */
  async watch(key: string): Promise<number> {
    const leave = new AbortController();
    const signal = AbortSignal.any([leave.signal, AbortSignal.timeout(CALL_MS_MAX)]);
    try {
      await this.call("/v3/kv/range", { key });
      const response = await this.#post("/v3/watch", { create_request: { key } }, await this.#login(), signal);
      if (!response.ok) throw refusal("/v3/watch", response.status, await response.text());
      const reading = readLines(response, STREAM_LINES);
      const [lines] = await Promise.all([reading, this.call("/v3/kv/put", { key, value: base64("streamed") })]);
      if (lines.length < STREAM_LINES || !lines.join("").includes('"created":true')) {
        throw new MemberAway(`/v3/watch ended with ${lines.join(" ")}`);
      }
      return lines.length;
    } finally {
      leave.abort();
    }
  }

  async page(path: string): Promise<number> {
    const response = await fetch(`${this.#member.clientUrl}${path}`, { signal: AbortSignal.timeout(CALL_MS_MAX) });
    const body = await response.text();
    if (!response.ok) throw refusal(path, response.status, body);
    return body.length;
  }

  async #login(): Promise<string> {
    if (this.#token !== undefined) return this.#token;
    const path = "/v3/auth/authenticate";
    const response = await this.#post(path, { name: WORKER.username, password: WORKER.password });
    const { token } = (await answered(path, response)) as { readonly token: string };
    this.#token = token;
    return token;
  }

  #post(
    path: string,
    body: object,
    token?: string,
    signal: AbortSignal = AbortSignal.timeout(CALL_MS_MAX),
  ): Promise<Response> {
    return fetch(`${this.#member.clientUrl}${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", ...(token !== undefined && { authorization: token }) },
      signal,
    });
  }
}

async function answered(path: string, response: Response): Promise<unknown> {
  const text = await response.text();
  if (!response.ok) throw refusal(path, response.status, text);
  return JSON.parse(text);
}

function refusal(path: string, status: number, text: string): Error {
  const message = `${path}: ${status} ${text}`;
  return status === 503 || status === 504 ? new MemberAway(message) : new Error(message);
}
