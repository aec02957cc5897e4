/** Calls of every method of every service with messages of every kind: by anybody, by nobody, by a user, by root. */
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Auth, Cluster, Election, Health, KV, Lease, Lock, Maintenance, Watch } from "@kvorum/proto";
import { type Caller, CallStage, KNOWN_KEY } from "./call-stage.js";
import type { Chance } from "./chance.js";
import { MessageMaker } from "./message-maker.js";
import { mutated, shorter } from "./mutate.js";
import { framed, type Outcome } from "./raw-caller.js";
import { type Input, mistakeIn, type Target } from "./target.js";

const SERVICES: readonly DescService[] = [KV, Watch, Lease, Cluster, Maintenance, Auth, Lock, Election, Health];
const METHODS: readonly DescMethod[] = SERVICES.flatMap(({ methods }) => methods);
/** After one of these a node is another one for everybody: rare, so that not every batch ends its stage. */
const RARE: ReadonlySet<string> = new Set(["AuthEnable", "AuthDisable", "MemberAdd", "MemberRemove", "MemberUpdate"]);
const RARE_SHARE = 0.1;

/** What a client gives a call, and how long the fuzzer waits for the answer to one that has to come. */
const DEADLINE = "3S";
const STREAM_MS_MAX = 250;
const SILENT_MS_MAX = 30_000;
const CODE_MAX = 16;

const KEYS = [KNOWN_KEY, "user/a", "user/b", "user/", "user0", "a", "b", "c", "z", "\xff"];
const NAMES = ["root", "user", "new", "user/a", "election", "3.5.0"];

interface CallInput {
  readonly method: DescMethod;
  readonly caller: Caller;
  readonly parts: readonly Buffer[];
  readonly end: boolean;
}

function target(name: string, callers: readonly Caller[]): Target<CallStage> {
  return {
    name: `calls by ${name}`,
    batch: { inputs: 250, lanes: 8 },
    open: (probe) => CallStage.open(probe, callers),
    make: (chance, { ids }) => new Call(callOf(chance, ids, callers)),
  };
}

export const callTargets: readonly Target<CallStage>[] = [
  target("anybody", ["anybody"]),
  target("nobody and a user", ["nobody", "user"]),
  target("root", ["root"]),
];

function callOf(chance: Chance, own: readonly bigint[], callers: readonly Caller[]): CallInput {
  let method = chance.pick(METHODS);
  while (RARE.has(method.name) && !chance.chance(RARE_SHARE)) method = chance.pick(METHODS);
  const maker = new MessageMaker(chance, { keys: KEYS, names: NAMES, ids: [...own, 0n, 1n, 7n, -1n] });
  const times = method.methodKind === "unary" || chance.chance(0.5) ? 1 : chance.between(0, 6);
  const parts = Array.from({ length: times }, () => partOf(chance, maker.make(method.input)));
  return { method, caller: chance.pick(callers), parts, end: method.methodKind === "unary" || chance.chance(0.5) };
}

/** Mostly a message in its frame; sometimes with mistakes in either, and rarely no frame at all. */
function partOf(chance: Chance, message: Buffer): Buffer {
  if (chance.chance(0.7)) return framed(message);
  if (chance.chance(0.7)) return framed(mutated(message, chance));
  if (chance.chance(0.5)) return mutated(framed(message), chance);
  return framed(message, chance.pick([0, 1, 2, 255]), chance.pick([0, message.length + 1, 2 ** 31, 2 ** 32 - 1]));
}

class Call implements Input<CallStage> {
  readonly #call: CallInput;

  constructor(call: CallInput) {
    this.#call = call;
  }

  show(): string {
    const { method, caller, parts, end } = this.#call;
    const bytes = parts.map((part) => part.toString("hex")).join(" ");
    return `${caller} calls ${pathOf(method)} with ${bytes}${end ? "" : ", and does not end"}`;
  }

  async play({ raw, tokens }: CallStage): Promise<string | undefined> {
    const { method, caller, parts, end } = this.#call;
    const token = tokens[caller];
    const unary = method.methodKind === "unary";
    const headers = { "grpc-timeout": DEADLINE, ...(token !== undefined && { token }) };
    const timeoutMs = unary ? SILENT_MS_MAX : STREAM_MS_MAX;
    const outcome = await raw.call({ path: pathOf(method), parts, end, headers, timeoutMs });
    return wrongIn(outcome, unary);
  }

  smaller(): readonly Call[] {
    const call = this.#call;
    const [first = Buffer.alloc(0), ...others] = call.parts;
    if (others.length > 0) return call.parts.map((_, i) => new Call({ ...call, parts: call.parts.toSpliced(i, 1) }));
    return shorter(first.subarray(5)).map((message) => new Call({ ...call, parts: [framed(message)] }));
  }
}

function wrongIn(outcome: Outcome, unary: boolean): string | undefined {
  if (outcome.kind === "silent") return unary ? `no answer in ${SILENT_MS_MAX} ms` : undefined;
  // A frame that lies about its length, and a connection that others have spoilt, have no status.
  if (outcome.kind !== "status") return undefined;
  const { code, message } = outcome;
  if (!(Number.isInteger(code) && code >= 0 && code <= CODE_MAX)) return `the status is ${code}`;
  return mistakeIn(message);
}

function pathOf({ parent, name }: DescMethod): string {
  return `/${parent.typeName}/${name}`;
}
