/** What other members send, and what of it stops this one. */
import { describe, expect, it } from "vitest";
import { InvariantError } from "../core/invariant.js";
import type { Message } from "../core/raft/types.js";
import { NO_FAILPOINTS } from "../io/no-failpoints.js";
import { SnapshotError } from "../io/snapshot/format.js";
import type { SnapshotBody, SnapshotMessage } from "../peer-network.js";
import { PeerDesk, type PeerDeskOptions } from "./peer-desk.js";

const confState = { voters: [1n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
const message: SnapshotMessage = {
  type: "snapshot",
  from: 2n,
  to: 1n,
  term: 3,
  snapshot: { index: 9, term: 3, confState },
};

interface Scene {
  readonly desk: PeerDesk;
  /** What the node was told to fail with. */
  readonly failures: unknown[];
  readonly body: SnapshotBody & { closed: number };
}

/** Raft and the receiver of snapshots fail with the error. */
function scene(error: Error, stopped = false): Scene {
  const failures: unknown[] = [];
  const fail = (): never => {
    throw error;
  };
  const body = {
    bytes: 0,
    pieces: (async function* () {})(),
    closed: 0,
    close: () => {
      body.closed++;
    },
  };
  const options = {
    raft: { step: fail },
    receiver: { receive: async () => fail() },
    failpoints: NO_FAILPOINTS,
    stopped: () => stopped,
    wake: () => {},
    onError: (failure: unknown) => failures.push(failure),
  };
  return { desk: new PeerDesk(options as unknown as PeerDeskOptions), failures, body };
}

const broken = new InvariantError("two leaders in term 3");

describe("what is impossible", () => {
  it("stops the node, whether a message or a snapshot brings it to light", async () => {
    const { desk, failures, body } = scene(broken);
    desk.receive({ type: "timeout-now", from: 2n, to: 1n, term: 3 } satisfies Message);
    await expect(desk.receiveSnapshot(message, body)).rejects.toBe(broken);
    expect(failures).toEqual([broken, broken]);
  });
});

describe("a snapshot", () => {
  it("that is refused is no failure of the node", async () => {
    const refused = new SnapshotError("the chunk at offset 7 is damaged");
    const { desk, failures, body } = scene(refused);
    await expect(desk.receiveSnapshot(message, body)).rejects.toBe(refused);
    expect(failures).toEqual([]);
  });

  it("is not taken by a node that has stopped", async () => {
    const { desk, failures, body } = scene(broken, true);
    await expect(desk.receiveSnapshot(message, body)).rejects.toMatchObject({ reason: "stopped" });
    expect([failures, body.closed]).toEqual([[], 1]);
  });
});
