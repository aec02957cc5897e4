/** What becomes of a snapshot that Raft has taken when the member stops before it is installed. */
import { expect, it } from "vitest";
import { testEnv } from "../../testing/test-env.js";
import type { AppendTask, Message, RaftStatus, SnapshotMark } from "../core/raft/types.js";
import { MemoryDisk } from "../io/disk/memory-disk.js";
import type { SnapshotEntry } from "../io/snapshot/decode.js";
import { SnapshotFiles } from "../io/snapshot/files.js";
import { at, bodyOf, CLUSTER_ID, fewEntries, fileOf } from "../io/snapshot/test-support.js";
import { NodeMeasures } from "../measures/node-measures.js";
import type { SnapshotMessage } from "../peer-network.js";
import { SnapshotReceiver } from "./snapshot-receiver.js";

const DIRECTORY = "/snapshots";
const TASK: AppendTask = {
  token: { term: 3, lastIndex: at.index, sequence: 1 },
  afterDurable: [],
  entries: [],
  hardState: undefined,
  snapshot: at,
  mustSync: true,
};

/** A member whose Raft takes every snapshot that it is offered; its installs are carried out when the test says so. */
async function member() {
  const disk = new MemoryDisk();
  const env = testEnv({ disk });
  const files = new SnapshotFiles({ disk, directory: DIRECTORY });
  await files.open();
  let status = { commitIndex: 0, firstIndex: 1, appliedIndex: 0 } as RaftStatus;
  const replaced: SnapshotEntry[] = [];
  let offered = (): void => {};
  const isOffered = new Promise<void>((resolve) => {
    offered = resolve;
  });
  const receiver = new SnapshotReceiver({
    ...{ files, clusterId: CLUSTER_ID, measures: new NodeMeasures() },
    ...{ clock: env.clock, failpoints: env.failpoints, logger: env.logger },
    raft: {
      get status() {
        return status;
      },
      step: (_message: Message) => {
        status = { ...status, commitIndex: at.index, firstIndex: at.index + 1 };
        offered();
      },
    },
    machine: { reload: () => {} },
    backend: {
      replaceWith: async (_mark: SnapshotMark, entries: AsyncIterable<SnapshotEntry>) => {
        for await (const entry of entries) replaced.push(entry);
      },
    },
    wal: { append: async () => {}, release: async () => {} },
    maintenance: { exclusively: (run) => run() },
    wake: () => {},
    onInstalled: () => {},
  });
  return { receiver, disk, replaced, isOffered };
}

const message: SnapshotMessage = { type: "snapshot", from: 1n, to: 2n, term: 3, snapshot: at };

it("is installed although the member was told to stop while the install waited behind a slow write", async () => {
  const { receiver, replaced, isOffered } = await member();
  const entries = fewEntries();
  const received = receiver.receive(message, bodyOf(await fileOf(entries)));
  await isOffered;
  receiver.stop();
  await received;
  await receiver.install(TASK, at);
  expect(replaced).toHaveLength(entries.length);
});

it("is gone from the disk when it is installed", async () => {
  const { receiver, disk, replaced, isOffered } = await member();
  const entries = fewEntries();
  const received = receiver.receive(message, bodyOf(await fileOf(entries)));
  await isOffered;
  await receiver.install(TASK, at);
  await received;
  expect(replaced).toHaveLength(entries.length);
  expect(await disk.list(DIRECTORY)).toEqual([]);
});
