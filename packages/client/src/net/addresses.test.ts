/** How endpoints are read, and what DNS makes of a domain. */
import { describe, expect, it } from "vitest";
import { addressKey, parseGiven } from "./addresses.js";
import { resolveGiven } from "./srv.js";

describe("parseGiven", () => {
  it("reads lists and comma-separated text, drops repeats and takes a bare address for http", () => {
    expect(parseGiven("http://a:1, b:2,http://a:1/").addresses).toEqual(["http://a:1", "http://b:2"]);
    expect(parseGiven(["https://a:1", "unix:/run/etcd.sock", "[::1]:2379"]).addresses).toEqual([
      "https://a:1",
      "unix:/run/etcd.sock",
      "http://[::1]:2379",
    ]);
  });

  it("refuses an empty list, a scheme it cannot speak and a service without a domain", () => {
    expect(() => parseGiven([])).toThrow(TypeError);
    expect(() => parseGiven("ftp://a:1")).toThrow("the scheme must be http, https, unix, dns+srv or dns+srvs");
    expect(() => parseGiven("dns+srv://")).toThrow(TypeError);
  });

  it("knows the names of service records, as etcd's tools do", () => {
    const names = (text: string) => parseGiven(text).services.map(({ recordName, scheme }) => [recordName, scheme]);
    expect(names("dns+srv://example.com")).toEqual([["_etcd-client._tcp.example.com", "http"]]);
    expect(names("dns+srvs://example.com/")).toEqual([["_etcd-client-ssl._tcp.example.com", "https"]]);
    expect(names("dns+srv://example.com/blue")).toEqual([["_etcd-client-blue._tcp.example.com", "http"]]);
  });

  it("tells equal addresses by their key", () => {
    expect(addressKey("HTTP://Host")).toBe(addressKey("http://host:80"));
    expect(addressKey("https://host")).toBe("https://host:443");
    expect(addressKey("unix:/a")).toBe("unix:/a");
  });
});

describe("resolveGiven", () => {
  const record = (name: string, port: number, priority: number) => ({ name, port, priority, weight: 0 });
  const resolver = {
    resolveSrv: async (name: string) => {
      if (name === "_etcd-client._tcp.down.example") throw new Error("queryServ ESERVFAIL");
      if (name === "_etcd-client._tcp.empty.example") return [];
      return [record("B.example.", 2, 20), record("a.example", 1, 10)];
    },
  };

  it("lists the servers of a domain by priority, beside the addresses that were given", async () => {
    expect(await resolveGiven(parseGiven("http://x:1,dns+srv://example"), resolver)).toEqual([
      "http://x:1",
      "http://a.example:1",
      "http://b.example:2",
    ]);
    expect(await resolveGiven(parseGiven("dns+srvs://example"), resolver)).toEqual([
      "https://a.example:1",
      "https://b.example:2",
    ]);
  });

  it("does without a domain that cannot be looked up while there are others, and fails unsent when there are none", async () => {
    expect(await resolveGiven(parseGiven("http://x:1,dns+srv://down.example"), resolver)).toEqual(["http://x:1"]);
    await expect(resolveGiven(parseGiven("dns+srv://down.example"), resolver)).rejects.toMatchObject({
      maybeSent: false,
      details: "no endpoints from dns+srv://down.example: queryServ ESERVFAIL",
    });
    await expect(resolveGiven(parseGiven("dns+srv://empty.example"), resolver)).rejects.toThrow("lists no servers");
  });
});
