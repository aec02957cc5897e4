/** Which members become endpoints, and when they are asked for. The plan is pure; the loop runs on a clock moved by hand. */
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { FakeTransport } from "../testing/fake-transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import { Caller } from "./caller.js";
import { Connections } from "./connections.js";
import { Credentials } from "./credentials.js";
import { type ListedMember, planMembers } from "./member-plan.js";

const member = (id: bigint, ...clientUrls: string[]): ListedMember => ({
  ...{ id, name: `n${id}`, clientUrls, isLearner: false },
});
const present = (address: string, memberId = 0n) => ({ address, memberId });
const none: ReadonlySet<string> = new Set();

describe("the plan", () => {
  it("adds the voters that have no endpoint, when a given endpoint is an address of a member", () => {
    const members = [member(1n, "http://a:1"), member(2n, "http://b:1", "http://b:2")];
    expect(planMembers(members, [present("http://a:1")], none, false)).toEqual({
      keep: ["http://a:1"],
      missing: [{ id: 2n, addresses: ["http://b:1", "http://b:2"] }],
    });
  });

  it("changes nothing behind a load balancer, a proxy or a tunnel, unless it is told to trust the addresses", () => {
    const members = [member(1n, "http://a:1")];
    expect(planMembers(members, [present("http://proxy:1")], none, false)).toBeUndefined();
    expect(planMembers(members, [present("http://proxy:1")], none, true)).toMatchObject({
      keep: [],
      missing: [{ id: 1n }],
    });
  });

  it("leaves learners and members that never started out", () => {
    const members = [
      member(1n, "http://a:1"),
      { ...member(2n, "http://b:1"), isLearner: true },
      { ...member(3n, "http://c:1"), name: "" },
      member(4n),
    ];
    expect(planMembers(members, [present("http://a:1"), present("http://b:1")], none, false)).toEqual({
      keep: ["http://a:1"],
      missing: [],
    });
  });

  it("lets an endpoint go that was advertised and is no longer; one that never was is the user's own", () => {
    const endpoints = [present("http://a:1"), present("http://gone:1"), present("http://proxy:1")];
    const plan = planMembers([member(1n, "http://a:1")], endpoints, new Set(["http://gone:1"]), false);
    expect(plan?.keep).toEqual(["http://a:1", "http://proxy:1"]);
  });

  it("knows a member under another name by who answered there", () => {
    const members = [member(1n, "http://a:1"), member(2n, "http://b:1")];
    const plan = planMembers(members, [present("http://a:1"), present("http://alias:1", 2n)], none, false);
    expect(plan).toEqual({ keep: ["http://a:1", "http://alias:1"], missing: [] });
  });

  it("refuses a list without a voter", () => {
    expect(planMembers([], [present("http://a:1")], none, true)).toBeUndefined();
  });
});

/** A cluster of members 1, 2, …: at which address which member of which cluster answers, and what the list says. */
function setUp(given: string[], syncMembers?: number | false) {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  const cluster = {
    id: 7n,
    answers: new Map<string, bigint>(),
    foreign: new Set<string>(),
    members: [] as { ID: bigint; name: string; clientURLs: string[]; isLearner?: boolean }[],
  };
  transport.answer = ({ endpoint, method }) => {
    const memberId = cluster.answers.get(endpoint);
    if (memberId === undefined) {
      throw new RpcError(StatusCode.UNAVAILABLE, "connect ECONNREFUSED", { maybeSent: false });
    }
    const header = { clusterId: cluster.foreign.has(endpoint) ? 8n : cluster.id, memberId, revision: 1n };
    return method === "MemberList" ? { header, members: cluster.members } : { header };
  };
  const settings = syncMembers === undefined ? {} : { syncMembers };
  const options = { endpoints: given, transport: transport.factory, ...settings };
  const connections = new Connections(options, { clock, random: () => 0 });
  const { balancer } = connections;
  const credentials = new Credentials(undefined, balancer, clock);
  const closed = new AbortController().signal;
  const caller = new Caller({
    balancer,
    credentials,
    clock,
    random: () => 0,
    closed,
    onMembershipDoubt: connections.doubt,
  });
  connections.follow(caller);
  const advertise = (...list: [bigint, string][]): void => {
    cluster.members = list.map(([ID, url]) => ({ ID, name: `n${ID}`, clientURLs: [url] }));
    for (const [id, url] of list) cluster.answers.set(url, id);
  };
  const connect = async (): Promise<void> => {
    await clock.advance(0);
    for (const endpoint of balancer.endpoints) endpoint.succeeded(true);
  };
  const asked = () => transport.calls.filter(({ method }) => method === "MemberList").length;
  const probes = () => transport.calls.filter(({ method }) => method === "Status").length;
  return { clock, cluster, connections, advertise, connect, asked, probes };
}

describe("member sync", () => {
  it("looks a second after the first answer, then every five minutes, and not before", async () => {
    const { advertise, connect, clock, connections, asked } = setUp(["http://a"]);
    advertise([1n, "http://a"], [2n, "http://b"]);
    await clock.advance(60_000);
    expect(asked()).toBe(0);
    await connect();
    await clock.advance(999);
    expect(asked()).toBe(0);
    await clock.advance(1);
    expect(connections.addresses).toEqual(["http://a", "http://b"]);
    advertise([2n, "http://b"], [3n, "http://c"]);
    await clock.advance(299_999);
    expect(asked()).toBe(1);
    await clock.advance(1);
    expect(connections.addresses).toEqual(["http://b", "http://c"]);
  });

  it("keeps the endpoints as given where what is advertised cannot be reached", async () => {
    const { cluster, connect, clock, connections, asked } = setUp(["http://a"]);
    cluster.members = [
      { ID: 1n, name: "n1", clientURLs: ["http://a"] },
      { ID: 2n, name: "n2", clientURLs: ["http://inside:1"] },
    ];
    cluster.answers.set("http://a", 1n);
    await connect();
    await clock.advance(10_000);
    expect([asked(), connections.addresses]).toEqual([1, ["http://a"]]);
  });

  it("adopts no address where another member, or a member of another cluster, answers", async () => {
    const { advertise, cluster, connect, clock, connections } = setUp(["http://a"]);
    advertise([1n, "http://a"], [2n, "http://b"], [3n, "http://c"]);
    cluster.answers.set("http://b", 1n);
    cluster.foreign.add("http://c");
    await connect();
    await clock.advance(10_000);
    expect(connections.addresses).toEqual(["http://a"]);
  });

  it("does not believe a list from another cluster than the first", async () => {
    const { advertise, cluster, connect, clock, connections } = setUp(["http://a"]);
    advertise([1n, "http://a"]);
    await connect();
    await clock.advance(1_000);
    cluster.id = 9n;
    advertise([1n, "http://a"], [2n, "http://b"]);
    await clock.advance(300_000);
    expect(connections.addresses).toEqual(["http://a"]);
  });

  it("refuses an empty list and one of which nobody can be reached", async () => {
    const { advertise, cluster, connect, clock, connections } = setUp(["http://a"]);
    advertise([1n, "http://a"]);
    await connect();
    cluster.members = [];
    expect(await connections.sync()).toEqual(["http://a"]);
    cluster.members = [{ ID: 2n, name: "n2", clientURLs: ["http://nowhere"] }];
    expect(await connections.sync()).toEqual(["http://a"]);
    await clock.advance(0);
  });

  it("replaces a way in by the members when the user asks for it", async () => {
    const { advertise, cluster, connect, clock, connections } = setUp(["http://proxy"]);
    advertise([1n, "http://a"], [2n, "http://b"]);
    cluster.answers.set("http://proxy", 1n);
    await connect();
    await clock.advance(400_000);
    expect(connections.addresses).toEqual(["http://proxy"]);
    expect(await connections.sync()).toEqual(["http://a", "http://b"]);
  });

  it("looks soon after an endpoint began to cool or a member said that it is none, and not again and again", async () => {
    const { advertise, connect, clock, connections, asked } = setUp(["http://a", "http://b"]);
    advertise([1n, "http://a"], [2n, "http://b"]);
    await connect();
    await clock.advance(60_000);
    expect(asked()).toBe(1);
    connections.balancer.pinned("http://b").failed("no-leader", clock.nowMs());
    await clock.advance(1_000);
    expect(asked()).toBe(2);
    connections.doubt();
    await clock.advance(9_999);
    expect(asked()).toBe(2);
    await clock.advance(1);
    expect(asked()).toBe(3);
  });

  it("can be turned off, and is then done only when asked for", async () => {
    const { advertise, connect, clock, connections, asked } = setUp(["http://a"], false);
    advertise([1n, "http://a"], [2n, "http://b"]);
    await connect();
    connections.doubt();
    await clock.advance(1_000_000);
    expect(asked()).toBe(0);
    expect(await connections.sync()).toEqual(["http://a", "http://b"]);
  });

  it("leaves the figures and the calls of endpoints that stay alone", async () => {
    const { advertise, connect, clock, connections } = setUp(["http://a"]);
    advertise([1n, "http://a"], [2n, "http://b"]);
    await connect();
    const endpoint = connections.balancer.pinned("http://a");
    const line = endpoint.acquire(clock.nowMs());
    await clock.advance(1_000);
    expect(connections.balancer.pinned("http://a")).toBe(endpoint);
    expect(endpoint.acquire(clock.nowMs())).toBe(line);
  });

  it("ends with the client", async () => {
    const { advertise, connect, clock, connections, asked } = setUp(["http://a"]);
    advertise([1n, "http://a"]);
    await connect();
    await connections.close();
    await clock.advance(1_000_000);
    expect(asked()).toBe(0);
  });
});

describe("a list that is set", () => {
  it("keeps what is known of endpoints that stay, and ends those that go", async () => {
    const { connections } = setUp(["http://a", "http://b"]);
    const [a, b] = connections.balancer.endpoints;
    expect(await connections.set("http://c,http://a")).toEqual(["http://c", "http://a"]);
    expect(connections.balancer.pinned("http://a")).toBe(a);
    expect(b?.state).toBe("removed");
    await expect(connections.set([])).rejects.toThrow(TypeError);
    expect(connections.addresses).toEqual(["http://c", "http://a"]);
  });

  it("may lead to another cluster, whose members are then the ones to follow", async () => {
    const { advertise, cluster, connect, clock, connections } = setUp(["http://a"]);
    advertise([1n, "http://a"], [2n, "http://b"]);
    await connect();
    await clock.advance(60_000);
    cluster.id = 9n;
    advertise([5n, "http://x"], [6n, "http://y"]);
    await connections.set("http://x");
    await clock.advance(1_000);
    expect(connections.addresses).toEqual(["http://x", "http://y"]);
  });

  it("is synchronised by one at a time", async () => {
    const { advertise, connect, connections, probes } = setUp(["http://a"]);
    advertise([1n, "http://a"], [2n, "http://b"]);
    await connect();
    const lists = await Promise.all([connections.sync(), connections.sync(), connections.sync()]);
    expect(lists).toEqual(Array(3).fill(["http://a", "http://b"]));
    // The second and the third found the member in the list.
    expect(probes()).toBe(1);
  });
});

describe("names in DNS", () => {
  it("are looked up once for all calls that wait", async () => {
    const transport = new FakeTransport();
    let lookups = 0;
    const resolveSrv = async () => {
      lookups += 1;
      return [{ name: "a", port: 1, priority: 0 }];
    };
    const options = { endpoints: "dns+srv://example.com", resolver: { resolveSrv }, transport: transport.factory };
    const { balancer } = new Connections(options, { clock: new ManualClock(), random: () => 0 });
    await Promise.all([balancer.connecting(0), balancer.connecting(0), balancer.connecting(0)]);
    expect([lookups, balancer.endpoints.length]).toEqual([1, 1]);
  });

  it("are looked up with the first call, again with each sync, and kept while the name server is away", async () => {
    const transport = new FakeTransport();
    const clock = new ManualClock();
    let records: { name: string; port: number; priority: number }[] | undefined = [{ name: "a", port: 1, priority: 0 }];
    let lookups = 0;
    const resolver = {
      resolveSrv: async () => {
        lookups += 1;
        if (records === undefined) throw new Error("queryServ ETIMEOUT");
        return records;
      },
    };
    const options = { endpoints: "dns+srv://example.com", resolver, transport: transport.factory };
    const connections = new Connections(options, { clock, random: () => 0 });
    const { balancer } = connections;
    const credentials = new Credentials(undefined, balancer, clock);
    const closed = new AbortController().signal;
    const caller = new Caller({ balancer, credentials, clock, random: () => 0, closed });
    connections.follow(caller);
    expect([lookups, connections.addresses]).toEqual([0, []]);
    await connections.sync();
    expect([lookups, connections.addresses]).toEqual([1, ["http://a:1"]]);
    records = [
      { name: "a", port: 1, priority: 0 },
      { name: "b", port: 1, priority: 0 },
    ];
    await clock.advance(301_000);
    expect(connections.addresses).toEqual(["http://a:1", "http://b:1"]);
    records = undefined;
    await clock.advance(300_000);
    expect(connections.addresses).toEqual(["http://a:1", "http://b:1"]);
    expect(await connections.sync()).toEqual(["http://a:1", "http://b:1"]);
    records = [{ name: "b", port: 1, priority: 0 }];
    await clock.advance(300_000);
    expect(connections.addresses).toEqual(["http://b:1"]);
    expect(await connections.set("http://x:1")).toEqual(["http://x:1"]);
    expect(await connections.set("dns+srv://example.com").catch(String)).toEqual(["http://b:1"]);
    records = undefined;
    await expect(connections.set("dns+srv://example.com")).rejects.toMatchObject({ reason: "transport" });
    expect(connections.addresses).toEqual(["http://b:1"]);
  });
});
