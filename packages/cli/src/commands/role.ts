/** `role`: what users may do with which keys. */
import { prefix as prefixRange } from "@kvorum/client";
import {
  AuthRoleAddResponseSchema,
  AuthRoleDeleteResponseSchema,
  AuthRoleGrantPermissionResponseSchema,
  AuthRoleListResponseSchema,
  AuthRoleRevokePermissionResponseSchema,
  Permission_Type,
} from "@kvorum/proto";
import { type Command, defineCommand } from "../command.js";
import { badArguments } from "../failure.js";
import { onOff } from "../flags.js";
import { headerFields } from "../output/fields.js";
import { headerReport } from "../output/header-report.js";
import { quote } from "../output/quote.js";
import { messageReport } from "../output/report.js";
import { rangeText, roleReport } from "../output/role-report.js";

const EVERYTHING: Uint8Array = Uint8Array.of(0);
const TYPES: Readonly<Record<string, Permission_Type>> = {
  READ: Permission_Type.READ,
  WRITE: Permission_Type.WRITE,
  READWRITE: Permission_Type.READWRITE,
};

export const roleAdd: Command = defineCommand({
  usage: "<role name>",
  flags: {},
  run: async (context, args) => {
    const name = onlyName(args, "add");
    const answer = await (await context.client()).rpc.auth.roleAdd({ name }, context.call());
    context.print(headerReport(AuthRoleAddResponseSchema, answer, `Role ${name} created`));
    return undefined;
  },
});

export const roleDelete: Command = defineCommand({
  usage: "<role name>",
  flags: {},
  run: async (context, args) => {
    const name = onlyName(args, "delete");
    const answer = await (await context.client()).rpc.auth.roleDelete({ role: name }, context.call());
    context.print(headerReport(AuthRoleDeleteResponseSchema, answer, `Role ${name} deleted`));
    return undefined;
  },
});

export const roleGet: Command = defineCommand({
  usage: "<role name>",
  flags: {},
  run: async (context, args) => {
    const role = onlyName(args, "get");
    context.print(roleReport(role, await (await context.client()).rpc.auth.roleGet({ role }, context.call())));
    return undefined;
  },
});

export const roleList: Command = defineCommand({
  usage: "",
  flags: {},
  run: async (context, args) => {
    if (args.length > 0) throw badArguments("role list command requires no arguments");
    const answer = await (await context.client()).rpc.auth.roleList({}, context.call());
    context.print(
      messageReport(AuthRoleListResponseSchema, answer, {
        simple: (out) => {
          for (const role of answer.roles) out.line(role);
        },
        fields: (out) => {
          headerFields(out, answer.header);
          out.line(`"Roles" :${answer.roles.map((role) => ` ${quote(role)}`).join("")}`);
        },
      }),
    );
    return undefined;
  },
});

export const roleGrantPermission: Command = defineCommand({
  usage: "[options] <role name> <permission type> <key> [endkey]",
  description: "Permission types are read, write and readwrite. Granting the same keys again replaces the type.",
  flags: {
    prefix: onOff("grant a prefix permission"),
    "from-key": onOff("grant a permission of keys that are greater than or equal to the given key using byte compare"),
  },
  run: async (context, args, flags) => {
    const [name, type, ...range] = args;
    if (name === undefined || type === undefined || range.length === 0) {
      throw badArguments("role grant command requires role name, permission type, and key [endkey] as its argument");
    }
    const permType = TYPES[type.toUpperCase()];
    if (permType === undefined) throw badArguments(`invalid permission type: ${type}`);
    const request = { name, perm: { permType, ...permissionRange(range, flags) } };
    const answer = await (await context.client()).rpc.auth.roleGrantPermission(request, context.call());
    context.print(headerReport(AuthRoleGrantPermissionResponseSchema, answer, `Role ${name} updated`));
    return undefined;
  },
});

export const roleRevokePermission: Command = defineCommand({
  usage: "[options] <role name> <key> [endkey]",
  description: "The keys have to be named exactly as they were granted.",
  flags: {
    prefix: onOff("revoke a prefix permission"),
    "from-key": onOff("revoke a permission of keys that are greater than or equal to the given key using byte compare"),
  },
  run: async (context, args, flags) => {
    const [role, ...range] = args;
    if (role === undefined || range.length === 0) {
      throw badArguments("role revoke-permission command requires role name and key [endkey] as its argument");
    }
    const { key, rangeEnd } = permissionRange(range, flags);
    const request = { role, key, rangeEnd };
    const answer = await (await context.client()).rpc.auth.roleRevokePermission(request, context.call());
    context.print({
      ...headerReport(AuthRoleRevokePermissionResponseSchema, answer, ""),
      simple: (out) => {
        const [kind, shown] = rangeEnd.length === 0 ? ["key", key] : ["range", rangeText(key, rangeEnd)];
        out.line(`Permission of ${kind} `, shown, ` is revoked from role ${role}`);
      },
    });
    return undefined;
  },
});

/**
 * Permissions hold intervals, in which an empty key is none: `\0` stands for the first of all. Errors: `CommandFailure` for
 * flags and arguments that contradict each other.
 */
function permissionRange(
  [start = "", end]: readonly string[],
  { prefix, "from-key": fromKey }: { readonly prefix: boolean; readonly "from-key": boolean },
): { readonly key: Uint8Array; readonly rangeEnd: Uint8Array } {
  const key = bytes(start);
  if (prefix && fromKey && (start === "" || end === undefined)) {
    throw badArguments("--from-key and --prefix flags are mutually exclusive");
  }
  if (start === "") return { key: EVERYTHING, rangeEnd: prefix || fromKey ? EVERYTHING : NO_BYTES };
  if (end === undefined)
    return { key, rangeEnd: prefix ? (prefixRange(key).end as Uint8Array) : fromKey ? EVERYTHING : NO_BYTES };
  if (prefix) throw badArguments("unexpected endkey argument with --prefix flag");
  if (fromKey) throw badArguments("unexpected endkey argument with --from-key flag");
  return { key, rangeEnd: bytes(end) };
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function onlyName(args: readonly string[], command: string): string {
  const [name] = args;
  if (name === undefined || args.length !== 1) {
    throw badArguments(`role ${command} command requires role name as its argument`);
  }
  return name;
}
