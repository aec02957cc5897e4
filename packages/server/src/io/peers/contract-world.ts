/**
 * What the cases of `contract.ts` work with: a world in which members join, the node's side written down, and messages
 * and snapshots to send.
 */
import { ServerError } from "../../core/errors.js";
import type { Entry, Message } from "../../core/raft/types.js";
import type { Clock } from "../../env.js";
import type {
  ClusterDescription,
  PeerAddress,
  PeerAnswer,
  PeerHandlers,
  PeerNetwork,
  PeerQuestion,
  SnapshotBody,
  SnapshotMessage,
} from "../../peer-network.js";

export interface Place {
  readonly peers: PeerNetwork;
  readonly url: string;
  close(): Promise<void>;
}

export interface PeerWorld {
  readonly clock: Clock;
  /** A network for one more member, not started; `url` asks for an address that was closed. */
  join(url?: string): Promise<Place>;
  /** Resolves when the condition holds; fails when it does not within some seconds of the world's time. */
  eventually(condition: () => boolean, what: string): Promise<void>;
  /** Lets time pass: for what must not happen. */
  pass(ms: number): Promise<void>;
}

export interface PeerCase {
  readonly name: string;
  run(world: PeerWorld): Promise<void>;
}

export const CLUSTER: bigint = 0xc0ffee_0000_0001n;

/** The node's side, written down. */
export class Witness implements PeerHandlers {
  readonly received: Message[] = [];
  readonly acquaintances: Map<bigint, readonly string[]> = new Map();
  readonly lost: bigint[] = [];
  readonly sent: string[] = [];
  readonly removedIds: Set<bigint> = new Set();
  readonly startedIds: Set<bigint> = new Set();
  timesRemoved = 0;
  timesForgotten = 0;
  answerWith: (question: PeerQuestion) => Promise<PeerAnswer> = () => Promise.reject(new ServerError("notLeader"));
  takeSnapshot: (message: SnapshotMessage, body: SnapshotBody) => Promise<void> = async () => {};
  description: ClusterDescription = { clusterId: CLUSTER, members: [], removed: [] };

  met({ id, urls }: PeerAddress): void {
    this.acquaintances.set(id, urls);
  }

  receive(message: Message): void {
    this.received.push(message);
  }

  async receiveSnapshot(message: SnapshotMessage, body: SnapshotBody): Promise<void> {
    try {
      await this.takeSnapshot(message, body);
    } finally {
      body.close();
    }
  }

  unreachable(id: bigint): void {
    this.lost.push(id);
  }

  snapshotSent(to: bigint, result: "finished" | "failed"): void {
    this.sent.push(`${to} ${result}`);
  }

  answer(question: PeerQuestion): Promise<PeerAnswer> {
    return this.answerWith(question);
  }

  describe(): ClusterDescription {
    return this.description;
  }

  isRemoved(id: bigint): boolean {
    return this.removedIds.has(id);
  }

  removed(): void {
    this.timesRemoved += 1;
  }

  hasStarted(id: bigint): boolean {
    return this.startedIds.has(id);
  }

  forgotten(): void {
    this.timesForgotten += 1;
  }
}

export interface Participant extends Place {
  readonly id: bigint;
  readonly witness: Witness;
}

export async function participant(
  world: PeerWorld,
  id: bigint,
  { clusterId = CLUSTER, url, isNew = () => false }: { clusterId?: bigint; url?: string; isNew?: () => boolean } = {},
): Promise<Participant> {
  const place = await world.join(url);
  const witness = new Witness();
  place.peers.start({ clusterId, memberId: id, peerUrls: [place.url], isNew }, witness);
  return { ...place, id, witness };
}

export function addressOf({ id, url }: { readonly id: bigint; readonly url: string }): PeerAddress {
  return { id, urls: [url] };
}

/** Members 1 and 2, who know and reach each other. */
export async function pair(world: PeerWorld): Promise<readonly [Participant, Participant]> {
  const [one, two] = [await participant(world, 1n), await participant(world, 2n)];
  one.peers.setPeers([addressOf(two)]);
  two.peers.setPeers([addressOf(one)]);
  await connected(world, one, two);
  await connected(world, two, one);
  return [one, two];
}

export async function connected(world: PeerWorld, from: Participant, to: Participant): Promise<void> {
  const what = `a connection from ${from.id} to ${to.id}`;
  await world.eventually(() => from.peers.connectedSince(to.id) !== undefined, what);
}

export function heartbeat(from: bigint, to: bigint, context = 0): Message {
  return { type: "heartbeat", from, to, term: 1, commit: 0, context };
}

export function append(
  from: bigint,
  to: bigint,
  index: number,
  data: Uint8Array = Uint8Array.of(index & 0xff),
): Message {
  const entry: Entry = { type: "command", term: 1, index, data };
  return { type: "append", from, to, term: 1, prevIndex: index - 1, prevTerm: 1, entries: [entry], commit: 0 };
}

export function snapshotMessage(from: bigint, to: bigint): SnapshotMessage {
  const confState = { voters: [1n, 2n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
  return { type: "snapshot", from, to, term: 3, snapshot: { index: 70, term: 2, confState } };
}

/** A body of these pieces that says it has `bytes`; `closed` counts its closings. */
export class PiecesBody implements SnapshotBody {
  readonly bytes: number;
  readonly pieces: AsyncIterable<Uint8Array>;
  closed = 0;

  constructor(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, bytes: number) {
    this.bytes = bytes;
    this.pieces = (async function* () {
      yield* pieces;
    })();
  }

  close(): void {
    this.closed += 1;
  }
}

export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

/** Lets the world's time pass until the work settles. */
export async function settled<T>(world: PeerWorld, work: Promise<T>): Promise<PromiseSettledResult<T>> {
  let result: PromiseSettledResult<T> | undefined;
  void Promise.allSettled([work]).then(([one]) => {
    result = one;
  });
  await world.eventually(() => result !== undefined, "the end of the work");
  return result as PromiseSettledResult<T>;
}
