/**
 * One call from its JSON to its JSON, whatever carries it: HTTP (`gateway.ts`) or a WebSocket (`web-socket.ts`) gives the
 * requests as text and takes the answers.
 */
import { setImmediate } from "node:timers/promises";
import type { DescMethod, Message } from "@bufbuild/protobuf";
import { type MetadataInit, RpcError, StatusCode } from "@kvorum/transport";
import type { GatewayCall } from "./call.js";
import type { JsonReader } from "./json/reader.js";
import type { JsonWriter } from "./json/writer.js";
import { type Answer, answersWithStream, type LocalServices, takesStream } from "./services.js";
import { type CallStatus, statusOf } from "./status.js";

/** Where the requests of a call come from. */
export interface Requests {
  /** The request of a method that takes one; undefined for none. */
  only(): Promise<string | undefined>;
  all(): AsyncIterable<string>;
}

/** Where the answers go. */
export interface Answers {
  /** The answer of a unary call. */
  whole(json: string, header: MetadataInit): void;
  /** One message of a stream; resolves when the caller takes more. */
  next(json: string, header: MetadataInit): Promise<void>;
  /** The end of a stream without an error. */
  end(header: MetadataInit): void;
  failed(status: CallStatus): void;
}

export interface RunParts {
  readonly services: LocalServices;
  readonly reader: JsonReader;
  readonly writer: JsonWriter;
  /** Milliseconds that the request of a call that takes one may need to arrive. */
  readonly requestTimeoutMs: number;
}

/** Never rejects: what fails is told to `answers`. */
export async function run(
  parts: RunParts,
  method: DescMethod,
  call: GatewayCall,
  requests: Requests,
  answers: Answers,
): Promise<void> {
  try {
    if (answersWithStream(method)) await runStream(parts, method, call, requests, answers);
    else await runUnary(parts, method, call, requests, answers);
  } catch (error) {
    // A handler that was told to stop says so in its own words; the caller is told why.
    answers.failed(statusOf(call.signal.aborted ? call.signal.reason : error));
  }
}

async function runUnary(
  parts: RunParts,
  method: DescMethod,
  call: GatewayCall,
  requests: Requests,
  answers: Answers,
): Promise<void> {
  const request = await onlyRequest(parts, method, call, requests);
  const answer = await call.whileWanted(parts.services.unary(method, request, call));
  answers.whole(await outputOf(parts, method, answer), call.header);
}

async function runStream(
  parts: RunParts,
  method: DescMethod,
  call: GatewayCall,
  requests: Requests,
  answers: Answers,
): Promise<void> {
  const input = takesStream(method)
    ? everyRequest(parts, method, requests)
    : await onlyRequest(parts, method, call, requests);
  const stream = parts.services.stream(method, input, call)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await call.whileWanted(stream.next());
      if (done === true) break;
      const json = await outputOf(parts, method, value);
      await call.whileWanted(answers.next(`{"result":${json}}`, call.header));
    }
    answers.end(call.header);
  } finally {
    // Not awaited: a handler that is still waiting for something ends by its signal.
    stream.return?.().catch(() => {});
  }
}

async function onlyRequest(
  { reader, requestTimeoutMs }: RunParts,
  method: DescMethod,
  call: GatewayCall,
  requests: Requests,
): Promise<Message> {
  const text = await call.whileWanted(arrivedIn(requests.only(), requestTimeoutMs));
  return reader.read(method.input, text ?? "{}");
}

async function* everyRequest(
  { reader }: RunParts,
  { input }: DescMethod,
  requests: Requests,
): AsyncGenerator<Message, void, undefined> {
  for await (const text of requests.all()) yield reader.read(input, text);
}

/** Long answers are written in steps, between which others have their turn. */
async function outputOf({ writer }: RunParts, { output }: DescMethod, answer: Answer): Promise<string> {
  let text = "";
  for (const piece of writer.pieces(output, answer)) {
    if (text !== "") await setImmediate();
    text += piece;
  }
  return text;
}

async function arrivedIn<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new RpcError(StatusCode.DEADLINE_EXCEEDED, `the request did not arrive within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
