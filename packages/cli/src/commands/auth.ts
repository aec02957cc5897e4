/** `auth`: whether the cluster asks who its clients are. */
import { AuthStatusResponseSchema } from "@kvorum/proto";
import { type Command, defineCommand } from "../command.js";
import { badArguments } from "../failure.js";
import { fieldLine, headerFields } from "../output/fields.js";
import { messageReport } from "../output/report.js";

const ROOT = "root";

export const authEnable: Command = defineCommand({
  usage: "",
  description: "Needs a user root. It is given the role root where it does not have it.",
  flags: {},
  run: async (context, args) => {
    if (args.length > 0) throw badArguments("auth enable command does not accept any arguments");
    const { auth } = (await context.client()).rpc;
    try {
      await auth.authEnable({}, context.call());
    } catch (error) {
      if ((error as { readonly reason?: unknown }).reason !== "root-role-missing") throw error;
      await auth.roleAdd({ name: ROOT }, context.call()).catch(unlessReason("role-exists"));
      await auth.userGrantRole({ user: ROOT, role: ROOT }, context.call());
      await auth.authEnable({}, context.call());
    }
    context.terminal.out("Authentication Enabled\n");
    return undefined;
  },
});

export const authDisable: Command = defineCommand({
  usage: "",
  flags: {},
  run: async (context, args) => {
    if (args.length > 0) throw badArguments("auth disable command does not accept any arguments");
    await (await context.client()).rpc.auth.authDisable({}, context.call());
    context.terminal.out("Authentication Disabled\n");
    return undefined;
  },
});

export const authStatus: Command = defineCommand({
  usage: "",
  description: "Servers answer it since etcd 3.5.",
  flags: {},
  run: async (context, args) => {
    if (args.length > 0) throw badArguments("auth status command does not accept any arguments");
    const answer = await (await context.client()).rpc.auth.authStatus({}, context.call());
    context.print(
      messageReport(AuthStatusResponseSchema, answer, {
        simple: (out) => {
          out.line(`Authentication Status: ${answer.enabled}`);
          out.line(`AuthRevision: ${answer.authRevision}`);
        },
        fields: (out) => {
          headerFields(out, answer.header);
          fieldLine(out, "Enabled", answer.enabled);
          fieldLine(out, "AuthRevision", answer.authRevision);
        },
      }),
    );
    return undefined;
  },
});

function unlessReason(expected: string): (error: unknown) => void {
  return (error) => {
    if ((error as { readonly reason?: unknown }).reason !== expected) throw error;
  };
}
