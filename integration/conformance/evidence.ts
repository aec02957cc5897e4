/**
 * What a run has shown of the contract: the methods that were called, the fields that were sent and answered with a value in
 * them, the values of enums, and the errors. `seen-*.txt` beside it are committed; `docs/coverage.md` is made of them.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type CallOptions, type Channel, RpcError, type StreamMethod, type UnaryMethod } from "@kvorum/transport";

/** What a case needs of a channel. */
export type Caller = Pick<Channel, "unary" | "stream">;

type Direction = "sent" | "received";

/** Ids, sizes and times stand in some texts; two of one kind are one. */
const NUMBERS = /\d{2,}/g;

export class Evidence {
  readonly #seen = new Set<string>();

  /** One fact a line, sorted. */
  get lines(): string[] {
    return [...this.#seen].sort();
  }

  method(name: string): void {
    this.#seen.add(`method ${name}`);
  }

  error(code: number, message: string): void {
    // Those that a client makes itself say nothing about a server.
    if (!message.startsWith("Deadline exceeded")) this.#seen.add(`error ${code} ${message.replace(NUMBERS, "N")}`);
  }

  /** A reason inside of an answer: a watch is canceled with a text, not with a status. */
  reason(text: string): void {
    if (text !== "") this.#seen.add(`reason ${text}`);
  }

  message(direction: Direction, desc: DescMessage, message: MessageShape<DescMessage>): void {
    this.#walk(direction, reflect(desc, message));
  }

  #walk(direction: Direction, message: ReflectMessage): void {
    for (const field of message.fields) {
      if (!message.isSet(field)) continue;
      this.#seen.add(`${direction} ${message.desc.typeName}.${field.name}`);
      if (field.fieldKind === "message") this.#walk(direction, message.get(field));
      if (field.fieldKind === "list" && field.listKind === "message") {
        for (const item of message.get(field)) this.#walk(direction, item as ReflectMessage);
      }
      if (field.fieldKind === "list" && field.listKind === "enum") {
        for (const item of message.get(field)) this.#value(field.enum, item as number);
      }
      if (field.fieldKind === "enum") this.#value(field.enum, message.get(field));
      if (field.fieldKind === "map" && field.mapKind === "message") {
        for (const [, item] of message.get(field)) this.#walk(direction, item as ReflectMessage);
      }
    }
    // An enum's first value is what is meant where nothing stands.
    for (const field of message.fields) {
      if (field.fieldKind === "enum" && !message.isSet(field)) this.#value(field.enum, 0);
    }
  }

  #value(
    desc: { readonly typeName: string; readonly value: Record<number, { readonly name: string }> },
    n: number,
  ): void {
    const name = desc.value[n]?.name;
    if (name !== undefined) this.#seen.add(`value ${desc.typeName}.${name}`);
  }
}

/** The same channel, watched. */
export function observed(channel: Caller, evidence: Evidence): Caller {
  return {
    unary: async <I extends DescMessage, O extends DescMessage>(
      method: UnaryMethod<I, O>,
      request: MessageInitShape<I>,
      options?: CallOptions,
    ) => {
      evidence.message("sent", method.input, create(method.input as DescMessage, request));
      return settle(evidence, async () => {
        const answer = await channel.unary(method, request, options);
        evidence.method(`${method.parent.typeName}/${method.name}`);
        evidence.message("received", method.output, answer);
        return answer;
      });
    },
    stream: <I extends DescMessage, O extends DescMessage>(
      method: StreamMethod<I, O>,
      requests: AsyncIterable<MessageInitShape<I>>,
      options?: CallOptions,
    ) => answersOf(channel.stream(method, sentOf(requests, method, evidence), options), method, evidence),
  };
}

async function* sentOf<I extends DescMessage>(
  requests: AsyncIterable<MessageInitShape<I>>,
  { input }: { readonly input: I },
  evidence: Evidence,
): AsyncGenerator<MessageInitShape<I>> {
  for await (const request of requests) {
    evidence.message("sent", input, create(input as DescMessage, request));
    yield request;
  }
}

function answersOf<I extends DescMessage, O extends DescMessage>(
  answers: AsyncIterable<MessageShape<O>>,
  method: StreamMethod<I, O>,
  evidence: Evidence,
): AsyncIterable<MessageShape<O>> {
  return {
    [Symbol.asyncIterator]: () => {
      const iterator = answers[Symbol.asyncIterator]();
      return {
        next: () =>
          settle(evidence, async () => {
            const result = await iterator.next();
            if (result.done === true) return result;
            evidence.method(`${method.parent.typeName}/${method.name}`);
            evidence.message("received", method.output, result.value);
            if ("cancelReason" in result.value) evidence.reason(String(result.value.cancelReason));
            return result;
          }),
        return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
}

async function settle<T>(evidence: Evidence, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof RpcError) evidence.error(error.code, error.details);
    throw error;
  }
}

/**
 * Holds a run's evidence against its committed file. With `KVORUM_RECORD=1` the file is written anew.
 *
 * Answers what the file has and the run has not, and the other way round: both are empty where the file is fresh.
 */
export function compareWithFile(lines: readonly string[], file: URL): { missing: string[]; unlisted: string[] } {
  if (process.env["KVORUM_RECORD"] === "1") writeFileSync(file, `${lines.join("\n")}\n`);
  const committed = existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
  return {
    missing: committed.filter((line) => !lines.includes(line)),
    unlisted: lines.filter((line) => !committed.includes(line)),
  };
}
