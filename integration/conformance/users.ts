/** The users of the cases that need some: made on each server before them, and gone after them. */
import { Auth, Permission_Type } from "@kvorum/proto";
import { withToken } from "../auth/actor.js";
import type { Caller } from "./evidence.js";
import type { People } from "./probe.js";

const { method } = Auth;
const NAMES = ["root", "carol", "reader", "writer"] as const;

/** Every case has its keys under a prefix of its own; these are the letters behind it. */
const FOLDERS = { reader: ["r/", Permission_Type.READ], writer: ["w/", Permission_Type.WRITE] } as const;

/** Adds them, permits `reader` and `writer` their folders under each prefix, and switches authentication on. */
export async function enableUsers(channel: Caller, prefixes: readonly string[]): Promise<People> {
  for (const name of NAMES) {
    await channel.unary(method.userAdd, { name, password: name });
    await channel.unary(method.roleAdd, { name });
    if (name !== "carol") await channel.unary(method.userGrantRole, { user: name, role: name });
  }
  await channel.unary(method.userAdd, { name: "cert", options: { noPassword: true } });
  for (const [name, [folder, permType]] of Object.entries(FOLDERS)) {
    for (const prefix of prefixes) {
      const key = Buffer.from(prefix + folder);
      const rangeEnd = Uint8Array.from(key);
      rangeEnd[rangeEnd.length - 1] = (key.at(-1) ?? 0) + 1;
      await channel.unary(method.roleGrantPermission, { name, perm: { permType, key, rangeEnd } });
    }
  }
  await channel.unary(method.authEnable, {});
  const people = new Map<string, Caller>([
    ["nobody", channel],
    ["stranger", withToken(channel, "garbage.1")],
  ]);
  for (const name of NAMES) {
    const { token } = await channel.unary(method.authenticate, { name, password: name });
    people.set(name, withToken(channel, token));
  }
  return people;
}

/** Switches authentication off and takes them away again. */
export async function disableUsers(root: Caller, channel: Caller): Promise<void> {
  await root.unary(method.authDisable, {});
  for (const name of (await channel.unary(method.userList, {})).users) await channel.unary(method.userDelete, { name });
  for (const role of (await channel.unary(method.roleList, {})).roles) await channel.unary(method.roleDelete, { role });
}
