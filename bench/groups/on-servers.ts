/** A group whose subjects are Kvorum and etcd, new ones, with nothing in them. */
import type { Group, Settings, Workload } from "../plan.js";
import { type Server, startBoth } from "../servers.js";

export interface OnServers {
  readonly name: string;
  readonly title: string;
  /** Members of each cluster. Default 1. */
  readonly members?: number;
  workloads(settings: Settings): readonly Workload<Server>[];
  /** Before the first workload. */
  preload?(server: Server, settings: Settings): Promise<void>;
}

export function onServers({ name, title, members = 1, workloads, preload }: OnServers): Group<Server> {
  return {
    name,
    title,
    names: (settings) => workloads(settings).map((workload) => workload.name),
    open: async (settings) => {
      const subjects = await startBoth({ ...settings, members });
      const close = async (): Promise<void> => {
        await Promise.all(subjects.map((server) => server.stop()));
      };
      try {
        for (const server of subjects) await preload?.(server, settings);
      } catch (error) {
        await close();
        throw error;
      }
      return { subjects, workloads: workloads(settings), close };
    },
  };
}
