/** What a call came to, in one sign: the entries of the matrix. */
import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import { type Channel, type MetadataInit, RpcError, type StreamMethod, type UnaryMethod } from "@kvorum/transport";

const TIMEOUT_MS = 10_000;

/** Every text by which authorization refuses. */
const REFUSALS: Readonly<Record<string, string>> = {
  "etcdserver: permission denied": "-",
  "etcdserver: user name is empty": "?",
  "etcdserver: invalid auth token": "!",
  "etcdserver: revision of auth store is old": "<",
};

const CODES: Readonly<Record<string, number>> = { "-": 7, "?": 3, "!": 16, "<": 3 };
/** etcd's Lock and Election services are clients of the others inside the server: what these refuse leaves as UNKNOWN. */
const UNKNOWN_TOO = /^v3(lock|election)pb\./;
const UNKNOWN = 2;
const UNIMPLEMENTED = 12;
const DEADLINE_EXCEEDED = 4;

/** `+` for whoever got past authorization, whatever came of the call then. */
export async function outcomeOf(
  channel: Channel,
  method: DescMethod,
  request: object,
  metadata: MetadataInit,
): Promise<string> {
  const options = { metadata, timeoutMs: TIMEOUT_MS };
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  try {
    if (method.methodKind === "unary") {
      await channel.unary(method as UnaryMethod<DescMessage, DescMessage>, request as never, options);
      return "+";
    }
    const stream = method as StreamMethod<DescMessage, DescMessage>;
    const requests = method.methodKind === "bidi_streaming" ? lasting(request, ended) : once(request);
    for await (const answer of channel.stream(stream, requests, options)) return signOfAnswer(answer);
    return "+";
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const { code, details } = error;
    if (code === UNIMPLEMENTED || code === DEADLINE_EXCEEDED) return `${code} ${details}`;
    const sign = REFUSALS[details];
    if (sign === undefined) return "+";
    const expected = code === CODES[sign] || (code === UNKNOWN && UNKNOWN_TOO.test(method.parent.typeName));
    return expected ? sign : `${sign} with code ${code}`;
  } finally {
    end();
  }
}

/** A watch is refused by an answer. */
function signOfAnswer(answer: object): string {
  if (!("cancelReason" in answer) || typeof answer.cancelReason !== "string" || answer.cancelReason === "") return "+";
  const refusal = Object.entries(REFUSALS).find(([text]) => String(answer.cancelReason).endsWith(` desc = ${text}`));
  return refusal?.[1] ?? answer.cancelReason;
}

/** One request on a stream that stays open: some streams end with their requests. */
async function* lasting(request: object, ended: Promise<void>): AsyncGenerator<never, void, undefined> {
  yield request as never;
  await ended;
}

async function* once(request: object): AsyncGenerator<never, void, undefined> {
  yield request as never;
}
