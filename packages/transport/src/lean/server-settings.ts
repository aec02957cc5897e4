/** What all calls of a server share. */

import { RunningHandlers } from "../running-handlers.js";
import type { RpcServerOptions } from "../server.js";
import { ValueCounter } from "../values.js";
import { Deadlines } from "./deadlines.js";
import { MethodTable } from "./server-methods.js";
import type { CallMiddleware } from "./server-middleware.js";

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
  readonly counter: ValueCounter = new ValueCounter();
  readonly deadlines: Deadlines = new Deadlines();
  readonly handlers: RunningHandlers = new RunningHandlers();
  readonly methods: MethodTable = new MethodTable();
  /** Undefined where there is none: then no call goes through a generator. */
  middleware: CallMiddleware | undefined;

  constructor(options: RpcServerOptions) {
    this.receiveBytesMax = options.receiveBytesMax ?? RECEIVE_BYTES_MAX;
    this.sendBytesMax = options.sendBytesMax ?? SEND_BYTES_MAX;
    this.requestValuesMax = options.requestValuesMax ?? Number.POSITIVE_INFINITY;
    this.concurrentStreamsMax = options.concurrentStreamsMax ?? CONCURRENT_STREAMS_MAX;
    this.keepAlive = options.keepAlive;
    this.traffic = options.traffic;
    this.middleware = undefined;
  }
}
