/** What a test sees of its cluster: read this file first, then `test-cluster.ts`, which joins the parts. */
import type { Client, ClientOptions } from "../client.js";
import type { BigIntLike, LeaseRef } from "../options.js";
import type { Disturbance, TestCall } from "./disturbances.js";
import type { TimeMode } from "./virtual-time.js";

export interface TestClusterOptions {
  /** Members, 1 to 7, called `n1`, `n2`, … Default 3. */
  readonly size?: number;
  /** Decides everything that chance decides. The same calls in the same order on the same seed are the same run. Default 1. */
  readonly seed?: number;
  /**
   * - `auto`: time passes by itself while a call waits for its answer and until what it set off has arrived; nothing that
   *   is due later happens before `advance`. The default.
   * - `manual`: time passes only during the methods of the cluster that return a promise.
   */
  readonly time?: TimeMode;
}

/** As for `createClient`; endpoints and transport are the cluster's, and `syncMembers` is off unless it is asked for. */
export interface TestClientOptions extends Omit<ClientOptions, "endpoints" | "transport" | "tls"> {
  /** What partitions, delays and disturbances call it. Default `client-1`, `client-2`, … */
  readonly name?: string;
  /** The members that it knows. Default: all. */
  readonly members?: readonly string[];
}

/** A member or a client, by its name; a client also as itself. */
export type Participant = string | Client;

export interface TestMember {
  readonly name: string;
  /** Undefined while the member is down. */
  readonly id: bigint | undefined;
  /** Its endpoint, for the `endpoint` option of a call. */
  readonly endpoint: string;
  readonly state: "running" | "paused" | "crashed";
  /** By its own account: one that is cut off may think so for another second. */
  readonly isLeader: boolean;
}

export interface UntilOptions {
  /** Milliseconds of the cluster's time. Default 60,000. */
  readonly within?: number;
}

/**
 * A cluster of Kvorum nodes in this process, on simulated disks and networks and in virtual time. Methods that return a promise
 * let time pass until it settles. Names that nobody has are a `TypeError`. Disposing closes.
 */
export interface TestCluster extends AsyncDisposable {
  /** Milliseconds that have passed in the cluster since it began. */
  readonly now: number;
  readonly members: readonly TestMember[];
  /** The name of the member that leads, if one does. */
  readonly leader: string | undefined;
  /** Equal for two runs exactly when the same happened at the same times in both. */
  readonly fingerprint: string;

  /** A client as `createClient` makes it, whose connections and clock are the cluster's. Closed with the cluster. */
  client(options?: TestClientOptions): Client;

  /** Lets so many milliseconds pass, at once. Timers of members and clients fire in their order, each at its time. */
  advance(ms: number): Promise<void>;
  /** Resolves when so many milliseconds have passed; lets none pass itself. For code that waits, beside the clients. */
  sleep(ms: number): Promise<void>;
  /**
   * Lets time pass until the promise settles, or until the condition holds (asked every 10 ms), and resolves with its result.
   *
   * Errors: the promise's, the condition's; an error when it takes longer than `within`.
   */
  until<T>(what: Promise<T> | (() => T | Promise<T>), options?: UntilOptions): Promise<T>;

  /**
   * Nothing passes between participants of different groups any more. Who is in no group is cut off from nobody. A single
   * group is cut off from everybody else. Adds to earlier partitions.
   */
  partition(...groups: readonly (readonly Participant[])[]): void;
  /** Messages between clients and members take so many milliseconds longer; given participants, only to and from them. */
  delay(ms: number, ...who: readonly Participant[]): void;
  /** Breaks the connections of clients once: all of them, or those to and from the participants. */
  cutConnections(...who: readonly Participant[]): void;
  /**
   * The next calls (a number, default 1), or those that the test picks until `heal`, are carried out, and the answer is lost with
   * the connection. The answer of this method ends it.
   */
  dropReplies(which?: number | ((call: TestCall) => boolean)): () => void;
  /** Puts a hook around every call of every client; the last one outermost. The answer takes it away. */
  disturb(hook: Disturbance): () => void;
  /** Ends partitions, delays, dropped replies and disturbances. Members that are down or paused stay so. */
  heal(): void;

  /** Cuts a member's power: the process ends at once, what it had not synced is lost. */
  crash(member: string): Promise<void>;
  /** Starts a member that is down; resolves when it has read its disk. It may still have to find the others. */
  restart(member: string): Promise<void>;
  /** A member or a client stands still, as during a long collection of garbage: its timers and what reaches it wait. */
  pause(who: Participant): void;
  resume(who: Participant): void;

  /** Forgets the history before a revision (default: the present one) and resolves with it. */
  compact(revision?: BigIntLike): Promise<bigint>;
  /** Ends a lease as if its time were over: its keys go, its holder hears of it with the next keepalive. */
  expireLease(lease: LeaseRef): Promise<void>;

  /** Closes every client and ends every member. Idempotent. Errors: that a member had ended by itself before. */
  close(): Promise<void>;
}
