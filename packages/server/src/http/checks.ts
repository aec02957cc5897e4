/**
 * `/livez` and `/readyz` as Kubernetes asks them: named checks, one path each below the two, any of them left out with
 * `exclude`, shown with `verbose`. `/livez` says whether this process can serve at all, `/readyz` whether it is worth
 * sending requests to.
 */

import type { NodeApi } from "../node/api.js";
import { type Answer, text } from "./answer.js";
import type { Endpoint } from "./endpoints.js";
import { probeRead } from "./health.js";

/** Rejects with the reason when the check fails. */
type Check = () => Promise<void>;

/** Told how each check ended: kind `livez` or `readyz`, name, and whether it passed. */
export type CountCheck = (kind: "livez" | "readyz", name: string, passed: boolean) => void;

/** The paths of all checks. */
export function checkEndpoints(node: NodeApi, count: CountCheck): ReadonlyMap<string, Endpoint> {
  const serializableRead = (): Promise<void> => probeRead(node, true);
  const livez = new Map<string, Check>([["serializable_read", serializableRead]]);
  const readyz = new Map<string, Check>([
    ["data_corruption", async () => refuseCorrupt(node)],
    ["serializable_read", serializableRead],
    ["linearizable_read", () => probeRead(node, false)],
    ["non_learner", async () => refuseLearner(node)],
  ]);
  return new Map([...endpointsOf("livez", livez, count), ...endpointsOf("readyz", readyz, count)]);
}

function* endpointsOf(
  kind: "livez" | "readyz",
  checks: ReadonlyMap<string, Check>,
  count: CountCheck,
): Generator<[path: string, Endpoint]> {
  const answer = async (names: readonly string[], query: URLSearchParams): Promise<Answer> => {
    const lines: string[] = [];
    let failed = false;
    for (const name of names) {
      const reason = await failureOf(checks.get(name));
      count(kind, name, reason === undefined);
      failed ||= reason !== undefined;
      lines.push(reason === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${reason}\n`);
    }
    // What failed is always shown, what passed only on demand.
    if (failed) return text(503, `${lines.join("")}\n`);
    return text(200, `${query.has("verbose") ? lines.join("") : ""}ok\n`);
  };
  const names = [...checks.keys()];
  yield [
    `/${kind}`,
    (query) => {
      const excluded = new Set(query.getAll("exclude"));
      return answer(
        names.filter((name) => !excluded.has(name)),
        query,
      );
    },
  ];
  for (const name of names) yield [`/${kind}/${name}`, (query) => answer([name], query)];
}

async function failureOf(check: Check | undefined): Promise<string | undefined> {
  try {
    await check?.();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function refuseCorrupt(node: NodeApi): void {
  if (node.alarms.some(({ alarm }) => alarm === "corrupt")) throw new Error("alarm activated: CORRUPT");
}

function refuseLearner({ raftStatus, header }: NodeApi): void {
  if (raftStatus.confState.learners.includes(header.memberId)) throw new Error("not supported for learner");
}
