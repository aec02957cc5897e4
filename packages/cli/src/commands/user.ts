/** `user`: who may come in once auth is on. */
import {
  AuthUserAddResponseSchema,
  AuthUserChangePasswordResponseSchema,
  AuthUserDeleteResponseSchema,
  AuthUserGetResponseSchema,
  AuthUserGrantRoleResponseSchema,
  AuthUserListResponseSchema,
  AuthUserRevokeRoleResponseSchema,
} from "@kvorum/proto";
import { type Command, type Context, defineCommand } from "../command.js";
import { badArguments } from "../failure.js";
import { onOff, text } from "../flags.js";
import { readNewPassword } from "../new-password.js";
import { headerReport } from "../output/header-report.js";
import { messageReport } from "../output/report.js";
import { roleReport } from "../output/role-report.js";

const INTERACTIVE = onOff("read the password from the terminal; false: a line of standard input", { fallback: true });

export const userAdd: Command = defineCommand({
  usage: "[options] <user name or user:password>",
  flags: {
    interactive: INTERACTIVE,
    "new-user-password": text("supply password from the command line flag"),
    "no-password": onOff("create a user without password (CN based auth only)"),
  },
  run: async (context, args, flags) => {
    const [argument] = args;
    if (argument === undefined || args.length !== 1) {
      throw badArguments("user add command requires user name as its argument");
    }
    const noPassword = flags["no-password"];
    const { name, password } = await newUser(context, argument, flags);
    const request = { name, password, options: { noPassword } };
    const answer = await (await context.client()).rpc.auth.userAdd(request, context.call());
    context.print(headerReport(AuthUserAddResponseSchema, answer, `User ${name} created`));
    return undefined;
  },
});

async function newUser(
  { terminal }: Context,
  argument: string,
  flags: { readonly "no-password": boolean; readonly "new-user-password": string; readonly interactive: boolean },
): Promise<{ readonly name: string; readonly password: string }> {
  if (flags["no-password"]) return { name: argument, password: "" };
  if (flags["new-user-password"] !== "") return { name: argument, password: flags["new-user-password"] };
  const colon = argument.indexOf(":");
  if (colon < 0) {
    return { name: argument, password: await readNewPassword(terminal, argument, flags.interactive) };
  }
  if (colon === 0) throw badArguments("empty user name is not allowed");
  return { name: argument.slice(0, colon), password: argument.slice(colon + 1) };
}

export const userDelete: Command = defineCommand({
  usage: "<user name>",
  flags: {},
  run: async (context, args) => {
    const name = onlyName(args, "delete");
    const answer = await (await context.client()).rpc.auth.userDelete({ name }, context.call());
    context.print(headerReport(AuthUserDeleteResponseSchema, answer, `User ${name} deleted`));
    return undefined;
  },
});

export const userGet: Command = defineCommand({
  usage: "[options] <user name>",
  flags: { detail: onOff("show permissions of roles granted to the user") },
  run: async (context, args, { detail }) => {
    const name = onlyName(args, "get");
    const { auth } = (await context.client()).rpc;
    const answer = await auth.userGet({ name }, context.call());
    if (!detail) {
      context.print(
        messageReport(AuthUserGetResponseSchema, answer, {
          simple: (out) => {
            out.line(`User: ${name}`);
            out.line(`Roles:${answer.roles.map((role) => ` ${role}`).join("")}`);
          },
        }),
      );
      return undefined;
    }
    context.terminal.out(`User: ${name}\n`);
    for (const role of answer.roles) {
      context.terminal.out("\n");
      context.print(roleReport(role, await auth.roleGet({ role }, context.call())));
    }
    return undefined;
  },
});

export const userList: Command = defineCommand({
  usage: "",
  flags: {},
  run: async (context, args) => {
    if (args.length > 0) throw badArguments("user list command requires no arguments");
    const answer = await (await context.client()).rpc.auth.userList({}, context.call());
    context.print(
      messageReport(AuthUserListResponseSchema, answer, {
        simple: (out) => {
          for (const user of answer.users) out.line(user);
        },
      }),
    );
    return undefined;
  },
});

export const userPasswd: Command = defineCommand({
  usage: "[options] <user name>",
  flags: { interactive: INTERACTIVE },
  run: async (context, args, { interactive }) => {
    const name = onlyName(args, "passwd");
    const password = await readNewPassword(context.terminal, name, interactive);
    const request = { name, password };
    const answer = await (await context.client()).rpc.auth.userChangePassword(request, context.call());
    context.print(headerReport(AuthUserChangePasswordResponseSchema, answer, "Password updated"));
    return undefined;
  },
});

export const userGrantRole: Command = defineCommand({
  usage: "<user name> <role name>",
  flags: {},
  run: async (context, args) => {
    const [user, role] = args;
    if (user === undefined || role === undefined || args.length !== 2) {
      throw badArguments("user grant command requires user name and role name as its argument");
    }
    const answer = await (await context.client()).rpc.auth.userGrantRole({ user, role }, context.call());
    context.print(headerReport(AuthUserGrantRoleResponseSchema, answer, `Role ${role} is granted to user ${user}`));
    return undefined;
  },
});

export const userRevokeRole: Command = defineCommand({
  usage: "<user name> <role name>",
  flags: {},
  run: async (context, args) => {
    const [name, role] = args;
    if (name === undefined || role === undefined || args.length !== 2) {
      throw badArguments("user revoke-role requires user name and role name as its argument");
    }
    const answer = await (await context.client()).rpc.auth.userRevokeRole({ name, role }, context.call());
    context.print(headerReport(AuthUserRevokeRoleResponseSchema, answer, `Role ${role} is revoked from user ${name}`));
    return undefined;
  },
});

function onlyName(args: readonly string[], command: string): string {
  const [name] = args;
  if (name === undefined || args.length !== 1) {
    throw badArguments(`user ${command} command requires user name as its argument`);
  }
  return name;
}
