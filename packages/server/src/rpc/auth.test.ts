/** The Auth service through a real channel, from a node that nobody has to one on which users count and back. */
import { Auth, KV, Permission_Type } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { bytes, failure, text, useNode } from "../../testing/rpc-harness.js";

const node = useNode();
const { method } = Auth;

const users: Readonly<Record<string, string>> = { root: "r00t", ann: "secret" };

async function tokenOf(name: string): Promise<{ metadata: { token: string } }> {
  const { token } = await node().channel.unary(method.authenticate, { name, password: users[name] ?? "" });
  return { metadata: { token } };
}

/** Each test goes on where the one before has stopped. */
describe.sequential("the Auth service", () => {
  it("tells that authentication is off, and gives no token then", async () => {
    const { channel } = node();
    expect(await channel.unary(method.authStatus, {})).toMatchObject({ enabled: false, authRevision: 1n });
    expect(await failure(channel.unary(method.authenticate, { name: "root", password: "x" }))).toEqual({
      code: 9,
      details: "etcdserver: authentication is not enabled",
    });
  });

  it("adds users and roles, and lists them with the header of the store", async () => {
    const { channel, put } = node();
    const revision = await put("k", "v");
    for (const [name, password] of Object.entries(users)) await channel.unary(method.userAdd, { name, password });
    await channel.unary(method.userAdd, { name: "cert", options: { noPassword: true } });
    const added = await channel.unary(method.roleAdd, { name: "reader" });
    expect(added.header?.revision).toBe(revision);
    const listed = await channel.unary(method.userList, {});
    expect(listed).toMatchObject({ users: ["ann", "cert", "root"], header: { revision } });
    expect((await channel.unary(method.roleList, {})).roles).toEqual(["reader"]);
    expect((await channel.unary(method.authStatus, {})).authRevision).toBe(5n);
    expect(await failure(channel.unary(method.userAdd, { name: "ann", password: "x" }))).toMatchObject({
      details: "etcdserver: user name already exists",
    });
    expect(await failure(channel.unary(method.userAdd, { name: "", password: "x" }))).toMatchObject({ code: 3 });
  });

  it("grants permissions, shows them in order, and takes exactly what it is told", async () => {
    const { channel } = node();
    const grant = (key: string, rangeEnd: string, permType: Permission_Type): Promise<unknown> =>
      channel.unary(method.roleGrantPermission, {
        name: "reader",
        perm: { permType, key: bytes(key), rangeEnd: bytes(rangeEnd) },
      });
    await grant("m", "\0", Permission_Type.READWRITE);
    await grant("a", "b", Permission_Type.READ);
    const { perm } = await channel.unary(method.roleGet, { role: "reader" });
    expect(perm.map(({ permType, key, rangeEnd }) => [permType, text(key), text(rangeEnd)])).toEqual([
      [Permission_Type.READ, "a", "b"],
      [Permission_Type.READWRITE, "m", "\0"],
    ]);
    const revoke = (rangeEnd: string): Promise<unknown> =>
      channel.unary(method.roleRevokePermission, { role: "reader", key: bytes("m"), rangeEnd: bytes(rangeEnd) });
    expect(await failure(revoke(""))).toEqual({
      code: 9,
      details: "etcdserver: permission is not granted to the role",
    });
    await revoke("\0");
    expect((await channel.unary(method.roleGet, { role: "reader" })).perm).toHaveLength(1);
  });

  it("refuses a permission that is none", async () => {
    const { channel } = node();
    const grant = (perm?: { key?: ReturnType<typeof bytes>; permType?: number }): ReturnType<typeof failure> =>
      failure(channel.unary(method.roleGrantPermission, { name: "reader", ...(perm && { perm: perm as object }) }));
    const invalid = { code: 3, details: "etcdserver: invalid auth management" };
    expect(await grant()).toEqual({ code: 3, details: "etcdserver: permission not given" });
    expect(await grant({})).toEqual(invalid);
    expect(await grant({ key: bytes("k"), permType: 7 })).toEqual(invalid);
  });

  it("shows that role root may everything, once it is there", async () => {
    const { channel } = node();
    expect(await failure(channel.unary(method.roleGet, { role: "root" }))).toMatchObject({
      details: "etcdserver: role name not found",
    });
    await channel.unary(method.roleAdd, { name: "root" });
    const { perm } = await channel.unary(method.roleGet, { role: "root" });
    expect(perm).toMatchObject([{ permType: Permission_Type.READWRITE, key: bytes(""), rangeEnd: bytes("\0") }]);
  });

  it("is switched on when root can undo it", async () => {
    const { channel } = node();
    await channel.unary(method.userGrantRole, { user: "ann", role: "reader" });
    expect(await failure(channel.unary(method.authEnable, {}))).toEqual({
      code: 9,
      details: "etcdserver: root user does not have root role",
    });
    await channel.unary(method.userGrantRole, { user: "root", role: "root" });
    await channel.unary(method.authEnable, {});
    expect(await channel.unary(method.authStatus, {})).toMatchObject({ enabled: true });
    expect(await failure(channel.unary(method.userList, {}))).toEqual({
      code: 3,
      details: "etcdserver: user name is empty",
    });
  });

  it("tells a user about itself and its roles, and root about everybody", async () => {
    const { channel } = node();
    const [ann, root] = [await tokenOf("ann"), await tokenOf("root")];
    const denied = { code: 7, details: "etcdserver: permission denied" };
    expect((await channel.unary(method.userGet, { name: "ann" }, ann)).roles).toEqual(["reader"]);
    expect((await channel.unary(method.roleGet, { role: "reader" }, ann)).perm).toHaveLength(1);
    for (const call of [
      channel.unary(method.userGet, { name: "root" }, ann),
      channel.unary(method.userGet, { name: "nobody" }, ann),
      channel.unary(method.roleGet, { role: "root" }, ann),
      channel.unary(method.userList, {}, ann),
      channel.unary(method.roleList, {}, ann),
    ]) {
      expect(await failure(call)).toEqual(denied);
    }
    expect((await channel.unary(method.userGet, { name: "ann" }, root)).roles).toEqual(["reader"]);
    expect(await failure(channel.unary(method.userGet, { name: "nobody" }, root))).toEqual({
      code: 9,
      details: "etcdserver: user name not found",
    });
  });

  it("makes what it changes count at once, for a token that is as old as it may be", async () => {
    const { channel } = node();
    const [ann, root] = [await tokenOf("ann"), await tokenOf("root")];
    const read = (): Promise<unknown> => channel.unary(KV.method.range, { key: bytes("a") }, ann);
    await read();
    await channel.unary(method.userRevokeRole, { name: "ann", role: "reader" }, root);
    expect(await failure(read())).toMatchObject({ code: 7 });
    await channel.unary(method.userGrantRole, { user: "ann", role: "reader" }, root);
    await read();
    await channel.unary(method.userChangePassword, { name: "ann", password: "other" }, root);
    expect(await failure(read())).toEqual({ code: 16, details: "etcdserver: invalid auth token" });
  });

  it("gives no token to a user without a password, and lets nobody take root away", async () => {
    const { channel } = node();
    expect(await failure(channel.unary(method.authenticate, { name: "cert", password: "x" }))).toEqual({
      code: 2,
      details: "auth: authentication failed, password was given for no password user",
    });
    const root = await tokenOf("root");
    const management = { code: 3, details: "etcdserver: invalid auth management" };
    expect(await failure(channel.unary(method.userDelete, { name: "root" }, root))).toEqual(management);
    expect(await failure(channel.unary(method.roleDelete, { role: "root" }, root))).toEqual(management);
  });

  it("is switched off, and everybody may everything again", async () => {
    const { channel } = node();
    await channel.unary(method.authDisable, {}, await tokenOf("root"));
    await channel.unary(method.userDelete, { name: "ann" });
    await channel.unary(method.roleDelete, { role: "reader" });
    expect((await channel.unary(method.userList, {})).users).toEqual(["cert", "root"]);
    expect((await channel.unary(method.roleList, {})).roles).toEqual(["root"]);
  });
});
