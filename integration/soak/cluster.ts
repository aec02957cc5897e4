/** The soaked cluster: three members with authentication on, one user who works and root who operates. */
import { type Client, createClient, prefix } from "@kvorum/client";
import { bundle } from "../../scripts/bundle.mjs";
import { freePort, temporaryDirectory } from "../support/process.js";
import { SoakMember } from "./member.js";

/** Everything that the load writes starts with it. */
export const SPACE = "soak/";
export const WORKER = { username: "worker", password: "the password of worker" } as const;
const ROOT = { username: "root", password: "the password of root" } as const;

const SIZE = 3;

/** Tokens that nobody uses for so long are forgotten. */
export const TOKEN_SECONDS = 15;

const FLAGS: readonly string[] = [
  ...["--log-level", "info", "--initial-cluster-state", "new"],
  ...["--auth-token-ttl", String(TOKEN_SECONDS), "--bcrypt-cost", "4"],
  // A machine that does other things beside takes its time; elections are not what is looked at here.
  ...["--heartbeat-interval", "500", "--election-timeout", "5000"],
  ...["--snapshot-count", "5000"],
];

export class SoakCluster implements AsyncDisposable {
  readonly members: readonly SoakMember[];
  readonly #initialCluster: string;
  readonly #release: () => Promise<void>;
  readonly #killAll = (): void => {
    for (const member of this.members) member.killNow();
  };

  private constructor(members: readonly SoakMember[], release: () => Promise<void>) {
    this.members = members;
    this.#release = release;
    this.#initialCluster = members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(",");
    process.once("exit", this.#killAll);
  }

  /** Resolves when all members serve and authentication is on. */
  static async start(): Promise<SoakCluster> {
    const directory = await temporaryDirectory("soak");
    const probe = await bundle("integration/soak/probe-main.ts");
    const members: SoakMember[] = [];
    for (let number = 1; number <= SIZE; number++) {
      members.push(
        new SoakMember({
          name: `n${number}`,
          clientUrl: `http://127.0.0.1:${await freePort()}`,
          peerUrl: `http://127.0.0.1:${await freePort()}`,
          dataDir: `${directory.path}/n${number}`,
          flags: FLAGS,
          probeUrl: probe.url,
        }),
      );
    }
    const cluster = new SoakCluster(members, async () => {
      probe.remove();
      await directory.remove();
    });
    try {
      await Promise.all(members.map((member) => member.start(cluster.#initialCluster)));
      await cluster.#addUsers();
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  get endpoints(): string[] {
    return this.members.map(({ clientUrl }) => clientUrl);
  }

  /** A client of the user who works, in its space, that asks this member only. */
  worker(member: SoakMember): Client {
    return createClient({ endpoints: member.clientUrl, auth: WORKER, namespace: SPACE, syncMembers: false });
  }

  /** A client of root that knows all members. */
  root(): Client {
    return createClient({ endpoints: this.endpoints, auth: ROOT, syncMembers: false });
  }

  /** Stops a member as a person does and starts it again on its data. Resolves when it serves. */
  async restart(member: SoakMember): Promise<void> {
    await member.stop();
    await member.start(this.#initialCluster);
  }

  throwIfDead(): void {
    for (const member of this.members) member.throwIfDead();
  }

  /** The end of what each member has printed: for the message of a failure. */
  lastWords(): string {
    return this.members.map(({ name, output }) => `--- ${name}\n${output.slice(-2_000)}`).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off("exit", this.#killAll);
    await Promise.all(this.members.map((member) => member.kill()));
    await this.#release();
  }

  async #addUsers(): Promise<void> {
    await using client = createClient({ endpoints: this.endpoints, syncMembers: false, timeout: 30_000 });
    const { auth } = client;
    await auth.userAdd(ROOT.username, { password: ROOT.password });
    await auth.roleAdd(ROOT.username);
    await auth.userGrantRole(ROOT.username, ROOT.username);
    await auth.userAdd(WORKER.username, { password: WORKER.password });
    await auth.roleAdd(WORKER.username);
    await auth.roleGrantPermission(WORKER.username, { access: "readwrite", on: prefix(SPACE) });
    await auth.userGrantRole(WORKER.username, WORKER.username);
    await auth.enable();
  }
}
