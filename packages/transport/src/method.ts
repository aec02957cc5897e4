/**
 * What the port calls a method: a protobuf-es method descriptor, narrowed by its kind so that a unary method cannot be
 * called as a stream. Take them from the generated services: `KV.method.range`, `Watch.method.watch`.
 */
import type { DescMessage, DescMethod } from "@bufbuild/protobuf";

export type MethodKind = "unary" | "server_streaming" | "client_streaming" | "bidi_streaming";

export type Method<Kind extends MethodKind, I extends DescMessage, O extends DescMessage> = DescMethod & {
  readonly methodKind: Kind;
  readonly input: I;
  readonly output: O;
};

export type UnaryMethod<I extends DescMessage, O extends DescMessage> = Method<"unary", I, O>;

export type StreamMethod<I extends DescMessage, O extends DescMessage> = Method<
  "server_streaming" | "client_streaming" | "bidi_streaming",
  I,
  O
>;

/** The gRPC path of a method, as it stands in the `:path` header: `/etcdserverpb.KV/Range`. */
export function methodPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}
