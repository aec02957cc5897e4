/**
 * The image of a node, the client's suite against it, and three of them as `packaging/compose.yaml` has them, under recorded
 * load: one is cut off from the others, one restarted, one killed. Afterwards the history must be linearizable, every watch true
 * and every member of one opinion. The same is asked of a real etcd in containers. The pods of the StatefulSet are started as
 * containers too, and asked what its probes ask. Without an engine everything here is skipped, and says why.
 */
import { createClient } from "@kvorum/client";
import { KV } from "@kvorum/proto";
import { GenericContainer, Wait } from "testcontainers";
import { afterAll, beforeAll, describe, it } from "vitest";
import { clientSuite, type SuiteServer } from "../client/suite.js";
import { pause, withChannel } from "../robustness/cluster/rpc.js";
import { Recorder } from "../robustness/recorder/recorder.js";
import { SEED } from "../robustness/settings.js";
import { programPath } from "../support/etcd.js";
import { ContainerCluster, type ContainerMember } from "./cluster.js";
import { composeMembers, type Probe, podMembers } from "./deployment.js";
import { type Engine, openEngine } from "./engine.js";
import { etcdImage, type Image, kvorumImage } from "./images.js";

const WRITES = 100;
const BUILD_MS = 180_000;
const STORY_MS = 240_000;

const engine = await openEngine();
const noEngine = typeof engine === "string" ? engine : undefined;
if (noEngine !== undefined) console.warn(`containers are skipped: ${noEngine}`);
const etcdBinary = programPath();
if (etcdBinary === undefined) console.warn("etcd in containers is skipped: no etcd binary");

afterAll(async () => {
  if (typeof engine !== "string") await (engine satisfies Engine)[Symbol.asyncDispose]();
});

const built = { kvorum: once(kvorumImage), etcd: once(() => etcdImage(etcdBinary as string)) };
const noEtcd = noEngine ?? (etcdBinary === undefined ? "no etcd binary" : undefined);

clientSuite("Kvorum in a container", () => startOne(built.kvorum()), noEngine);
clientSuite("etcd in a container", () => startOne(built.etcd()), noEtcd);

describe.skipIf(noEngine !== undefined)("kvorum in containers", () => {
  let image: Image;
  beforeAll(async () => {
    image = await built.kvorum();
  }, BUILD_MS);

  it("is one command: a member of its own that is healthy and serves a client outside", { timeout: STORY_MS }, async ({
    expect,
  }) => {
    const container = await new GenericContainer(image)
      .withExposedPorts(2379)
      .withWaitStrategy(Wait.forHealthCheck())
      .withStartupTimeout(60_000)
      .start();
    try {
      const endpoint = `http://127.0.0.1:${container.getMappedPort(2379)}`;
      await using client = createClient({ endpoints: [endpoint] });
      await client.put("greeting", "hello");
      expect((await client.get("greeting"))?.value).toBe("hello");
      const main = "/opt/kvorum/node_modules/@kvorum/cli/dist/main.js";
      const { output, exitCode } = await container.exec(["node", main, "get", "greeting", "--print-value-only"]);
      expect([exitCode, output.trim()]).toEqual([0, "hello"]);
      const { output: user } = await container.exec(["node", "-p", "process.getuid()"]);
      expect(user.trim()).toBe("10001");
      // A container that is stopped and started keeps its data, which lie in a volume.
      await container.restart();
      const again = `http://127.0.0.1:${container.getMappedPort(2379)}`;
      await using later = createClient({ endpoints: [again] });
      expect((await later.get("greeting"))?.value).toBe("hello");
    } finally {
      await container.stop({ timeout: 0, removeVolumes: true });
    }
  });

  it("is three pods: a member that has lost the others is alive and not ready", { timeout: STORY_MS }, async ({
    expect,
  }) => {
    const { members, probes } = podMembers();
    await using cluster = await ContainerCluster.start(image, members, [probes.readiness.port]);
    const asked = (of: ContainerMember): Promise<number[]> =>
      Promise.all(Object.values(probes).map((probe: Probe) => of.statusAt(probe)));
    await expect
      .poll(() => Promise.all(cluster.members.map(asked)), { timeout: 20_000 })
      .toEqual(members.map(() => [200, 200, 200]));
    const leader = await cluster.leader();
    await using client = createClient({ endpoints: leader.clientUrl, syncMembers: false });
    await client.put("greeting", "hello");
    await leader.disconnect();
    const readiness = (): Promise<number> => leader.statusAt(probes.readiness);
    await expect.poll(readiness, { timeout: 20_000 }).toBe(503);
    expect(await leader.statusAt(probes.liveness)).toBe(200);
    await leader.connect();
    await expect.poll(readiness, { timeout: 20_000 }).toBe(200);
    expect((await client.get("greeting"))?.value).toBe("hello");
  });

  it("is a cluster that survives a cut, a restart and a kill", { timeout: STORY_MS }, async ({ expect }) => {
    expect(await play(image)).toEqual([]);
  });
});

describe.skipIf(noEtcd !== undefined)("etcd in containers", () => {
  it("survives the same", { timeout: BUILD_MS + STORY_MS }, async ({ expect }) => {
    expect(await play(await built.etcd())).toEqual([]);
  });
});

it("the packaging names every member with the addresses that the others look for", ({ expect }) => {
  const [services, pods] = [composeMembers(), podMembers().members];
  expect(services.map(({ name }) => name)).toEqual(["n1", "n2", "n3"]);
  expect(pods.map(({ name }) => name)).toEqual(["kvorum-0", "kvorum-1", "kvorum-2"]);
  for (const { name, host, environment } of [...services, ...pods]) {
    const peer = `http://${host}:2380`;
    expect(environment).toMatchObject({
      ...{ ETCD_NAME: name, ETCD_INITIAL_ADVERTISE_PEER_URLS: peer },
      ETCD_ADVERTISE_CLIENT_URLS: `http://${host}:2379`,
    });
    expect(environment["ETCD_INITIAL_CLUSTER"]?.split(",")).toContain(`${name}=${peer}`);
  }
});

/** A member of its own, as a server of the client's suite. */
async function startOne(image: Promise<Image>): Promise<SuiteServer> {
  const container = await new GenericContainer(await image)
    // Not etcd's defaults, in whose place it would put the container's address.
    .withEnvironment({
      ETCD_ADVERTISE_CLIENT_URLS: "http://127.0.0.1:2379",
      ETCD_INITIAL_ADVERTISE_PEER_URLS: "http://127.0.0.1:2380",
      ETCD_INITIAL_CLUSTER: "default=http://127.0.0.1:2380",
    })
    .withExposedPorts(2379)
    .withWaitStrategy(Wait.forHttp("/health", 2379))
    .start();
  const endpoint = `http://127.0.0.1:${container.getMappedPort(2379)}`;
  return {
    endpoint,
    // What the member advertises is its address inside the container.
    connect: () => createClient({ endpoints: endpoint, syncMembers: false }),
    stop: async () => {
      await container.stop({ timeout: 0, removeVolumes: true });
    },
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

async function play(image: Image): Promise<readonly string[]> {
  await using cluster = await ContainerCluster.start(image, composeMembers());
  const recorder = new Recorder(cluster, { seed: SEED });
  try {
    await recorder.progress(WRITES);
    const cut = await cluster.leader();
    await cut.disconnect();
    await recorder.progress(WRITES);
    await refusesToLead(cut);
    await cut.connect();
    await recorder.progress(WRITES);
    const [restarted, killed] = cluster.members.filter((member) => member !== cut) as [
      ContainerMember,
      ContainerMember,
    ];
    await restarted.restart();
    await recorder.progress(WRITES);
    await killed.killAndStart();
    await recorder.progress(WRITES);
    const { violations, figures } = await recorder.verdict();
    console.log(
      `${image}: ${figures.operations} calls, ${figures.unknown} of unknown outcome, ${figures.revisions} revisions, ` +
        `${figures.watchEvents} watch events, judged in ${figures.checkMs} ms, seed ${SEED}`,
    );
    return violations.slice(0, 5);
  } catch (error) {
    console.error(`${image}: seed ${SEED}\n${await cluster.logs()}`);
    throw error;
  } finally {
    await recorder.close();
  }
}

/** Cut off from the others, the former leader answers from its own store when asked for no more, and nothing that needs them. */
async function refusesToLead(member: ContainerMember): Promise<void> {
  await withChannel(member.clientUrl, async (channel) => {
    const key = new TextEncoder().encode("r/00");
    await channel.unary(KV.method.range, { key, serializable: true }, { timeoutMs: 5_000 });
    const answered = await channel.unary(KV.method.range, { key }, { timeoutMs: 3_000 }).then(
      () => true,
      () => false,
    );
    if (answered) throw new Error(`${member.name} answered a linearizable read without the others`);
  });
  await pause(100);
}
