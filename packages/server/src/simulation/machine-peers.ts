/**
 * A machine's place in the network in memory. What comes in waits while the machine is paused, and times are those of its
 * own clock.
 */

import type { Message } from "../core/raft/types.js";
import type {
  AnswerTo,
  ClusterDescription,
  PeerAddress,
  PeerHandlers,
  PeerIdentity,
  PeerNetwork,
  PeerQuestion,
  SnapshotBody,
  SnapshotMessage,
} from "../peer-network.js";
import type { MachineClock } from "./machine-clock.js";
import type { MemoryPeers } from "./memory-peers.js";

export interface MachinePeersOptions {
  readonly peers: MemoryPeers;
  readonly clock: MachineClock;
  readonly isAlive: () => boolean;
  /** Sees what the member sends, in the moment in which it does. */
  readonly onSend: (messages: readonly Message[]) => void;
}

export class MachinePeers implements PeerNetwork {
  readonly #options: MachinePeersOptions;

  constructor(options: MachinePeersOptions) {
    this.#options = options;
  }

  start(identity: PeerIdentity, handlers: PeerHandlers): void {
    this.#options.peers.start(identity, this.#waiting(handlers));
  }

  setPeers(peers: readonly PeerAddress[]): void {
    this.#options.peers.setPeers(peers);
  }

  send(messages: readonly Message[]): void {
    if (!this.#options.isAlive()) return;
    this.#options.onSend(messages);
    this.#options.peers.send(messages);
  }

  sendSnapshot(message: SnapshotMessage, body: SnapshotBody): void {
    this.#options.peers.sendSnapshot(message, body);
  }

  ask<Q extends PeerQuestion>(to: bigint, question: Q, timeoutMs: number): Promise<AnswerTo<Q>> {
    return this.#options.peers.ask(to, question, timeoutMs);
  }

  discover(urls: readonly string[], timeoutMs: number): Promise<ClusterDescription | undefined> {
    return this.#options.peers.discover(urls, timeoutMs);
  }

  connectedSince(id: bigint): number | undefined {
    const { peers, clock } = this.#options;
    const since = peers.connectedSince(id);
    return since === undefined ? undefined : clock.at(since);
  }

  /** Handshakes (`isRemoved`, `hasStarted`, `describe`) are answered even during a pause: they read and change nothing. */
  #waiting(handlers: PeerHandlers): PeerHandlers {
    const { clock, isAlive } = this.#options;
    const arrive = (handle: () => void): void => {
      clock.arrive(() => {
        if (isAlive()) handle();
      });
    };
    const awake = <T>(handle: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        arrive(() => void handle().then(resolve, reject));
      });
    return {
      met: (peer) => arrive(() => handlers.met(peer)),
      receive: (message) => arrive(() => handlers.receive(message)),
      receiveSnapshot: (message, body) => awake(() => handlers.receiveSnapshot(message, body)),
      unreachable: (id) => arrive(() => handlers.unreachable(id)),
      snapshotSent: (to, result) => arrive(() => handlers.snapshotSent(to, result)),
      answer: (question) => awake(() => handlers.answer(question)),
      describe: () => handlers.describe(),
      isRemoved: (id) => handlers.isRemoved(id),
      removed: () => arrive(() => handlers.removed()),
      hasStarted: (id) => handlers.hasStarted(id),
      forgotten: () => arrive(() => handlers.forgotten()),
    };
  }
}
