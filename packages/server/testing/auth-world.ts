/** Users to try things on: a store of them alone, and one with roles, permissions and leases to ask what they may do. */

import { AuthStore } from "../src/core/auth/auth-store.js";
import { Authorizer } from "../src/core/auth/authorize.js";
import type { AuthChange } from "../src/core/auth/command.js";
import type { TokenSink } from "../src/core/auth/token-sink.js";
import type { Identity, PermissionType } from "../src/core/auth/types.js";
import { stringBytes } from "../src/core/bytes.js";
import type { Operation } from "../src/core/mvcc/operations.js";
import { WriteBuffer } from "../src/core/mvcc/write-buffer.js";
import { MemoryBackend, MemoryStore } from "../src/io/backend/memory-backend.js";

/** What a token sink heard, as text. */
export class HeardTokens implements TokenSink {
  readonly heard: string[] = [];

  onToken(user: string, token: string, index: number): void {
    this.heard.push(`token of ${user}: ${token}.${index}`);
  }

  onUserInvalidated(user: string): void {
    this.heard.push(`void: ${user}`);
  }

  onAllInvalidated(): void {
    this.heard.push("void: all");
  }
}

export class OpenAuthStore {
  readonly #backend = new MemoryBackend(new MemoryStore());
  readonly tokens = new HeardTokens();
  #buffer = new WriteBuffer(this.#backend);
  store: AuthStore = new AuthStore(this.#buffer, this.tokens);

  apply(...changes: readonly AuthChange[]): void {
    for (const change of changes) this.store.apply(change);
  }

  /** The reason of the refusal, or "done". */
  outcome(change: AuthChange): string {
    try {
      this.store.apply(change);
      return "done";
    } catch (error) {
      return (error as { reason: string }).reason;
    }
  }

  /** From what was written, as a member that starts again does. */
  reopen(): AuthStore {
    const confState = { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
    this.#backend.commit(this.#buffer.take(), { index: 1, term: 1, confState });
    this.#buffer = new WriteBuffer(this.#backend);
    this.store = new AuthStore(this.#buffer, this.tokens);
    return this.store;
  }
}

export function addUser(name: string, passwordHash: string | undefined = "hash"): AuthChange {
  return { kind: "user-add", name, passwordHash };
}

export function grantRole(name: string, role: string): AuthChange {
  return { kind: "user-grant-role", name, role };
}

/** `end`: as in requests; `"\0"` is everything from the key on. */
export function permit(role: string, type: PermissionType, key: string, end = ""): AuthChange {
  const permission = { type, key: stringBytes(key), rangeEnd: stringBytes(end) };
  return { kind: "role-grant-permission", name: role, permission };
}

export function forbid(role: string, key: string, end = ""): AuthChange {
  return { kind: "role-revoke-permission", name: role, key: stringBytes(key), rangeEnd: stringBytes(end) };
}

/** User root, ready for enabling. */
export const ROOT_CHANGES: readonly AuthChange[] = [addUser("root"), grantRole("root", "root")];

export function identity(user: string, authRevision: bigint): Identity {
  return { user, authRevision };
}

export type Rule = readonly [type: PermissionType, key: string, end?: string];

/** Ann with one role for each of these lists of permissions, Bob without a role, and root; leases by id with their keys. */
export class World {
  readonly opened = new OpenAuthStore();
  readonly leases = new Map<bigint, readonly string[]>();
  readonly authorizer = new Authorizer(() => ({
    auth: this.opened.store,
    lessor: { keysOf: (id) => this.leases.get(id) ?? [] },
  }));

  constructor(...roles: readonly (readonly Rule[])[]) {
    this.opened.apply(...ROOT_CHANGES, addUser("ann"), addUser("bob"));
    roles.forEach((rules, i) => {
      const name = `role${i}`;
      this.opened.apply({ kind: "role-add", name }, grantRole("ann", name));
      for (const [type, key, end = ""] of rules) this.opened.apply(permit(name, type, key, end));
    });
    this.opened.apply({ kind: "auth-enable" });
  }

  as(user: string): Identity {
    return identity(user, this.authorizer.revision);
  }

  /** The reason of the refusal, or "may". */
  verdict(check: (authorizer: Authorizer) => void): string {
    try {
      check(this.authorizer);
      return "may";
    } catch (error) {
      return (error as { reason: string }).reason;
    }
  }

  ann(operation: Operation): string {
    return this.verdict((authorizer) => authorizer.checkOperation(this.as("ann"), operation));
  }
}
