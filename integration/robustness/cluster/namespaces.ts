/**
 * A network of its own for every member, made of Linux network namespaces, so that links between members can be cut while
 * clients reach all of them. A hub namespace holds the bridge; nothing of the machine's own network is touched but for
 * one veth, by which this process reaches the members.
 *
 * Names carry the process id, so that runs do not meet; all of it goes away with `close`, also when this process exits.
 */
import { execFileSync } from "node:child_process";
import type { Network } from "./network.js";

/** Why there are no namespaces here, or undefined where there are. */
export function namespacesMissing(): string | undefined {
  if (process.platform !== "linux") return "network namespaces exist on Linux only";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  const probe = `kvp${process.pid}`;
  try {
    run("ip", "netns", "add", probe);
  } catch (error) {
    return `no network namespaces (Debian's iproute2): ${String(error).split("\n")[0]}`;
  }
  try {
    run("ip", "netns", "exec", probe, "iptables", "-w", "-L", "-n");
    return undefined;
  } catch (error) {
    return `no iptables (Debian's iptables): ${String(error).split("\n")[0]}`;
  } finally {
    run("ip", "netns", "del", probe);
  }
}

/** The number of this process's own end. */
const OUTSIDE = 254;

/** What a name of an interface may have at most, in Linux. */
const INTERFACE_NAME_MAX = 15;

let made = 0;

export class NamespaceNetwork implements Network {
  readonly #id: string;
  readonly #subnet: string;
  readonly #members = new Set<number>();
  readonly #removeAll = (): void => this.#remove();
  #ports = 0;

  constructor() {
    this.#id = `kv${process.pid.toString(36)}x${(made++).toString(36)}`;
    this.#subnet = freeSubnet();
    process.once("exit", this.#removeAll);
    try {
      run("ip", "netns", "add", this.#hub);
      this.#inHub("ip", "link", "add", "bridge", "type", "bridge");
      this.#inHub("ip", "link", "set", "bridge", "up");
      const outside = this.#interface("o");
      run("ip", "link", "add", outside, "type", "veth", "peer", "name", "outside", "netns", this.#hub);
      this.#inHub("ip", "link", "set", "outside", "master", "bridge", "up");
      run("ip", "address", "add", `${this.host(OUTSIDE)}/24`, "dev", outside);
      run("ip", "link", "set", outside, "up");
    } catch (error) {
      this.close();
      throw error;
    }
  }

  host(member: number): string {
    return `${this.#subnet}.${member}`;
  }

  /** Makes the member's namespace on the first call. */
  prefix(member: number): readonly string[] {
    if (!this.#members.has(member)) this.#add(member);
    return ["ip", "netns", "exec", this.#namespace(member)];
  }

  async port(): Promise<number> {
    // Nobody else lives at these addresses; a member asks for two.
    return 2_379 + this.#ports++;
  }

  /** Nothing passes between the two any more. */
  cut(one: number, other: number): void {
    this.cutOneWay(one, other);
    this.cutOneWay(other, one);
  }

  /** What `from` sends does not reach `to` any more; the other direction stays. */
  cutOneWay(from: number, to: number): void {
    this.#inMember(to, "iptables", "-w", "-A", "INPUT", "-s", this.host(from), "-j", "DROP");
  }

  /** Takes back every cut. */
  heal(): void {
    for (const member of this.#members) this.#inMember(member, "iptables", "-w", "-F", "INPUT");
  }

  /** The processes inside must have ended. Idempotent. */
  close(): void {
    process.off("exit", this.#removeAll);
    this.#remove();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #hub(): string {
    return `${this.#id}-hub`;
  }

  #namespace(member: number): string {
    return `${this.#id}-${member}`;
  }

  #interface(suffix: string): string {
    return `${this.#id}${suffix}`.slice(-INTERFACE_NAME_MAX);
  }

  #add(member: number): void {
    const namespace = this.#namespace(member);
    this.#members.add(member);
    run("ip", "netns", "add", namespace);
    this.#inHub("ip", "link", "add", `m${member}`, "type", "veth", "peer", "name", "eth0", "netns", namespace);
    this.#inHub("ip", "link", "set", `m${member}`, "master", "bridge", "up");
    this.#inMember(member, "ip", "address", "add", `${this.host(member)}/24`, "dev", "eth0");
    this.#inMember(member, "ip", "link", "set", "eth0", "up");
    this.#inMember(member, "ip", "link", "set", "lo", "up");
  }

  /** Deletes whatever is there; a namespace takes its ends of the veths with it, and they their other ends. */
  #remove(): void {
    for (const namespace of [this.#hub, ...[...this.#members].map((member) => this.#namespace(member))]) {
      try {
        run("ip", "netns", "del", namespace);
      } catch {
        // It was never made, or is gone already.
      }
    }
    this.#members.clear();
  }

  #inHub(...command: string[]): void {
    run("ip", "netns", "exec", this.#hub, ...command);
  }

  #inMember(member: number, ...command: string[]): void {
    run("ip", "netns", "exec", this.#namespace(member), ...command);
  }
}

/** The first three numbers of a network that no route of this machine leads to. */
function freeSubnet(): string {
  const routes = run("ip", "-4", "route");
  for (;;) {
    const subnet = `10.${64 + Math.floor(Math.random() * 64)}.${Math.floor(Math.random() * 256)}`;
    if (!routes.includes(`${subnet}.`)) return subnet;
  }
}

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
