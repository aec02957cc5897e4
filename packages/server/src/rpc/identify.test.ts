/** Who asks: what of a call counts, in which order, and what counts for nothing. */
import { type CallContext, metadataOf } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import type { Identity } from "../core/auth/types.js";
import { CallIdentities, type TokenReader } from "./identify.js";

const REVISION = 9n;
const alice: Identity = { user: "alice", authRevision: 4n };

interface Shown {
  readonly metadata?: Readonly<Record<string, string | readonly string[]>>;
  readonly certificateName?: string;
}

function callWith({ metadata = {}, certificateName }: Shown): CallContext {
  const pairs = Object.entries(metadata).flatMap(([name, values]) =>
    [values].flat().map((value) => [name, value] as const),
  );
  return { metadata: metadataOf(pairs), certificateName } as unknown as CallContext;
}

/** Knows one token, at once or later. */
function readerOf(kind: "at once" | "later"): TokenReader {
  return {
    identityOf: (token) => {
      const found = token === "alices" ? alice : undefined;
      return kind === "later" ? Promise.resolve(found) : found;
    },
  };
}

async function outcome(shown: Shown, kind: "at once" | "later", enabled = true): Promise<unknown> {
  const identities = new CallIdentities({
    auth: { enabled, revision: REVISION },
    tokens: readerOf(kind),
    certificates: true,
  });
  const context = callWith(shown);
  try {
    await identities.find(context);
    return identities.of(context) ?? "nobody";
  } catch (error) {
    return (error as Error).message;
  }
}

for (const kind of ["at once", "later"] as const) {
  describe(`who asks, with tokens that are read ${kind}`, () => {
    const invalid = "etcdserver: invalid auth token";
    const bobs = { user: "bob", authRevision: REVISION };
    const cases: [what: string, shown: Shown, outcome: unknown][] = [
      ["nothing", {}, "nobody"],
      ["a token", { metadata: { token: "alices" } }, alice],
      ["a token as a gateway sends it", { metadata: { authorization: "alices" } }, alice],
      ["a bearer", { metadata: { authorization: "Bearer alices" } }, alice],
      ["an unknown token", { metadata: { token: "nobodys" } }, invalid],
      ["an empty token", { metadata: { token: "" } }, invalid],
      ["an empty bearer", { metadata: { authorization: "Bearer " } }, invalid],
      ["a token before another", { metadata: { token: "alices", authorization: "nobodys" } }, alice],
      ["an unknown token before a good one", { metadata: { token: "nobodys", authorization: "alices" } }, invalid],
      ["two tokens, of which the first counts", { metadata: { token: ["alices", "nobodys"] } }, alice],
      ["a certificate", { certificateName: "bob" }, bobs],
      ["a certificate without a name", { certificateName: "" }, "nobody"],
      ["a gateway's certificate", { metadata: { "grpcgateway-accept": "*/*" }, certificateName: "bob" }, "nobody"],
      ["a token before a certificate", { metadata: { token: "alices" }, certificateName: "bob" }, alice],
      ["an unknown token and a certificate", { metadata: { token: "nobodys" }, certificateName: "bob" }, invalid],
      ["a name in the metadata", { metadata: { certificatename: "bob", username: "root" } }, "nobody"],
    ];
    for (const [what, shown, expected] of cases) {
      it(`sees ${what}`, async () => {
        expect(await outcome(shown, kind)).toEqual(expected);
        expect(await outcome(shown, kind, false), "is not looked at while authentication is off").toBe("nobody");
      });
    }
  });
}

describe("who asks, later in the same call", () => {
  it("is looked up again where the users may have changed, and forgotten when nothing counts any more", async () => {
    const auth = { enabled: true, revision: REVISION };
    let held: Identity | undefined = alice;
    const identities = new CallIdentities({ auth, tokens: { identityOf: () => held }, certificates: true });
    const context = callWith({ metadata: { token: "alices" } });
    await identities.find(context);
    held = { ...alice, authRevision: 5n };
    expect(identities.of(context)).toEqual(alice);
    expect(await identities.again(context)).toEqual(held);
    held = undefined;
    await expect(identities.again(context)).rejects.toMatchObject({ reason: "invalidAuthToken" });
    auth.enabled = false;
    expect(identities.of(context)).toBeUndefined();
    expect(await identities.again(context)).toBeUndefined();
  });

  it("is nobody with a certificate where certificates are not asked for", async () => {
    const auth = { enabled: true, revision: REVISION };
    const identities = new CallIdentities({ auth, tokens: readerOf("at once"), certificates: false });
    const context = callWith({ certificateName: "root" });
    await identities.find(context);
    expect(identities.of(context)).toBeUndefined();
  });

  it("is not mixed up between calls", async () => {
    const auth = { enabled: true, revision: REVISION };
    const identities = new CallIdentities({ auth, tokens: readerOf("at once"), certificates: true });
    const [first, second] = [callWith({ metadata: { token: "alices" } }), callWith({})];
    await identities.find(first);
    await identities.find(second);
    expect([identities.of(first), identities.of(second)]).toEqual([alice, undefined]);
  });
});
