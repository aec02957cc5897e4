/**
 * A node with users, and who calls it. Tokens are signed here, so nobody logs in and a token can be older than the users:
 * each caller shows a JSON web token of its own.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Auth, Permission_Type } from "@kvorum/proto";
import { type Channel, type MetadataInit, niceChannel } from "@kvorum/transport";
import { SignJWT } from "jose";
import { type KvorumNode, startNode } from "../../src/server.js";
import { bytes } from "../rpc-harness.js";

const SECRET: Uint8Array = bytes("the secret of the matrix");
const FOR_EVER_SECONDS = 4_000_000_000;

/** The columns of the matrix. */
export const CALLERS = ["nobody", "garbage", "carol", "reader", "writer", "root", "old root"] as const;
export type Caller = (typeof CALLERS)[number];

export class Guarded {
  readonly channel: Channel;
  readonly #node: KvorumNode;
  readonly #folder: string;
  readonly #tokens = new Map<Caller, string>();

  /** With authentication on, or with the same users while it is off. */
  static async start(enabled: boolean): Promise<Guarded> {
    const folder = await mkdtemp(join(tmpdir(), "kvorum-matrix-"));
    const privateKeyFile = join(folder, "secret");
    await writeFile(privateKeyFile, SECRET);
    const token = { kind: "jwt", signMethod: "HS256", privateKeyFile } as const;
    const guarded = new Guarded(await startNode({ auth: { token, bcryptCost: 4 } }), folder);
    await guarded.#addUsers();
    if (enabled) await guarded.channel.unary(Auth.method.authEnable, {});
    await guarded.sign();
    return guarded;
  }

  private constructor(node: KvorumNode, folder: string) {
    this.#node = node;
    this.#folder = folder;
    this.channel = niceChannel(node.endpoints[0] ?? "");
  }

  /** What the caller shows. */
  metadataOf(caller: Caller): MetadataInit {
    const token = this.#tokens.get(caller);
    return token === undefined ? {} : { token };
  }

  /** Makes tokens for the users as they are now; any change of users makes the ones before worthless. */
  async sign(): Promise<void> {
    const { authRevision } = await this.channel.unary(Auth.method.authStatus, {});
    const revision = Number(authRevision);
    this.#tokens.set("garbage", "garbage.99");
    for (const user of ["carol", "reader", "writer", "root"] as const)
      this.#tokens.set(user, await sign(user, revision));
    this.#tokens.set("old root", await sign("root", revision - 1));
  }

  async close(): Promise<void> {
    await this.channel.close();
    await this.#node.close();
    await rm(this.#folder, { recursive: true });
  }

  /** reader reads `r/…`, writer writes `w/…` and reads nothing, carol has no role. */
  async #addUsers(): Promise<void> {
    const { method } = Auth;
    for (const name of ["root", "carol", "reader", "writer"]) {
      await this.channel.unary(method.userAdd, { name, password: name });
      if (name === "carol") continue;
      await this.channel.unary(method.roleAdd, { name });
      await this.channel.unary(method.userGrantRole, { user: name, role: name });
    }
    const permissions = [
      ["reader", Permission_Type.READ, "r/", "r0"],
      ["writer", Permission_Type.WRITE, "w/", "w0"],
    ] as const;
    for (const [name, permType, key, end] of permissions) {
      const perm = { permType, key: bytes(key), rangeEnd: bytes(end) };
      await this.channel.unary(method.roleGrantPermission, { name, perm });
    }
  }
}

function sign(username: string, revision: number): Promise<string> {
  return new SignJWT({ username, revision })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuedAt(1)
    .setExpirationTime(FOR_EVER_SECONDS)
    .sign(SECRET);
}
