/** Where the time of a CPU profile went, by package and by function. Pure. */

/** As V8 writes it (`node --cpu-prof`): samples name nodes of a tree, each with the microseconds since the one before. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds of the machine's monotonic clock: that of `process.hrtime` in every process. */
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

export interface Share {
  readonly name: string;
  readonly selfMicros: number;
  /** Of the time in which something ran. */
  readonly share: number;
}

export interface Summary {
  readonly busyMicros: number;
  readonly idleMicros: number;
  /** Largest first. */
  readonly packages: readonly Share[];
  readonly functions: readonly Share[];
}

const IDLE = "(idle)";
/** Names that V8 gives to time outside of JavaScript. */
const OUTSIDE: Readonly<Record<string, string>> = {
  "(garbage collector)": "GC",
  "(program)": "native",
  "(root)": "native",
};

/** Of the monotonic clock. */
export interface Window {
  readonly fromMicros: number;
  readonly toMicros: number;
}

export function summarize({ nodes, startTime, samples, timeDeltas }: CpuProfile, window: Window): Summary {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const [packages, functions] = [new Map<string, number>(), new Map<string, number>()];
  let [busyMicros, idleMicros, nowMicros] = [0, 0, startTime];
  for (const [index, id] of samples.entries()) {
    const frame = frames.get(id);
    const micros = timeDeltas[index] ?? 0;
    nowMicros += micros;
    if (frame === undefined) throw new Error(`sample ${index} is of node ${id}, which is not in the profile`);
    if (nowMicros < window.fromMicros || nowMicros > window.toMicros) continue;
    if (frame.functionName === IDLE) {
      idleMicros += micros;
      continue;
    }
    busyMicros += micros;
    const owner = ownerOf(frame);
    add(packages, owner, micros);
    add(functions, `${frame.functionName || "(anonymous)"} · ${owner}${placeOf(frame)}`, micros);
  }
  const ranked = (times: ReadonlyMap<string, number>): Share[] =>
    [...times]
      .map(([name, selfMicros]) => ({ name, selfMicros, share: selfMicros / busyMicros }))
      .sort((a, b) => b.selfMicros - a.selfMicros);
  return { busyMicros, idleMicros, packages: ranked(packages), functions: ranked(functions) };
}

/** `kvorum core`, `transport`, `node:http2`, `@grpc/grpc-js`, `GC`, `native` and their like. */
export function ownerOf({ functionName, url }: ProfileNode["callFrame"]): string {
  if (url === "") return OUTSIDE[functionName] ?? "native";
  if (/^node:(?:internal\/)?http2/.test(url)) return "node:http2";
  if (url.startsWith("node:")) return `node:${/^node:(?:internal\/)?([^/]+)/.exec(url)?.[1] ?? ""}`;
  const dependency = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  if (dependency !== undefined && !dependency.startsWith("@kvorum/")) return dependency;
  const [, name = "", folder = ""] = /\/packages\/([^/]+)\/(?:dist|src)\/(?:([^/]+)\/)?/.exec(url) ?? [];
  if (name === "server") return folder === "" ? "kvorum" : `kvorum ${folder}`;
  if (name !== "") return folder === "" ? name : `${name} ${folder}`;
  return /\/proto\//.test(url) ? "proto" : "other";
}

function placeOf({ url, lineNumber }: ProfileNode["callFrame"]): string {
  return url === "" ? "" : ` ${url.slice(url.lastIndexOf("/") + 1)}:${lineNumber + 1}`;
}

function add(times: Map<string, number>, name: string, micros: number): void {
  times.set(name, (times.get(name) ?? 0) + micros);
}
