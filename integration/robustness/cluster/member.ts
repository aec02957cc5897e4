/** One member as a real process with a directory of its own: started, killed, paused, started again on its data or none. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Maintenance, type StatusResponse } from "@kvorum/proto";
import { type RunningProcess, startProcess } from "../../support/process.js";
import type { Program } from "./program.js";
import { eventually, withChannel } from "./rpc.js";

export interface MemberOptions {
  readonly program: Program;
  /** Flags that are the same for all members. */
  readonly flags: readonly string[];
  readonly prefix: readonly string[];
  /** 1, 2, …: its place in the network. */
  readonly number: number;
  readonly directory: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
}

export interface JoinOptions {
  /** `n1=http://…,n2=…`: the members as this one must know them when it starts without data. */
  readonly initialCluster: string;
  readonly initialState: "new" | "existing";
}

export class Member {
  readonly number: number;
  readonly name: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
  readonly dataDir: string;
  readonly #options: MemberOptions;
  #join: JoinOptions | undefined;
  #process: RunningProcess | undefined;
  #paused = false;
  #isToldToStop = false;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.number = options.number;
    this.name = `n${options.number}`;
    this.clientUrl = options.clientUrl;
    this.peerUrl = options.peerUrl;
    this.dataDir = join(options.directory, this.name);
  }

  /** A process that runs and is not paused. */
  get isUp(): boolean {
    return this.#process !== undefined && !this.#paused;
  }

  /** While a process exists. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** What the process has printed: for the message of a failure. */
  get output(): string {
    return this.#process?.output() ?? "(not running)";
  }

  /** The exit code or the signal of a process that has ended by itself and was not taken note of by `end()` or `kill()`. */
  get ended(): number | string | undefined {
    const child = this.#process?.child;
    return child?.exitCode ?? child?.signalCode ?? undefined;
  }

  /** Starts the process and returns at once; without `join` as the last time. */
  start(join?: JoinOptions): Promise<void> {
    return this.#start(join, "");
  }

  /** Starts one of our own with these failpoints armed, for this life only: the value of `KVORUM_FAILPOINTS`. */
  startArmed(failpoints: string): Promise<void> {
    return this.#start(undefined, failpoints);
  }

  /** Asks the process to end and does not wait for it. */
  terminate(): void {
    this.#isToldToStop = this.#process?.child.kill("SIGTERM") === true;
  }

  /** `terminate` was called in this life. */
  get isToldToStop(): boolean {
    return this.#isToldToStop;
  }

  async kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    const running = this.#process;
    // A paused process takes the signal to stop only once it goes on.
    if (this.#paused && signal !== "SIGKILL") this.resume();
    this.#process = undefined;
    this.#paused = false;
    await running?.stop(signal);
  }

  /** Waits until the process has ended by itself: its exit code, or the signal. Errors: when it has not after 15 s. */
  async end(): Promise<number | string> {
    if (this.#process === undefined) throw new Error(`${this.name} does not run`);
    const code = await eventually(`${this.name} ends`, 15_000, async () => this.ended);
    this.#process = undefined;
    return code;
  }

  /** SIGSTOP: the process does nothing, its connections stay. */
  pause(): void {
    this.#process?.child.kill("SIGSTOP");
    this.#paused = this.#process !== undefined;
  }

  resume(): void {
    this.#process?.child.kill("SIGCONT");
    this.#paused = false;
  }

  /** Removes the data of a member that does not run. */
  async wipe(): Promise<void> {
    if (this.#process !== undefined) throw new Error(`${this.name} still runs`);
    await rm(this.dataDir, { recursive: true, force: true });
  }

  /** The member's own view. Errors: `RpcError` when it does not answer within a second. */
  status(): Promise<StatusResponse> {
    return withChannel(this.clientUrl, (channel) => channel.unary(Maintenance.method.status, {}, { timeoutMs: 1_000 }));
  }

  /** Kills without waiting, when this process itself must go. */
  killNow(): void {
    this.#process?.child.kill("SIGKILL");
  }

  /** Throws with its last words when the process has ended by itself. */
  throwIfDead(): void {
    if (this.ended === undefined) return;
    throw new Error(`${this.name} has ended with ${this.ended}:\n${this.output.slice(-4_000)}`);
  }

  async #start(join: JoinOptions | undefined, failpoints: string): Promise<void> {
    if (this.#process !== undefined) throw new Error(`${this.name} runs already`);
    this.#join = join ?? this.#join;
    if (this.#join === undefined) throw new Error(`${this.name} does not know its cluster`);
    this.#isToldToStop = false;
    const { program, prefix, flags } = this.#options;
    const [command, ...args] = [...prefix, ...program.command] as [string, ...string[]];
    this.#process = await startProcess(command, [...args, ...this.#flags(this.#join), ...flags], {
      KVORUM_FAILPOINTS: failpoints,
    });
  }

  #flags({ initialCluster, initialState }: JoinOptions): string[] {
    return [
      ...["--name", this.name, "--data-dir", this.dataDir],
      ...["--listen-client-urls", this.clientUrl, "--advertise-client-urls", this.clientUrl],
      ...["--listen-peer-urls", this.peerUrl, "--initial-advertise-peer-urls", this.peerUrl],
      ...["--initial-cluster", initialCluster, "--initial-cluster-state", initialState],
      ...this.#options.program.flags,
    ];
  }
}
