/** A node in a process of its own that is attacked, and what must hold afterwards. */
import { KV } from "@kvorum/proto";
import { type Channel, niceChannel } from "@kvorum/transport";
import { expect } from "vitest";
import { BUSY_MS_MAX, GROWTH_BYTES_MAX } from "../fuzz/oracle.js";
import type { Look } from "../fuzz/probe-main.js";
import { makeProbe, ProbedNode, type ProbedNodeOptions } from "../fuzz/probed-node.js";

/** More than a connection that is closing just now. */
const FILES_MORE_MAX = 16;
const SETTLE_MS_MAX = 20_000;

export class AttackedNode implements AsyncDisposable {
  readonly node: ProbedNode;
  readonly channel: Channel;
  readonly #removeProbe: () => void;
  #before: Look;

  private constructor(node: ProbedNode, channel: Channel, before: Look, removeProbe: () => void) {
    this.node = node;
    this.channel = channel;
    this.#before = before;
    this.#removeProbe = removeProbe;
  }

  static async start(options: ProbedNodeOptions = {}): Promise<AttackedNode> {
    const probe = await makeProbe();
    const node = await ProbedNode.start(probe, options);
    const channel = niceChannel(node.endpoint);
    // What is loaded at the first use is no growth.
    await channel.unary(KV.method.put, { key: Buffer.from("alive"), value: Buffer.from("yes") });
    return new AttackedNode(node, channel, await node.look(), () => probe.remove());
  }

  /** From here on is measured. */
  async begin(): Promise<void> {
    this.#before = await this.node.look();
  }

  /** It lives and serves, nothing stood still for long, nothing has grown, and what the attackers had open is closed. */
  async unharmed(): Promise<void> {
    expect(this.node.death).toBeUndefined();
    const { kvs } = await this.channel.unary(KV.method.range, { key: Buffer.from("alive") });
    expect(Buffer.from(kvs[0]?.value ?? []).toString()).toBe("yes");
    let look = await this.node.look();
    let { busyMs } = look;
    const endMs = performance.now() + SETTLE_MS_MAX;
    while (look.files > this.#before.files + FILES_MORE_MAX && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      look = await this.node.look();
      busyMs = Math.max(busyMs, look.busyMs);
    }
    expect(look.files, "open files").toBeLessThanOrEqual(this.#before.files + FILES_MORE_MAX);
    expect(look.heapBytes - this.#before.heapBytes, "growth in bytes").toBeLessThan(GROWTH_BYTES_MAX);
    expect(busyMs, "milliseconds of one turn").toBeLessThan(BUSY_MS_MAX);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.channel.close();
    await this.node[Symbol.asyncDispose]();
    this.#removeProbe();
  }
}
