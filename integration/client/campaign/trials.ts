/**
 * The calls whose answers are lost, each with a way to tell from the store how often it was applied: every put of a key raises
 * its version by one.
 */
import { type Client, compare, op, prefix, type WriteCallOptions } from "@kvorum/client";

/** The keys of one attempt, and what was written there before. */
export interface Place {
  readonly space: string;
  /** The revision at which `<space>a` was written; 0 where it was not. */
  readonly revision: bigint;
}

export interface Trial {
  readonly name: string;
  /** Is `<space>a` there before, at version 1 with the value `given`? */
  readonly given?: boolean;
  /** Resolves with whether the answer says what it must. */
  run(client: Client, place: Place, options?: WriteCallOptions): Promise<boolean>;
  /** How often it took effect. */
  applied(direct: Client, space: string): Promise<number>;
}

/** Puts of `<space><key>` since it was there at version `before`. */
const puts = (key: string, before: number) => async (direct: Client, space: string) =>
  Math.max(0, Number((await direct.get(`${space}${key}`))?.version ?? 0n) - before);

/** Whether a key was deleted twice cannot be seen; but who deletes twice gets an answer, and must have none. */
const gone = async (direct: Client, space: string): Promise<number> => 1 - Number(await direct.count(`${space}a`));

export const writes: readonly [Trial, ...Trial[]] = [
  {
    name: "put",
    run: async (client, { space }, options) => (await client.put(`${space}a`, "1", options)).header.revision > 0n,
    applied: puts("a", 0),
  },
  {
    name: "put that tells what was there",
    given: true,
    run: async (client, { space }, options) =>
      (await client.put(`${space}a`, "1", { ...options, prevKv: true })).prev?.value === "given",
    applied: puts("a", 1),
  },
  {
    name: "delete",
    given: true,
    run: async (client, { space }, options) => (await client.delete(prefix(space), options)).deleted === 1n,
    applied: gone,
  },
  {
    name: "create",
    run: async (client, { space }, options) => (await client.create(`${space}a`, "1", options)).ok,
    applied: puts("a", 0),
  },
  {
    name: "compare and set",
    given: true,
    run: async (client, { space, revision }, options) =>
      (await client.compareAndSet(`${space}a`, revision, "2", options)).ok,
    applied: puts("a", 1),
  },
  {
    name: "compare and delete",
    given: true,
    run: async (client, { space, revision }, options) =>
      (await client.compareAndDelete(`${space}a`, revision, options)).ok,
    applied: gone,
  },
  {
    name: "txn that appends",
    given: true,
    run: async (client, { space, revision }, options) => {
      const then = [op.put(`${space}a`, "given, more"), op.put(`${space}b`, "1"), op.get(`${space}a`)] as const;
      const result = await client.txn({ if: [compare.modRevision(`${space}a`).eq(revision)], then }, options);
      return result.succeeded && result.responses[2]?.value === "given, more";
    },
    applied: async (direct, space) => {
      const [first, second] = [await puts("a", 1)(direct, space), await puts("b", 0)(direct, space)];
      return first === second ? first : Number.NaN;
    },
  },
  {
    name: "txn without a condition",
    run: async (client, { space }, options) =>
      (await client.txn({ then: [op.txn({ then: [op.put(`${space}a`, "1")] })] }, options)).succeeded,
    applied: puts("a", 0),
  },
];

const nothing = async (): Promise<number> => 0;

/** What may be asked again, and therefore must be answered whatever is lost. */
export const repeatable: readonly [Trial, ...Trial[]] = [
  {
    name: "get",
    given: true,
    run: async (client, { space }) => (await client.get(`${space}a`))?.value === "given",
    applied: nothing,
  },
  {
    name: "list",
    given: true,
    run: async (client, { space }) => (await client.list(prefix(space))).kvs.length === 1,
    applied: nothing,
  },
  {
    name: "txn that only reads",
    given: true,
    run: async (client, { space }) =>
      (await client.txn({ then: [op.get(`${space}a`)] })).responses[0]?.value === "given",
    applied: nothing,
  },
];
