/** Logins: what they cost who guesses, and what happens when the users change under them. Passwords here are not hashed. */
import type { CallContext } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import type { User } from "../core/auth/types.js";
import { ServerError } from "../core/errors.js";
import { LoginDesk, type LoginDeskParts } from "./authenticate.js";
import { LoginBackoff } from "./login-backoff.js";

const USERS: Readonly<Record<string, User>> = {
  alice: { name: "alice", passwordHash: "hash of a", roles: [] },
  cert: { name: "cert", passwordHash: undefined, roles: [] },
};

function setUp() {
  const clock = new ManualClock();
  const state = { enabled: true, revision: 3n, index: 40, checks: 0, proposed: [] as unknown[] };
  /** Runs when this member catches up with the cluster. */
  let catchUp = (): void => {};
  /** Runs while a password is being checked. */
  let meanwhile = (): void => {};
  const check = async (fits: boolean): Promise<boolean> => {
    state.checks++;
    await Promise.resolve();
    meanwhile();
    return fits;
  };
  const parts = {
    node: {
      auth: {
        ...{},
        get enabled() {
          return state.enabled;
        },
        get revision() {
          return state.revision;
        },
        user: (name: string) => USERS[name],
      },
      linearizableBarrier: async () => catchUp(),
      propose: async (command: { checkedRevision: bigint }) => {
        state.proposed.push(command);
        if (command.checkedRevision !== state.revision) throw new ServerError("authOldRevision");
        return { kind: "authenticate", index: ++state.index, authRevision: state.revision, revision: 7n };
      },
    },
    passwords: {
      verify: (hash: string, password: string) => check(hash === `hash of ${password}`),
      verifyNothing: () => check(false),
    },
    tokens: {
      newText: () => "random",
      tokenOf: ({ text, index }: { text: string; index: number }) => `${text}.${index}`,
    },
    backoff: new LoginBackoff(clock),
  };
  const desk = new LoginDesk(parts as unknown as LoginDeskParts);
  const login = (name: string, password: string, peer = "10.0.0.1:4711", signal = new AbortController().signal) =>
    desk.authenticate({ name, password }, { peer, signal } as CallContext);
  return {
    clock,
    state,
    login,
    during: (run: () => void) => {
      meanwhile = run;
    },
    before: (run: () => void) => {
      catchUp = run;
    },
  };
}

describe("a login", () => {
  it("gives a token that carries the index of its entry", async () => {
    const { login, state } = setUp();
    expect(await login("alice", "a")).toEqual({ token: "random.41", revision: 7n });
    expect(state.proposed).toEqual([{ kind: "authenticate", user: "alice", token: "random", checkedRevision: 3n }]);
  });

  it("knows what the cluster knew when it began", async () => {
    const { login, state, before } = setUp();
    state.enabled = false;
    before(() => {
      state.enabled = true;
    });
    expect((await login("alice", "a")).token).toBe("random.41");
  });

  it("is refused while authentication is off", async () => {
    const { login, state } = setUp();
    state.enabled = false;
    await expect(login("alice", "a")).rejects.toMatchObject({ message: "etcdserver: authentication is not enabled" });
    expect(state.checks).toBe(0);
  });

  it("does not tell a wrong password from a user that does not exist: one text, one check each", async () => {
    const { login, state } = setUp();
    const message = "etcdserver: authentication failed, invalid user ID or password";
    for (const [name, password] of [
      ["alice", "b"],
      ["nobody", "a"],
      ["", ""],
    ] as const) {
      state.checks = 0;
      await expect(login(name, password)).rejects.toMatchObject({ code: 3, message });
      expect(state.checks, "a user that does not exist costs a check too").toBe(1);
    }
    expect(state.proposed).toEqual([]);
  });

  it("of a user without a password is told so, as etcd does, after the time of a check", async () => {
    const { login, state } = setUp();
    const message = "auth: authentication failed, password was given for no password user";
    for (const password of ["", "x"]) await expect(login("cert", password)).rejects.toMatchObject({ code: 2, message });
    expect(state.checks).toBe(2);
  });

  it("is checked anew when the users have changed meanwhile", async () => {
    const { login, state, during } = setUp();
    during(() => {
      if (state.checks < 3) state.revision++;
    });
    expect(await login("alice", "a")).toMatchObject({ token: "random.41" });
    expect(state.checks).toBe(3);
    during(() => state.revision++);
    state.checks = 0;
    await expect(login("alice", "a")).rejects.toMatchObject({ reason: "authOldRevision" });
    expect(state.checks, "it does not go on for ever").toBe(10);
  });

  it("proposes nothing for a client that has gone", async () => {
    const { login, state, during } = setUp();
    const controller = new AbortController();
    during(() => controller.abort());
    await expect(login("alice", "a", "10.0.0.1:1", controller.signal)).rejects.toThrow();
    expect(state.proposed).toEqual([]);
  });

  it("after many wrong passwords is refused unseen for a while, whatever port the guesser uses", async () => {
    const { login, state, clock } = setUp();
    for (let port = 1; port <= 5; port++) await login("alice", "b", `10.0.0.1:${port}`).catch(() => {});
    state.checks = 0;
    const refused = { code: 8, details: "etcdserver: too many requests" };
    await expect(login("alice", "a", "10.0.0.1:99")).rejects.toMatchObject(refused);
    expect(state.checks).toBe(0);
    expect(await login("alice", "a", "10.0.0.2:99"), "another address").toMatchObject({ revision: 7n });
    await clock.advance(100);
    expect(await login("alice", "a", "10.0.0.1:99")).toMatchObject({ revision: 7n });
  });
});
