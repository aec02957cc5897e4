/** The generated codec, with messages as they travel under load. */
import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import {
  decodeMessage,
  encodeMessage,
  PutRequestSchema,
  RangeResponseSchema,
  WatchResponseSchema,
} from "@kvorum/proto";
import type { Micro } from "./micro.js";

const ROUNDS = 1_000;
const VALUE = new Uint8Array(256).fill(7);

const kv = (i: number) => ({
  key: new TextEncoder().encode(`bench/key-${i}`),
  value: VALUE,
  createRevision: BigInt(i + 2),
  modRevision: BigInt(i + 2),
  version: 1n,
});
const header = { clusterId: 7n, memberId: 9n, revision: 1_000_000n, raftTerm: 3n };

export function* codecs(): Generator<Micro> {
  const kvs = Array.from({ length: 1_000 }, (_, i) => kv(i));
  const range = create(RangeResponseSchema, { header, kvs, count: 1_000n });
  yield* bothWays("RangeResponse of 1,000 keys", RangeResponseSchema, range, ROUNDS / 100);
  const { key, value } = kv(1);
  yield* bothWays("PutRequest", PutRequestSchema, create(PutRequestSchema, { key, value }), ROUNDS);
  const watch = create(WatchResponseSchema, { header, watchId: 1n, events: [{ kv: kv(1) }] });
  yield* bothWays("WatchResponse of 1 event", WatchResponseSchema, watch, ROUNDS);
}

function* bothWays<D extends DescMessage>(
  title: string,
  schema: D,
  message: MessageShape<D>,
  rounds: number,
): Generator<Micro> {
  const bytes = encodeMessage(schema, message);
  yield {
    name: `codec: ${title} encoded`,
    run: () => {
      for (let i = 0; i < rounds; i++) encodeMessage(schema, message);
      return rounds;
    },
  };
  yield {
    name: `codec: ${title} decoded`,
    run: () => {
      for (let i = 0; i < rounds; i++) decodeMessage(schema, bytes);
      return rounds;
    },
  };
}
