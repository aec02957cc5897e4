/** What all calls of a server share. */
import type { Slab } from "@kvorum/proto";
import { messageSlab } from "../codec.js";
import { RunningHandlers } from "../running-handlers.js";
import type { RpcServerOptions } from "../server.js";
import { ValueCounter } from "../values.js";
import { Deadlines } from "./deadlines.js";
import { MethodTable } from "./server-methods.js";
import type { CallMiddleware } from "./server-middleware.js";

/** What one connection may cost, where no option says so. */
export interface ServerBounds {
  /** Bytes of requests whose end has not come. */
  readonly keptBytesMax: number;
  /** Bytes of answers that the client has no window for: above what honest clients reach with large ones. */
  readonly untakenBytesMax: number;
  /** Time for the preface and the SETTINGS of the client, in milliseconds. */
  readonly handshakeMs: number;
}

const BOUNDS: ServerBounds = {
  keptBytesMax: 256 * 1024 * 1024,
  untakenBytesMax: 1024 * 1024 * 1024,
  handshakeMs: 10_000,
};
const RECEIVE_BYTES_MAX = 2 * 1024 * 1024;
const SEND_BYTES_MAX = 2 ** 31 - 1;
const CONCURRENT_STREAMS_MAX = 10_000;

export class ServerSettings {
  readonly receiveBytesMax: number;
  readonly sendBytesMax: number;
  readonly requestValuesMax: number;
  readonly concurrentStreamsMax: number;
  readonly keepAlive: RpcServerOptions["keepAlive"];
  readonly traffic: RpcServerOptions["traffic"];
  readonly bounds: ServerBounds;
  readonly slab: Slab = messageSlab();
  readonly counter: ValueCounter = new ValueCounter();
  readonly deadlines: Deadlines = new Deadlines();
  readonly handlers: RunningHandlers = new RunningHandlers();
  readonly methods: MethodTable = new MethodTable();
  /** Undefined where there is none: then no call goes through a generator. */
  middleware: CallMiddleware | undefined;

  constructor(options: RpcServerOptions, bounds: Partial<ServerBounds> = {}) {
    this.receiveBytesMax = options.receiveBytesMax ?? RECEIVE_BYTES_MAX;
    this.sendBytesMax = options.sendBytesMax ?? SEND_BYTES_MAX;
    this.requestValuesMax = options.requestValuesMax ?? Number.POSITIVE_INFINITY;
    this.concurrentStreamsMax = options.concurrentStreamsMax ?? CONCURRENT_STREAMS_MAX;
    this.keepAlive = options.keepAlive;
    this.traffic = options.traffic;
    this.bounds = { ...BOUNDS, ...bounds };
    this.middleware = undefined;
  }
}
