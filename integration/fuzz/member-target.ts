/**
 * What members say to each other, said by a stranger: calls of the peer service with this cluster's ids or others, and
 * messages that are made and then spoilt. Who knows the ids and speaks flawless Raft is a member in all but name, so what
 * comes behind a right handshake is spoilt always.
 */

import { create, toBinary } from "@bufbuild/protobuf";
import { Peer, PeerFrameSchema, PeerHandshakeSchema } from "@kvorum/proto";
import { CallStage } from "./call-stage.js";
import type { Chance } from "./chance.js";
import { MessageMaker } from "./message-maker.js";
import { mutated } from "./mutate.js";
import { framed, RawCaller } from "./raw-caller.js";
import { type Input, mistakeIn, type Stage, type Target } from "./target.js";

const TIMEOUT_MS = 300;
const METHODS = Peer.methods;
const PEER_FORMAT = 1;
const STRANGER = 77n;

class MemberStage implements Stage {
  readonly #calls: CallStage;
  readonly raw: RawCaller;

  constructor(calls: CallStage) {
    this.#calls = calls;
    this.raw = new RawCaller(`http://127.0.0.1:${calls.node.peerPort}`);
  }

  get nodes(): CallStage["nodes"] {
    return this.#calls.nodes;
  }

  get ids(): readonly bigint[] {
    return this.#calls.ids;
  }

  harmed(): Promise<string | undefined> {
    return this.#calls.harmed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.raw.close();
    await this.#calls[Symbol.asyncDispose]();
  }
}

export const memberTargets: readonly Target<MemberStage>[] = [
  {
    name: "messages of members",
    batch: { inputs: 150, lanes: 8 },
    open: async (probe) => new MemberStage(await CallStage.open(probe, ["nobody", "user"])),
    make: (chance, { ids }) => (chance.chance(0.5) ? strangerOf(chance, ids) : greetedOf(chance, ids)),
  },
];

/** Any method, any message: without a right handshake at its beginning nothing is believed. */
function strangerOf(chance: Chance, ids: readonly bigint[]): Said {
  const method = chance.pick(METHODS);
  const maker = new MessageMaker(chance, {
    keys: ["a"],
    names: ["http://127.0.0.1:1"],
    ids: [0n, 1n, STRANGER, ...ids.slice(2)],
  });
  const parts = Array.from({ length: chance.between(0, 4) }, () => {
    const message = maker.make(method.input);
    return framed(chance.chance(0.7) ? message : mutated(message, chance));
  });
  return new Said(method.name, parts);
}

/** A right handshake, and then bytes that are nearly a message. */
function greetedOf(chance: Chance, [clusterId = 0n, to = 0n]: readonly bigint[]): Said {
  const value = create(PeerHandshakeSchema, { format: PEER_FORMAT, clusterId, to, from: STRANGER });
  const greeting = toBinary(PeerFrameSchema, create(PeerFrameSchema, { frame: { case: "handshake", value } }));
  const maker = new MessageMaker(chance, { keys: ["a"], names: ["x"], ids: [0n, 1n, to, STRANGER] });
  // Half of a message can be read as a whole one, but its end is no field.
  const spoilt = (): Buffer => framed(Buffer.concat([mutated(maker.make(PeerFrameSchema), chance), Buffer.of(0xff)]));
  return new Said("Exchange", [framed(greeting), ...Array.from({ length: chance.between(1, 4) }, spoilt)]);
}

class Said implements Input<MemberStage> {
  readonly #method: string;
  readonly #parts: readonly Buffer[];

  constructor(method: string, parts: readonly Buffer[]) {
    this.#method = method;
    this.#parts = parts;
  }

  show(): string {
    return `${this.#method} of a member with ${this.#parts.map((part) => part.toString("hex")).join(" ")}`;
  }

  async play({ raw }: MemberStage): Promise<string | undefined> {
    const path = `/${Peer.typeName}/${this.#method}`;
    const outcome = await raw.call({ path, parts: this.#parts, timeoutMs: TIMEOUT_MS });
    return outcome.kind === "status" ? mistakeIn(outcome.message) : undefined;
  }

  smaller(): readonly Said[] {
    return this.#parts.map((_, i) => new Said(this.#method, this.#parts.toSpliced(i, 1)));
  }
}
