/**
 * What a member serves on its peer port: the other side of `link.ts`, `outgoing-snapshot.ts` and of questions. Nothing
 * that comes in is believed before its handshake is, and nothing malformed gets further than here: it ends its stream
 * with a refusal and leaves a line in the log.
 */
import { create } from "@bufbuild/protobuf";
import {
  type AskRequest,
  type AskResponse,
  type DescribeResponse,
  type Peer,
  type PeerFrame,
  type PeerWelcome,
  PeerWelcomeSchema,
  type RaftMessage,
  type SnapshotAnswer,
  SnapshotAnswerSchema,
  type SnapshotFrame,
} from "@kvorum/proto";
import type { CallContext, ServiceImplementation } from "@kvorum/transport";
import type { Message } from "../../core/raft/types.js";
import type { Clock, Logger } from "../../env.js";
import type { PeerMeasures } from "../../measures/peer-measures.js";
import type { PeerQuestion, SnapshotMessage } from "../../peer-network.js";
import { toMessage } from "../wire/message.js";
import { toSafeNumber } from "../wire/numbers.js";
import { toAskResponse, toDescribeResponse, toQuestion } from "../wire/question.js";
import type { PeerBounds } from "./bounds.js";
import { admit, hex, RefusalError, type Running, refuseRemoved, toStatus } from "./handshake.js";
import { IncomingSnapshot } from "./incoming-snapshot.js";
import { messageBytes } from "./traffic.js";
import { within } from "./within.js";

export interface PeerServiceOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly bounds: PeerBounds;
  /** Undefined until the member takes part. */
  readonly running: () => Running | undefined;
  /** The member has opened a stream to this one. */
  readonly heard: (from: bigint) => void;
  readonly measures: PeerMeasures;
}

/** Shared by the listeners of one member. */
export class PeerService implements ServiceImplementation<typeof Peer> {
  readonly #options: PeerServiceOptions;
  readonly #snapshotSenders = new Set<bigint>();
  #exchanges = 0;

  constructor(options: PeerServiceOptions) {
    this.#options = options;
  }

  async *exchange(
    requests: AsyncIterable<PeerFrame>,
    context: CallContext,
  ): AsyncGenerator<PeerWelcome, void, undefined> {
    const { bounds } = this.#options;
    if (this.#exchanges >= bounds.exchangesMax) {
      throw toStatus(new RefusalError("busy", `${bounds.exchangesMax} streams are open already`), context);
    }
    this.#exchanges += 1;
    const { measures } = this.#options;
    let member: string | undefined;
    try {
      const running = this.#running();
      const frames = requests[Symbol.asyncIterator]();
      const first = await this.#first(frames);
      const handshake = first?.frame.case === "handshake" ? first.frame.value : undefined;
      const from = admit(handshake, running);
      member = hex(from);
      const receivedBytes = measures.receivedBytes.of(member);
      running.handlers.met({ id: from, urls: handshake?.peerUrls ?? [] });
      this.#options.heard(from);
      yield create(PeerWelcomeSchema);
      for (let next = await frames.next(); next.done !== true; next = await frames.next()) {
        refuseRemoved(from, running.handlers);
        for (const message of batchOf(next.value)) {
          const checked = checkedMessage(message, from, running, "in a stream");
          receivedBytes.add(messageBytes(checked));
          running.handlers.receive(checked);
        }
      }
    } catch (error) {
      if (member !== undefined) measures.receivedFailures.of(member).add();
      throw this.#statusOf(error, context);
    } finally {
      this.#exchanges -= 1;
    }
  }

  async sendSnapshot(requests: AsyncIterable<SnapshotFrame>, context: CallContext): Promise<SnapshotAnswer> {
    try {
      const running = this.#running();
      const frames = requests[Symbol.asyncIterator]();
      const first = await this.#first(frames);
      const head = first?.frame.case === "head" ? first.frame.value : undefined;
      const from = admit(head?.handshake, running);
      const message = checkedMessage(head?.message, from, running, "in a head");
      if (message.type !== "snapshot") throw new RefusalError("malformed", `a ${message.type} heads a snapshot`);
      const bytes = decoded(() => toSafeNumber(head?.bytes ?? 0n, "snapshot size"));
      await this.#receiveSnapshot(running, message, frames, bytes, context.signal);
      return create(SnapshotAnswerSchema);
    } catch (error) {
      throw this.#statusOf(error, context);
    }
  }

  async ask({ handshake, question: sent }: AskRequest, context: CallContext): Promise<AskResponse> {
    try {
      const running = this.#running();
      admit(handshake, running);
      const question: PeerQuestion = decoded(() => toQuestion(sent));
      return toAskResponse(await running.handlers.answer(question));
    } catch (error) {
      throw this.#statusOf(error, context);
    }
  }

  describe(_request: unknown, context: CallContext): DescribeResponse {
    try {
      return toDescribeResponse(this.#running().handlers.describe());
    } catch (error) {
      throw this.#statusOf(error, context);
    }
  }

  #running(): Running {
    const running = this.#options.running();
    if (running === undefined) throw new RefusalError("not-ready", "the member has not started yet");
    return running;
  }

  async #first<T>(frames: AsyncIterator<T>): Promise<T | undefined> {
    const { clock, bounds } = this.#options;
    const { done, value } = await within(frames.next(), bounds.welcomeTimeoutMs, clock, "no handshake came");
    return done === true ? undefined : value;
  }

  async #receiveSnapshot(
    { handlers }: Running,
    message: SnapshotMessage,
    frames: AsyncIterator<SnapshotFrame>,
    bytes: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, bounds } = this.#options;
    const { from } = message;
    if (this.#snapshotSenders.has(from)) throw new RefusalError("busy", `member ${hex(from)} sends a snapshot already`);
    if (this.#snapshotSenders.size >= bounds.snapshotsReceivedMax) {
      throw new RefusalError("busy", `${bounds.snapshotsReceivedMax} snapshots arrive already`);
    }
    this.#snapshotSenders.add(from);
    const body = new IncomingSnapshot(frames, bytes, { clock, idleMs: bounds.snapshotIdleMs, signal });
    try {
      await handlers.receiveSnapshot(message, body);
    } finally {
      body.close();
      this.#snapshotSenders.delete(from);
    }
  }

  #statusOf(error: unknown, context: CallContext): unknown {
    if (!(error instanceof RefusalError)) return error;
    const level = error.refusal === "not-ready" || error.refusal === "removed" ? "debug" : "warn";
    this.#options.logger[level]({ peer: context.peer, path: context.path, reason: error.message }, "a peer is refused");
    return toStatus(error, context);
  }
}

function batchOf({ frame }: PeerFrame): readonly RaftMessage[] {
  if (frame.case !== "batch") throw new RefusalError("malformed", "a frame behind the handshake is no batch");
  return frame.value.messages;
}

/**
 * A message from the member that shook hands, to this one. Both are said again in each message and compared, so that
 * nothing meant for another member can be taken for ours (etcd #17813).
 */
function checkedMessage(
  sent: RaftMessage | undefined,
  from: bigint,
  { identity }: Running,
  where: "in a stream" | "in a head",
): Message {
  const message = decoded(() => {
    if (sent === undefined) throw new RangeError("a message is missing");
    return toMessage(sent);
  });
  if (message.from !== from || message.to !== identity.memberId) {
    const path = `${hex(message.from)} to ${hex(message.to)}`;
    throw new RefusalError("malformed", `a message from ${path} came in a stream from ${hex(from)}`);
  }
  if (message.type === "snapshot" && where === "in a stream") {
    throw new RefusalError("malformed", "a snapshot without its file");
  }
  return message;
}

function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw new RefusalError("malformed", cause instanceof Error ? cause.message : String(cause));
  }
}
