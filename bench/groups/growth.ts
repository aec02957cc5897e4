/** The same calls while the keys become more, then while the watchers do. */
import { gets, puts, random } from "../load/requests.js";
import type { Group, Settings, Workload } from "../plan.js";
import { type Server, startBoth } from "../servers.js";
import { Grown, PREFIX } from "./grown.js";
import { type UnaryWorkload, unary } from "./unary-workload.js";

const HUNDRED = { connections: 10, callersPerConnection: 10, requests: "fresh" } as const;

export const growthGroup: Group<Server> = {
  name: "growth",
  title: "Growth",
  names: ({ sizes }) => [...sizes.growthKeys.flatMap(keyNames), ...sizes.growthWatchers.map(watcherName)],
  open: async (settings: Settings) => {
    const subjects = await startBoth(settings);
    const state = new Map(subjects.map((server): [Server, Grown] => [server, new Grown(server)]));
    const of = (server: Server): Grown => state.get(server) as Grown;
    return {
      subjects,
      workloads: [
        ...settings.sizes.growthKeys.flatMap((keys) => withKeys(keys, of)),
        ...settings.sizes.growthWatchers.map((watchers) => withWatchers(watchers, settings, of)),
      ],
      close: async () => {
        for (const grown of state.values()) grown.close();
        await Promise.all(subjects.map((server) => server.stop()));
      },
    };
  },
};

const keyNames = (keys: number): string[] => [`fill-${keys}`, `put-at-${keys}-keys`, `range-at-${keys}-keys`];
const watcherName = (watchers: number): string => `put-at-${watchers}-watchers`;

function withKeys(keys: number, of: (server: Server) => Grown): Workload<Server>[] {
  const [fill, put, range] = keyNames(keys) as [string, string, string];
  const count = keys.toLocaleString("en");
  const prepare = (server: Server): Promise<void> => of(server).growTo(keys);
  const common = { prepare, targets: [] };
  const at = (series: string) => ({ series, axis: "keys", at: keys });
  return [
    {
      ...common,
      name: fill,
      title: `after one put to each of ${count} keys`,
      how: "256 random bytes, 10 connections × 100, after the rounds of fewer keys",
      once: true,
      point: at("memory"),
      measure: async (server) => of(server).fillReadings,
    },
    unary({
      ...common,
      name: put,
      title: `put of random keys, ${count} keys, 100 clients`,
      how: "256 random bytes",
      writes: 1,
      load: { ...HUNDRED, source: () => puts(PREFIX, random(keys)) },
      point: at("put"),
    }),
    unary({
      ...common,
      name: range,
      title: `linearizable range of a random key, ${count} keys, 100 clients`,
      how: "256 bytes",
      writes: 0,
      load: { ...HUNDRED, source: () => gets(PREFIX, random(keys)) },
      point: at("range"),
    }),
  ];
}

function withWatchers(watchers: number, { sizes }: Settings, of: (server: Server) => Grown): Workload<Server> {
  const keys = Math.min(...sizes.growthKeys);
  const about: UnaryWorkload = {
    name: watcherName(watchers),
    title: `put with ${watchers.toLocaleString("en")} watchers of other keys, 100 clients`,
    how: "256 random bytes; 10 connections of 10 streams watch",
    targets: [],
    writes: 1,
    load: { ...HUNDRED, source: () => puts(PREFIX, random(keys)) },
    point: { series: "put", axis: "watchers", at: watchers },
    prepare: (server) => of(server).watchWith(watchers),
  };
  return unary(about);
}
