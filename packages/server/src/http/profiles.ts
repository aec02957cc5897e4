/**
 * `/debug/pprof/`, only with `--enable-pprof`: a CPU profile and a sampled profile of allocations, in V8's formats (open
 * them in the developer tools of a Chromium). Taken by a session inside this process; the inspector's port is never opened. No
 * heap snapshots: they hold every key and value.
 */
import { Session } from "node:inspector/promises";
import { type Answer, json, text } from "./answer.js";
import type { Endpoint, Endpoints } from "./endpoints.js";

const SECONDS_DEFAULT = 30;
const SECONDS_MAX = 300;
const INDEX = [
  "/debug/pprof/profile?seconds=30  CPU, to be saved as .cpuprofile",
  "/debug/pprof/heap?seconds=30     allocations that are still alive at the end, as .heapprofile",
  "",
].join("\n");

/** One profile at a time: two would disturb each other. */
export function profileEndpoints(): Endpoints {
  let isBusy = false;
  const exclusive = (take: (seconds: number, signal: AbortSignal) => Promise<object>): Endpoint => {
    return async (query, signal): Promise<Answer> => {
      const seconds = Number(query.get("seconds") ?? SECONDS_DEFAULT);
      if (!(seconds > 0 && seconds <= SECONDS_MAX)) return text(400, `seconds: give a number up to ${SECONDS_MAX}\n`);
      if (isBusy) return text(503, "a profile is being taken\n");
      isBusy = true;
      try {
        return json(200, await take(seconds, signal));
      } finally {
        isBusy = false;
      }
    };
  };
  return new Map<string, Endpoint>([
    ["/debug/pprof/", () => text(200, INDEX)],
    ["/debug/pprof/profile", exclusive(cpuProfile)],
    ["/debug/pprof/heap", exclusive(heapProfile)],
  ]);
}

async function cpuProfile(seconds: number, signal: AbortSignal): Promise<object> {
  return inSession(async (session) => {
    await session.post("Profiler.enable");
    await session.post("Profiler.start");
    await pause(seconds, signal);
    return (await session.post("Profiler.stop")).profile;
  });
}

async function heapProfile(seconds: number, signal: AbortSignal): Promise<object> {
  return inSession(async (session) => {
    await session.post("HeapProfiler.enable");
    await session.post("HeapProfiler.startSampling");
    await pause(seconds, signal);
    return (await session.post("HeapProfiler.stopSampling")).profile;
  });
}

async function inSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
  const session = new Session();
  session.connect();
  try {
    return await work(session);
  } finally {
    session.disconnect();
  }
}

/** Ends early when the caller has gone. */
function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    timer.unref();
    const leave = (): void => {
      clearTimeout(timer);
      resolve();
    };
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
  });
}
