/** The lines of `--write-out fields`: `"Name" : value`, strings and bytes as Go quotes them, numbers plain. */
import type { KeyValue, ResponseHeader } from "@kvorum/proto";
import { quote } from "./quote.js";
import type { Text } from "./text.js";

export type FieldValue = string | Uint8Array | number | bigint | boolean;

export function fieldLine(out: Text, name: string, value: FieldValue): void {
  const shown = typeof value === "string" || value instanceof Uint8Array ? quote(value) : String(value);
  out.line(`${quote(name)} : ${shown}`);
}

export function headerFields(out: Text, header: ResponseHeader | undefined): void {
  fieldLine(out, "ClusterID", header?.clusterId ?? 0n);
  fieldLine(out, "MemberID", header?.memberId ?? 0n);
  fieldLine(out, "Revision", header?.revision ?? 0n);
  fieldLine(out, "RaftTerm", header?.raftTerm ?? 0n);
}

/** @param prefix `Prev` for a pair that was replaced. */
export function keyValueFields(out: Text, pair: KeyValue, prefix = ""): void {
  fieldLine(out, `${prefix}Key`, pair.key);
  fieldLine(out, `${prefix}CreateRevision`, pair.createRevision);
  fieldLine(out, `${prefix}ModRevision`, pair.modRevision);
  fieldLine(out, `${prefix}Version`, pair.version);
  fieldLine(out, `${prefix}Value`, pair.value);
  fieldLine(out, `${prefix}Lease`, pair.lease);
}
