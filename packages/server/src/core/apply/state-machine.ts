/**
 * The replicated state machine: store, leases, members, users, alarms and cluster version, changed only by entries of the
 * log, in their order. The same entries leave the same state on every member; no clock, setting or chance has a part in it
 * (`nowMs` serves only the deadlines of leases, which are the leader's private hint).
 *
 * The law of the applied index: the effects of an entry and "applied up to it" stand in one backend transaction. So every
 * part writes to one buffer, and `commit` hands the buffer over together with the mark. An entry without effect moves the
 * mark too, and after a restart whatever lies below the mark is skipped for every part alike.
 *
 * Read next: `command.ts` (what an entry asks), `membership.ts`, `alarms.ts`, `space.ts`, `../auth/auth-store.ts`.
 */
import { AuthStore } from "../auth/auth-store.js";
import type { AuthView } from "../auth/auth-view.js";
import { Authorizer } from "../auth/authorize.js";
import type { TokenSink } from "../auth/token-sink.js";
import type { Identity } from "../auth/types.js";
import type { Allocate } from "../bytes.js";
import { ServerError, type ServerErrorName } from "../errors.js";
import { invariant } from "../invariant.js";
import { Lessor, type LessorOptions } from "../lease/lessor.js";
import type { AppliedAt, Backend, ConfState } from "../mvcc/backend.js";
import { Store } from "../mvcc/store.js";
import { WriteBuffer } from "../mvcc/write-buffer.js";
import { WatchHub, type WatchHubOptions } from "../watch/hub.js";
import { Alarms } from "./alarms.js";
import { checkCommand } from "./check-command.js";
import { ClusterVersion } from "./cluster-version.js";
import type { Alarm, Command, CommandResult, ConfChange, Member } from "./command.js";
import { Downgrade } from "./downgrade.js";
import { Membership } from "./membership.js";
import { spaceCost } from "./space.js";

/** Revisions that one `compactStep` removes, if nothing else is asked for (etcd's batch). */
export const COMPACTION_BATCH_REVISIONS = 1000;

export interface StateMachineOptions {
  readonly backend: Backend;
  readonly lessor: LessorOptions;
  readonly watch?: WatchHubOptions;
  /** Revisions that one `compactStep` removes. Default 1000. */
  readonly compactionBatch?: number;
  /** Told of tokens that the log gives and takes away. Default: nobody keeps any. */
  readonly tokens?: TokenSink | undefined;
  /** See `StoreOptions`. */
  readonly allocate?: Allocate | undefined;
}

/** An entry of the log, decoded. One with neither part is the no-op of a new leader. */
export interface AppliedEntry {
  readonly index: number;
  readonly term: number;
  readonly command?: Command;
  /** Who asked for the command; undefined for the node itself, and while authentication is off. */
  readonly identity?: Identity | undefined;
  readonly confChange?: ConfChange;
}

/** Everything that is read back from the backend. */
interface Parts {
  readonly buffer: WriteBuffer;
  readonly store: Store;
  readonly lessor: Lessor;
  readonly membership: Membership;
  readonly alarms: Alarms;
  readonly clusterVersion: ClusterVersion;
  readonly downgrade: Downgrade;
  readonly auth: AuthStore;
}

export class StateMachine {
  readonly watch: WatchHub;
  /** Users and permissions; stays valid when a snapshot replaces the state. */
  readonly auth: AuthView;
  readonly #backend: Backend;
  readonly #options: StateMachineOptions;
  #parts: Parts;
  #appliedIndex: number;
  #appliedTerm: number;

  private constructor(options: StateMachineOptions) {
    this.#backend = options.backend;
    this.#options = options;
    const { index, term } = options.backend.appliedAt();
    this.#appliedIndex = index;
    this.#appliedTerm = term;
    this.#parts = restore(options);
    this.watch = new WatchHub(this.#parts.store, options.watch);
    this.auth = new Authorizer(() => this.#parts);
  }

  /** Restores the state as of the backend's last commit. Entries behind its mark are to be applied again. */
  static open(options: StateMachineOptions): StateMachine {
    return new StateMachine(options);
  }

  get store(): Store {
    return this.#parts.store;
  }

  get lessor(): Lessor {
    return this.#parts.lessor;
  }

  get members(): readonly Member[] {
    return this.#parts.membership.members;
  }

  get membership(): Membership {
    return this.#parts.membership;
  }

  get alarms(): readonly Alarm[] {
    return this.#parts.alarms.active;
  }

  /** `MAJOR.MINOR.PATCH`; undefined until the leader has decided one. */
  get clusterVersion(): string | undefined {
    return this.#parts.clusterVersion.value;
  }

  /** `MAJOR.MINOR.0` that the cluster is to go back to; undefined when no downgrade runs. */
  get downgradeTarget(): string | undefined {
    return this.#parts.downgrade.target;
  }

  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  get appliedTerm(): number {
    return this.#appliedTerm;
  }

  get confState(): ConfState {
    return this.#parts.membership.confState;
  }

  get appliedAt(): AppliedAt {
    return { index: this.#appliedIndex, term: this.#appliedTerm, confState: this.confState };
  }

  /** Changes and bytes that wait for the next commit. */
  get uncommitted(): { readonly changes: number; readonly bytes: number } {
    const { size, bytes } = this.#parts.buffer;
    return { changes: size, bytes };
  }

  /**
   * Applies the next entry and tells the watchers. Returns its answer; a `ServerError` means that it had no effect, and
   * undefined is the answer of the no-op. Anything thrown is a broken invariant.
   */
  apply(entry: AppliedEntry, nowMs: number): CommandResult | ServerError | undefined {
    const expected = this.#appliedIndex + 1;
    invariant(entry.index === expected, `entry ${entry.index} is applied where ${expected} is due`);
    invariant(
      entry.term >= this.#appliedTerm,
      `entry ${entry.index} is of term ${entry.term}, older than the last one`,
    );
    const answer = this.#answer(entry, nowMs);
    this.#appliedIndex = entry.index;
    this.#appliedTerm = entry.term;
    const { store } = this.#parts;
    const events = store.takeEvents();
    invariant(
      events.length === 0 || !(answer instanceof ServerError),
      `entry ${entry.index} failed after it had written`,
    );
    if (events.length > 0) this.watch.notify(store.currentRevision, events);
    return answer;
  }

  /** Makes everything applied so far one transaction of the backend, with the mark that says how far that is. */
  commit(): AppliedAt {
    const at = this.appliedAt;
    this.#backend.commit(this.#parts.buffer.take(), at);
    return at;
  }

  /** Removes some of what a compaction gave up; true when nothing is left to remove. */
  compactStep(): boolean {
    return this.#parts.store.compactStep(this.#options.compactionBatch ?? COMPACTION_BATCH_REVISIONS);
  }

  /**
   * Takes up the backend's content after a snapshot replaced it: what was applied but not committed is dropped, watchers
   * go on from where each of them is.
   */
  reload(): void {
    const { index, term } = this.#backend.appliedAt();
    invariant(
      index >= this.#appliedIndex,
      `a snapshot of index ${index} would undo entries up to ${this.#appliedIndex}`,
    );
    this.#appliedIndex = index;
    this.#appliedTerm = term;
    const { revision } = this.#parts.auth;
    this.#parts = restore(this.#options);
    // Which tokens lost their worth in between, nobody knows any more; where nothing has changed, none did.
    if (this.#parts.auth.revision !== revision) this.#options.tokens?.onAllInvalidated();
    this.watch.reset(this.#parts.store);
  }

  #answer(entry: AppliedEntry, nowMs: number): CommandResult | ServerError | undefined {
    try {
      if (entry.confChange !== undefined) {
        this.#parts.membership.apply(entry.confChange);
        return this.#done();
      }
      return entry.command === undefined ? undefined : this.#execute(entry.command, entry, nowMs);
    } catch (error) {
      if (error instanceof ServerError) return error;
      throw error;
    }
  }

  #execute(command: Command, { index, term, identity }: AppliedEntry, nowMs: number): CommandResult {
    const refusal = this.#refusal(command);
    if (refusal !== undefined) throw new ServerError(refusal);
    const { store, lessor, membership, clusterVersion, auth } = this.#parts;
    if (auth.enabled) checkCommand(this.auth, identity, command);
    switch (command.kind) {
      case "put":
        return store.put(command);
      case "delete-range":
        return store.deleteRange(command);
      case "txn":
        return store.txn(command);
      case "compaction":
        store.compact(command.revision);
        return { kind: "compaction", revision: store.currentRevision };
      case "lease-grant":
        lessor.grant(command.id, command.ttlSeconds, nowMs);
        return { ...command, revision: store.currentRevision };
      case "lease-revoke":
        if (isOfAnotherTerm(command, term)) throw new ServerError("leaderChanged");
        return this.#revoke(command.id);
      case "lease-checkpoint":
        if (isOfAnotherTerm(command, term)) throw new ServerError("leaderChanged");
        for (const checkpoint of command.checkpoints) lessor.checkpoint(checkpoint, nowMs);
        return this.#done();
      case "member-attributes":
        membership.publish(command.memberId, command.name, command.clientUrls);
        return this.#done();
      case "alarm":
        return { kind: "alarm", alarms: this.#alarm(command), revision: store.currentRevision };
      case "cluster-version":
        clusterVersion.set(command.version);
        return this.#done();
      case "downgrade":
        this.#parts.downgrade.set(command.target);
        return this.#done();
      case "authenticate":
        auth.authenticate(command, index);
        return { kind: "authenticate", index, authRevision: auth.revision, revision: store.currentRevision };
      default:
        auth.apply(command);
        return this.#done();
    }
  }

  /** Alarms stop writes: corrupt data all of them, lack of space those that need some. */
  #refusal(command: Command): ServerErrorName | undefined {
    const { alarms } = this.#parts;
    if (alarms.has("corrupt") && REFUSED_WHEN_CORRUPT.has(command.kind)) return "corrupt";
    return alarms.has("no-space") && spaceCost(command) > 0 ? "noSpace" : undefined;
  }

  /** The lease and all its keys go in one revision. */
  #revoke(id: bigint): CommandResult {
    const { store, lessor } = this.#parts;
    store.deleteKeys(lessor.revoke(id));
    return { kind: "lease-revoke", revision: store.currentRevision };
  }

  #alarm(command: Extract<Command, { kind: "alarm" }>): readonly Alarm[] {
    const { alarms } = this.#parts;
    const { action, alarm, memberId } = command;
    if (action === "get") return alarms.list(alarm);
    return action === "activate" ? alarms.activate({ memberId, alarm }) : alarms.deactivate({ memberId, alarm });
  }

  #done(): CommandResult {
    return { kind: "done", revision: this.#parts.store.currentRevision };
  }
}

/**
 * What a leader has seen of leases is true under its lead. Of one that lost its office while its proposal waited, the
 * successor may have put the expiry off: then the terms differ and nothing happens (etcd issues 12528, 15247).
 */
function isOfAnotherTerm({ leaderTerm }: { readonly leaderTerm: number }, entryTerm: number): boolean {
  return leaderTerm !== 0 && leaderTerm !== entryTerm;
}

const REFUSED_WHEN_CORRUPT: ReadonlySet<Command["kind"]> = new Set([
  "put",
  "delete-range",
  "txn",
  "compaction",
  "lease-grant",
  "lease-revoke",
]);

/** Leases come before the store, whose keys attach to them again. */
function restore(options: StateMachineOptions): Parts {
  const buffer = new WriteBuffer(options.backend);
  const lessor = new Lessor(buffer, options.lessor);
  const store = Store.open({ buffer, leases: lessor, allocate: options.allocate });
  const membership = new Membership(buffer);
  const { index, confState } = options.backend.appliedAt();
  invariant(
    index === 0 || sameMembers(confState, membership.confState),
    `the members in the backend are not those of its mark at index ${index}`,
  );
  return {
    ...{
      buffer,
      store,
      lessor,
      membership,
      alarms: new Alarms(buffer),
      clusterVersion: new ClusterVersion(buffer),
      downgrade: new Downgrade(buffer),
    },
    auth: new AuthStore(buffer, options.tokens),
  };
}

function sameMembers(a: ConfState, b: ConfState): boolean {
  const ids = ({ voters, learners }: ConfState): string => `${[...voters].sort()} ${[...learners].sort()}`;
  return ids(a) === ids(b);
}
