/**
 * Snapshots to members that lag behind the log: the backend as it is, streamed by the peer network. Raft says to whom; one
 * at a time to each member.
 */

import type { StateMachine } from "../core/apply/state-machine.js";
import type { Backend, BackendSnapshot } from "../core/mvcc/backend.js";
import type { Clock, Failpoints, Logger } from "../env.js";
import { outgoingSnapshot } from "../io/snapshot/outgoing.js";
import type { NodeMeasures } from "../measures/node-measures.js";
import type { PeerNetwork, SnapshotMessage } from "../peer-network.js";
import type { BackendWriter } from "./backend-writer.js";
import { countedSnapshot } from "./counted-snapshot.js";
import type { Tuning } from "./tuning.js";

export interface SnapshotSenderOptions {
  readonly machine: StateMachine;
  readonly backend: Backend;
  readonly backendWriter: BackendWriter;
  readonly peers: PeerNetwork;
  /** Lets the event loop go on during a long walk. */
  readonly pause: () => Promise<void>;
  readonly clock: Pick<Clock, "nowMs">;
  readonly failpoints: Failpoints;
  readonly measures: NodeMeasures;
  readonly logger: Logger;
  readonly clusterId: bigint;
  readonly tuning: Pick<Tuning, "snapshotPieceBytes">;
  /** A snapshot that never reached the network: its end is to be told as if the network had, by `ended` too. */
  readonly onFailed: (to: bigint) => void;
  /** Told what made the backend unreadable. */
  readonly onError: (error: unknown) => void;
}

export class SnapshotSender {
  readonly #options: SnapshotSenderOptions;
  /** When each began. */
  readonly #underWay = new Map<bigint, number>();

  constructor(options: SnapshotSenderOptions) {
    this.#options = options;
  }

  /** True while a member takes a snapshot. */
  get busy(): boolean {
    return this.#underWay.size > 0;
  }

  send(message: SnapshotMessage): void {
    const { backend, backendWriter, clock, failpoints, logger, measures, onFailed, onError } = this.#options;
    failpoints.hit("snapshot-before-open");
    if (!this.#underWay.has(message.to)) measures.snapshotSends.of(message.to.toString(16)).add();
    this.#underWay.set(message.to, clock.nowMs());
    // What was applied belongs to the snapshot; while the backend is paused its last commit has to do.
    backendWriter.commit();
    const snapshot = countedSnapshot(backend.snapshot(), measures.openSnapshots, onError);
    const { index, term } = snapshot.at;
    const to = message.to.toString(16);
    logger.info({ to, index, term }, "a member lags behind the log and is sent a snapshot");
    this.#stream({ ...message, snapshot: snapshot.at }, snapshot).catch((error: unknown) => {
      snapshot.close();
      logger.warn({ to, error: String(error) }, "a snapshot could not be sent");
      onFailed(message.to);
    });
  }

  /** The outcome is known. */
  ended(to: bigint, result: "finished" | "failed"): void {
    const startMs = this.#underWay.get(to);
    if (startMs === undefined) return;
    this.#underWay.delete(to);
    const { clock, measures } = this.#options;
    const member = to.toString(16);
    measures.snapshotSends.of(member).add(-1);
    if (result === "failed") {
      measures.snapshotSendFailures.of(member).add();
      return;
    }
    const seconds = (clock.nowMs() - startMs) / 1000;
    measures.snapshotsSent.of(member).add();
    measures.snapshotSend.of(member).observe(seconds);
    measures.backendSnapshot.observe(seconds);
  }

  async #stream(message: SnapshotMessage, snapshot: BackendSnapshot): Promise<void> {
    const { machine, peers, pause, failpoints, clusterId, tuning } = this.#options;
    const { currentRevision: revision, compactRevision } = machine.store;
    const pieceBytes = tuning.snapshotPieceBytes;
    const options = { clusterId, revision, compactRevision, pieceBytes, pause };
    const body = await outgoingSnapshot(snapshot, options);
    failpoints.hit("snapshot-before-send");
    peers.sendSnapshot(message, body);
  }
}
