/**
 * Members in containers. Each is on two networks: one of the engine's own, through which clients come by a port of this
 * machine, and one that the members share. Leaving the second cuts a member off from the others and from nobody else.
 */
import { Maintenance } from "@kvorum/proto";
import {
  GenericContainer,
  getContainerRuntimeClient,
  Network,
  type StartedNetwork,
  type StartedTestContainer,
  Wait,
} from "testcontainers";
import { eventually, NotYet, withChannel } from "../robustness/cluster/rpc.js";
import type { RecordedCluster, RecordedMember } from "../robustness/recorder/recorder.js";
import { freePort } from "../support/process.js";
import type { PlannedMember, Probe } from "./deployment.js";
import type { Image } from "./images.js";

const CLIENT_PORT = 2379;
const READY_MS = 60_000;
const CALL = { timeoutMs: 5_000 };

export class ContainerMember implements RecordedMember {
  readonly name: string;
  readonly clientUrl: string;
  readonly #host: string;
  readonly #container: StartedTestContainer;
  readonly #peers: StartedNetwork;

  constructor({ name, host }: PlannedMember, container: StartedTestContainer, peers: StartedNetwork) {
    this.name = name;
    this.clientUrl = `http://127.0.0.1:${container.getMappedPort(CLIENT_PORT)}`;
    this.#host = host;
    this.#container = container;
    this.#peers = peers;
  }

  /** A container that has ended is found by its silence; nothing here ends one but the story. */
  throwIfDead(): void {}

  async connect(): Promise<void> {
    const network = await this.#peerNetwork();
    await network.connect({ Container: this.#container.getId(), EndpointConfig: { Aliases: [this.#host] } });
  }

  /** What a port of the container answers to a GET from outside: the status. */
  async statusAt({ path, port }: Probe): Promise<number> {
    const { status } = await fetch(`http://127.0.0.1:${this.#container.getMappedPort(port)}${path}`);
    return status;
  }

  /** `docker network disconnect`: its connections to the others do not close, they fall silent. */
  async disconnect(): Promise<void> {
    const network = await this.#peerNetwork();
    await network.disconnect({ Container: this.#container.getId() });
  }

  /** SIGTERM, then the same container starts again with what it had. */
  async restart(): Promise<void> {
    await (await this.#handle()).restart({ t: 20 });
  }

  /** SIGKILL, then the same container starts again. */
  async killAndStart(): Promise<void> {
    const handle = await this.#handle();
    await handle.kill();
    await handle.start();
  }

  async log(): Promise<string> {
    const text = await (await this.#handle()).logs({ stdout: true, stderr: true, tail: 30 });
    return withoutFrames(text);
  }

  async stop(): Promise<void> {
    await this.#container.stop({ timeout: 0, remove: true, removeVolumes: true });
  }

  async #handle() {
    const { container } = await getContainerRuntimeClient();
    return container.getById(this.#container.getId());
  }

  async #peerNetwork() {
    const { network } = await getContainerRuntimeClient();
    return network.getById(this.#peers.getId());
  }
}

export class ContainerCluster implements RecordedCluster, AsyncDisposable {
  readonly members: readonly ContainerMember[];
  readonly #peers: StartedNetwork;

  private constructor(members: readonly ContainerMember[], peers: StartedNetwork) {
    this.members = members;
    this.#peers = peers;
  }

  /** Resolves when every member answers and knows a leader. */
  static async start(
    image: Image,
    planned: readonly PlannedMember[],
    ports: readonly number[] = [],
  ): Promise<ContainerCluster> {
    const peers = await new Network().start();
    const members: ContainerMember[] = [];
    const cluster = new ContainerCluster(members, peers);
    try {
      for (const plan of planned) members.push(await startMember(image, plan, peers, ports));
      for (const member of members) await member.connect();
      await cluster.settled();
      return cluster;
    } catch (error) {
      const logs = await cluster.logs();
      await cluster[Symbol.asyncDispose]();
      throw new Error(`the members do not start:\n${logs}`, { cause: error });
    }
  }

  get endpoints(): readonly string[] {
    return this.members.map(({ clientUrl }) => clientUrl);
  }

  /** The member that a majority calls its leader. */
  leader(): Promise<ContainerMember> {
    return eventually("a leader is known", READY_MS, async () => {
      const known = await Promise.all(this.members.map((member) => statusOf(member).catch(() => undefined)));
      for (const [index, status] of known.entries()) {
        const own = status?.header?.memberId;
        const votes = known.filter((other) => other !== undefined && other.leader === own);
        if (own !== undefined && status?.leader === own && votes.length > this.members.length / 2)
          return this.members[index];
      }
      throw new NotYet("no majority names one leader");
    });
  }

  async settled(): Promise<void> {
    await Promise.all(
      this.members.map((member) =>
        eventually(`${member.name} knows a leader`, READY_MS, async () => {
          const { leader } = await statusOf(member);
          return leader === 0n ? undefined : true;
        }),
      ),
    );
  }

  async logs(): Promise<string> {
    const texts = this.members.map(async (member) => `${member.name}:\n${await member.log().catch(String)}`);
    return (await Promise.all(texts)).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
    await this.#peers.stop();
  }
}

async function startMember(
  image: Image,
  plan: PlannedMember,
  peers: StartedNetwork,
  ports: readonly number[],
): Promise<ContainerMember> {
  const container = new GenericContainer(image)
    .withEnvironment({ ...plan.environment })
    .withExposedPorts(...(await Promise.all([CLIENT_PORT, ...ports].map(published))))
    // It is ready when the others are, and those are not there yet.
    .withWaitStrategy(Wait.forLogMessage(/./))
    .withHostname(plan.name);
  if (plan.user !== undefined) container.withUser(plan.user);
  return new ContainerMember(plan, await container.start(), peers);
}

/** A port of this machine stays the container's when it joins another network or is restarted only if it was chosen. */
async function published(container: number): Promise<{ readonly container: number; readonly host: number }> {
  return { container, host: await freePort() };
}

function statusOf(member: ContainerMember) {
  return withChannel(member.clientUrl, (channel) => channel.unary(Maintenance.method.status, {}, CALL));
}

/** The engine's log is of pieces, each behind eight bytes: its stream, and its length in the last four. */
function withoutFrames(log: Buffer): string {
  let text = "";
  for (let at = 0; at + 8 <= log.length; ) {
    const end = at + 8 + log.readUInt32BE(at + 4);
    text += log.toString("utf8", at + 8, end);
    at = end;
  }
  return text;
}
