/** Samples of a profile, and whose they are. */
import { describe, expect, it } from "vitest";
import { ownerOf, summarize } from "./summary.js";

const frame = (functionName: string, url = "") => ({ functionName, url, lineNumber: 9 });

describe("a CPU profile", () => {
  it("self time goes to the package of the function that ran", () => {
    const nodes = [
      { id: 1, callFrame: frame("(root)") },
      { id: 2, callFrame: frame("apply", "file:///x/packages/server/dist/core/apply/apply.js") },
      { id: 3, callFrame: frame("(garbage collector)") },
      { id: 4, callFrame: frame("(idle)") },
    ];
    const taken = { nodes, startTime: 1000, samples: [2, 2, 3, 2, 4, 2], timeDeltas: [500, 60, 20, 20, 900, 100] };
    // Neither the start of the process nor its end.
    const window = { fromMicros: 1501, toMicros: 2501 };
    const { busyMicros, idleMicros, packages, functions } = summarize(taken, window);
    expect([busyMicros, idleMicros]).toEqual([100, 900]);
    expect(packages).toEqual([
      { name: "kvorum core", selfMicros: 80, share: 0.8 },
      { name: "GC", selfMicros: 20, share: 0.2 },
    ]);
    expect(functions[0]?.name).toBe("apply · kvorum core apply.js:10");
  });

  it("owners are named as people know them", () => {
    const owner = (url: string, name = "f") => ownerOf(frame(name, url));
    expect(owner("node:internal/http2/core")).toBe("node:http2");
    expect(owner("node:http2")).toBe("node:http2");
    expect(owner("node:internal/streams/writable")).toBe("node:streams");
    expect(owner("file:///x/node_modules/.pnpm/a@1/node_modules/@grpc/grpc-js/build/src/server.js")).toBe(
      "@grpc/grpc-js",
    );
    expect(owner("file:///x/node_modules/.pnpm/a@1/node_modules/lmdb/dist/index.cjs")).toBe("lmdb");
    expect(owner("file:///x/packages/server/dist/server.js")).toBe("kvorum");
    expect(owner("file:///x/packages/server/dist/rpc/kv.js")).toBe("kvorum rpc");
    expect(owner("file:///x/packages/transport/dist/http2/frame.js")).toBe("transport http2");
    expect(owner("file:///x/packages/transport/dist/codec.js")).toBe("transport");
    expect(owner("file:///x/proto/dist/gen/etcd/rpc_pb.js")).toBe("proto");
    expect(owner("", "(program)")).toBe("native");
    expect(owner("", "writev")).toBe("native");
  });

  it("a sample of nothing is refused", () => {
    expect(() =>
      summarize({ nodes: [], startTime: 0, samples: [1], timeDeltas: [1] }, { fromMicros: 0, toMicros: 1 }),
    ).toThrow("sample 0 is of node 1");
  });
});
