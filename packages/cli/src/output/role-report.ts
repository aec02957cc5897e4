/** A role and what it allows: the same for `role get` and for the roles of `user get --detail`. */
import { prefix } from "@kvorum/client";
import { type AuthRoleGetResponse, AuthRoleGetResponseSchema, type Permission, Permission_Type } from "@kvorum/proto";
import { fieldLine, headerFields } from "./fields.js";
import { messageReport, type Report } from "./report.js";
import { Text } from "./text.js";

const WRITES: ReadonlySet<Permission_Type> = new Set([Permission_Type.WRITE, Permission_Type.READWRITE]);
const READS: ReadonlySet<Permission_Type> = new Set([Permission_Type.READ, Permission_Type.READWRITE]);

export function roleReport(name: string, answer: AuthRoleGetResponse): Report {
  return messageReport(AuthRoleGetResponseSchema, answer, {
    simple: (out) => {
      out.line(`Role ${name}`);
      out.line("KV Read:");
      for (const permission of answer.perm) if (READS.has(permission.permType)) permissionLine(out, permission);
      out.line("KV Write:");
      for (const permission of answer.perm) if (WRITES.has(permission.permType)) permissionLine(out, permission);
    },
    fields: (out) => {
      headerFields(out, answer.header);
      for (const { permType, key, rangeEnd } of answer.perm) {
        // Two spaces, as etcdctl has them.
        out.line(`"PermType" :  ${Permission_Type[permType]}`);
        fieldLine(out, "Key", key);
        fieldLine(out, "RangeEnd", rangeEnd);
      }
    },
  });
}

function permissionLine(out: Text, { key, rangeEnd }: Permission): void {
  if (rangeEnd.length === 0) {
    out.line("\t", key);
    return;
  }
  out.raw("\t").raw(rangeText(key, rangeEnd));
  if (Buffer.from(rangeEnd).equals(prefix(key).end as Uint8Array)) out.raw(" (prefix ").raw(key).raw(")");
  out.line();
}

/** `[a, b)`, or `[a, <open ended>`. */
export function rangeText(key: Uint8Array, rangeEnd: Uint8Array): Uint8Array {
  const out = new Text().raw("[").raw(key).raw(", ");
  if (rangeEnd.length === 1 && rangeEnd[0] === 0) return out.raw("<open ended>").bytes();
  return out.raw(rangeEnd).raw(")").bytes();
}
