/** The engines of `@kvorum/transport`, for the server and for the client. */
import { leanChannel, niceChannel, type TransportFactory } from "@kvorum/transport";

export const ENGINES = ["lean", "nice"] as const;
export type Engine = (typeof ENGINES)[number];

/** What a process of Kvorum's server reads its engine from. */
export const ENGINE_VARIABLE = "KVORUM_ENGINE";

export const CLIENT_TRANSPORTS: Readonly<Record<Engine, TransportFactory>> = { lean: leanChannel, nice: niceChannel };
