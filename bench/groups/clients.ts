/** What a call costs the client: ours on each engine and npm etcd3, in turn, against one server. */
import type { ClientKind, ClientWork, Operation } from "../clients/client-main.js";
import { ENGINES } from "../engines.js";
import type { Group, Subject, Target, Workload } from "../plan.js";
import { runProgram } from "../programs.js";
import type { Readings } from "../readings.js";
import { etcdVersion, type Server, startBoth } from "../servers.js";

export interface Client extends Subject {
  readonly kind: ClientKind;
}

const CALLERS = 100;
const WARM_SHARE = 0.5;
const OPERATIONS = ["get", "put"] as const satisfies readonly Operation[];
const TITLES = { get: "serializable get of one key", put: "put" } as const;
/** Ours is told by the engine that is there to be fast. */
const OURS = "client lean";
const THEIRS = "npm etcd3";

export const clientsGroup: Group<Client> = {
  name: "clients",
  title: "Clients",
  names: () => serverNames().flatMap((server) => OPERATIONS.map((operation) => nameOf(server, operation))),
  open: async (settings) => {
    const servers = await startBoth(settings);
    const kinds = [...ENGINES, "etcd3"] as const;
    return {
      subjects: kinds.map((kind) => ({ kind, name: kind === "etcd3" ? THEIRS : `client ${kind}` })),
      workloads: servers.flatMap((server) => OPERATIONS.map((operation) => workload(server, operation))),
      close: async () => {
        await Promise.all(servers.map((server) => server.stop()));
      },
    };
  },
};

const serverNames = (): string[] => (etcdVersion() === undefined ? ["kvorum"] : ["kvorum", "etcd"]);
const nameOf = (server: string, operation: Operation): string => `client-${operation}-${server}`;

function workload(server: Server, operation: Operation): Workload<Client> {
  const targets: Target[] = [{ metric: "perSecond", subject: OURS, over: THEIRS, atLeast: 6 }];
  if (operation === "get") targets.push({ metric: "clientCpuMicros", subject: OURS, atMost: 35 });
  return {
    name: nameOf(server.name, operation),
    title: `${TITLES[operation]}, one client, ${CALLERS} calls at once, against ${server.name}`,
    how: "256 bytes; a process of its own, warmed up by itself",
    targets,
    measure: async ({ kind }, seconds) => {
      const about = { client: kind, endpoint: server.endpoint, operation, callers: CALLERS };
      const work: ClientWork = { ...about, seconds, warmSeconds: Math.max(seconds * WARM_SHARE, 0.5) };
      return runProgram<Readings>("clients/client-main.js", work);
    },
  };
}
