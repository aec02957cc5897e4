/**
 * A leader's snapshot on this member: stored and checked as a whole, then offered to Raft, and only if Raft wants it put in
 * the place of what is here. Log and backend change together; a crash at any point leaves either the old state or the new
 * one (`io/wal/wal.ts` has the order of writes).
 */
import type { StateMachine } from "../core/apply/state-machine.js";
import { invariant } from "../core/invariant.js";
import type { Backend } from "../core/mvcc/backend.js";
import type { Raft } from "../core/raft/raft.js";
import type { AppendTask, SnapshotMark } from "../core/raft/types.js";
import type { Clock, Failpoints, Logger } from "../env.js";
import type { ReceivedSnapshot, SnapshotFiles } from "../io/snapshot/files.js";
import type { Wal } from "../io/wal/wal.js";
import type { NodeMeasures } from "../measures/node-measures.js";
import type { SnapshotBody, SnapshotMessage } from "../peer-network.js";
import type { Maintenance } from "./maintenance.js";

export interface SnapshotReceiverOptions {
  readonly raft: Pick<Raft, "status" | "step">;
  readonly machine: Pick<StateMachine, "reload">;
  readonly backend: Pick<Backend, "replaceWith">;
  readonly wal: Pick<Wal, "append" | "release">;
  readonly files: SnapshotFiles;
  readonly maintenance: Pick<Maintenance, "exclusively">;
  readonly clock: Clock;
  readonly failpoints: Failpoints;
  readonly logger: Logger;
  readonly clusterId: bigint;
  readonly measures: NodeMeasures;
  /** Raft has something to do. */
  readonly wake: () => void;
  /** The machine has the snapshot's state; Raft is told next. */
  readonly onInstalled: (mark: SnapshotMark) => void;
}

/** A checked snapshot that Raft was offered. */
interface Offer {
  readonly mark: SnapshotMark;
  readonly content: ReceivedSnapshot;
  /** Resolved when it is of no more use, with whether Raft took it. */
  readonly settle: (taken: boolean) => void;
  claimed: boolean;
}

export class SnapshotReceiver {
  readonly #options: SnapshotReceiverOptions;
  readonly #offers = new Set<Offer>();
  #stopped = false;

  constructor(options: SnapshotReceiverOptions) {
    this.#options = options;
  }

  /** Resolves when it is installed or not wanted. Errors: those of `SnapshotFiles.receive`. */
  async receive(message: SnapshotMessage, body: SnapshotBody): Promise<void> {
    const { raft, files, failpoints, clusterId, wake, logger } = this.#options;
    const { snapshot: mark, from } = message;
    if (mark.index <= raft.status.commitIndex) {
      // Nothing in it is new. Raft's answer tells the leader where to go on.
      body.close();
      raft.step(message);
      wake();
      return;
    }
    logger.info(
      { from: from.toString(16), index: mark.index, term: mark.term, bytes: body.bytes },
      "receiving a snapshot",
    );
    failpoints.hit("snapshot-before-receive");
    const content = await this.#measured(from, () => files.receive({ clusterId, mark }, body));
    let taken = false;
    try {
      failpoints.hit("snapshot-after-store");
      taken = await this.#offer(message, content);
      if (!taken && !this.#stopped) logger.info({ index: mark.index }, "the snapshot is not needed any more");
    } finally {
      // Its install may still wait behind a slow write, which a stop lets end. The next start removes what is left.
      if (taken || !this.#stopped) await content.remove();
    }
  }

  /** The write of an append task with a snapshot: backend, then log; what Raft still wants written comes with it. */
  install(task: AppendTask, mark: SnapshotMark): Promise<void> {
    const offer = [...this.#offers].find((one) => sameMark(one.mark, mark) && !one.claimed);
    invariant(offer !== undefined, `the content of the snapshot of index ${mark.index} is here`);
    offer.claimed = true;
    this.#options.measures.snapshotsInstalling.add();
    return this.#options.maintenance
      .exclusively(() => this.#replace(task, offer))
      .finally(() => {
        this.#options.measures.snapshotsInstalling.add(-1);
        this.#offers.delete(offer);
        offer.settle(true);
      });
  }

  /** Nobody waits for what was offered any more. What Raft has handed out is installed all the same. */
  stop(): void {
    this.#stopped = true;
    for (const offer of this.#offers) if (!offer.claimed) offer.settle(false);
  }

  /** Whether Raft took it. It hands out the install task in the same turn, or never. */
  #offer(message: SnapshotMessage, content: ReceivedSnapshot): Promise<boolean> {
    const { raft, clock, wake } = this.#options;
    return new Promise<boolean>((resolve) => {
      const offer: Offer = { mark: message.snapshot, content, settle: resolve, claimed: false };
      this.#offers.add(offer);
      raft.step(message);
      wake();
      clock.afterIo(() => {
        if (this.#wantedByRaft(message.snapshot)) return;
        this.#offers.delete(offer);
        resolve(false);
      });
    });
  }

  /** Between acceptance and installation Raft's log begins right behind the mark and nothing of it is applied. */
  #wantedByRaft({ index }: SnapshotMark): boolean {
    const { firstIndex, appliedIndex } = this.#options.raft.status;
    return firstIndex === index + 1 && appliedIndex <= index;
  }

  async #measured<T>(from: bigint, receive: () => Promise<T>): Promise<T> {
    const { clock, measures } = this.#options;
    const member = from.toString(16);
    const startMs = clock.nowMs();
    measures.snapshotReceives.of(member).add();
    try {
      const received = await receive();
      const seconds = (clock.nowMs() - startMs) / 1000;
      measures.snapshotsReceived.of(member).add();
      measures.snapshotReceive.of(member).observe(seconds);
      measures.snapshotSave.observe(seconds);
      return received;
    } catch (error) {
      measures.snapshotReceiveFailures.of(member).add();
      throw error;
    } finally {
      measures.snapshotReceives.of(member).add(-1);
    }
  }

  async #replace(task: AppendTask, offer: Offer): Promise<void> {
    const { backend, wal, machine, failpoints, logger, onInstalled } = this.#options;
    const { mark, content } = offer;
    const { hardState, entries } = task;
    failpoints.hit("snapshot-before-announce");
    await wal.append({ replacement: mark, mustSync: true });
    failpoints.hit("snapshot-before-replace");
    await backend.replaceWith(mark, content.entries());
    failpoints.hit("snapshot-after-replace");
    machine.reload();
    await wal.append({ snapshot: mark, hardState, entries, mustSync: true });
    failpoints.hit("snapshot-after-mark");
    await wal.release(mark.index);
    logger.info({ index: mark.index, term: mark.term }, "installed a snapshot");
    onInstalled(mark);
  }
}

function sameMark(a: SnapshotMark, b: SnapshotMark): boolean {
  return a.index === b.index && a.term === b.term;
}
