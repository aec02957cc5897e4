/** A node in this process with users, for what is easier seen from inside: its logs, its event loop, its other members. */
import { Auth, Permission_Type } from "@kvorum/proto";
import { type Channel, niceChannel } from "@kvorum/transport";
import { bytes, withToken } from "./actor.js";

export type Caller = Pick<Channel, "unary" | "stream">;

export interface Person {
  readonly name: string;
  readonly password: string;
  /** Folders that the user reads and writes. */
  readonly folders?: readonly string[];
}

export const ROOT: Person = { name: "root", password: "the password of root" };

/** Adds root and these users, and switches authentication on. */
export async function addUsers(channel: Channel, people: readonly Person[] = []): Promise<void> {
  const { method } = Auth;
  for (const { name, password, folders = [] } of [ROOT, ...people]) {
    await channel.unary(method.userAdd, { name, password });
    await channel.unary(method.roleAdd, { name });
    await channel.unary(method.userGrantRole, { user: name, role: name });
    for (const folder of folders) {
      const range = { key: bytes(`${folder}/`), rangeEnd: bytes(`${folder}0`) };
      const perm = { permType: Permission_Type.READWRITE, ...range };
      await channel.unary(method.roleGrantPermission, { name, perm });
    }
  }
  await channel.unary(method.authEnable, {});
}

export async function tokenOf(channel: Channel, { name, password }: Person): Promise<string> {
  return (await channel.unary(Auth.method.authenticate, { name, password })).token;
}

/** The channel as this user. */
export async function as(channel: Channel, person: Person): Promise<Caller> {
  return withToken(channel, await tokenOf(channel, person));
}

/** Channels to several endpoints, closed together. */
export class Channels {
  readonly #channels: Channel[] = [];

  to(endpoint: string | undefined): Channel {
    if (endpoint === undefined) throw new Error("there is no such endpoint");
    const channel = niceChannel(endpoint);
    this.#channels.push(channel);
    return channel;
  }

  async close(): Promise<void> {
    await Promise.all(this.#channels.map((channel) => channel.close()));
  }
}

/** What became of a call: its answer, or the text of its refusal. */
export async function textOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "answered";
  } catch (error) {
    return (error as { details?: string }).details ?? String(error);
  }
}
