/** Users, roles, permissions and tokens: one script on Kvorum and on a real etcd, every answer compared. */
import { niceChannel } from "@kvorum/transport";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { etcdMissing, startEtcd, type TestServer } from "../support/etcd.js";
import { startKvorum } from "../support/kvorum.js";
import { Actor } from "./actor.js";
import { SCRIPT, type Step } from "./script.js";

const missing = etcdMissing();
if (missing !== undefined) console.warn(`the comparison of authentication is skipped: ${missing}`);

interface Peer {
  readonly server: TestServer;
  readonly actor: Actor;
}

async function open(server: TestServer): Promise<Peer> {
  return { server, actor: new Actor(niceChannel(server.endpoint)) };
}

async function transcriptOf({ actor }: Peer, step: Step): Promise<readonly string[]> {
  await actor.begin();
  await step.run(actor);
  return actor.transcript.lines;
}

describe.skipIf(missing !== undefined)("authentication as etcd has it", () => {
  let etcd: Peer;
  let kvorum: Peer;

  beforeAll(async () => {
    etcd = await open(await startEtcd());
    kvorum = await open(await startKvorum());
  });

  afterAll(async () => {
    for (const peer of [etcd, kvorum]) {
      await peer?.actor.channel.close();
      await peer?.server.stop();
    }
  });

  for (const step of SCRIPT) {
    it(step.name, async () => {
      const [theirs, ours] = await Promise.all([transcriptOf(etcd, step), transcriptOf(kvorum, step)]);
      expect(theirs.length, "a step records something").toBeGreaterThan(0);
      if (step.differs === undefined) expect(ours).toEqual(theirs);
      else expect(ours, `listed as different: ${step.differs}`).not.toEqual(theirs);
    });
  }
});
