/** Follows one watch to its end: prints what comes, message by message, and runs the program for each change. */
import { bytes, CompactedError, isEtcdError, type Selector, type Watch, type WatchOptions } from "@kvorum/client";
import type { Event, ResponseHeader, WatchResponse } from "@kvorum/proto";
import { onStreamAnswers } from "../answers.js";
import { runChild } from "../child.js";
import type { Context } from "../command.js";
import { messageOf } from "../errors.js";
import { CommandFailure, EXIT } from "../failure.js";
import { changesReport, toMessage } from "../output/events.js";
import { quote } from "../output/quote.js";
import { tellUnreached } from "../unreached.js";
import type { WatchFlags } from "./arguments.js";
import { ResponseLog } from "./response-log.js";

const WATCH = "/etcdserverpb.Watch/Watch";
/** The server's words, which the client replaces by what is more to say: that stands in the other formats. */
const COMPACTED = "etcdserver: mvcc: required revision has been compacted";
/** Events of one message that are held together at most, before they are printed as if it had ended. */
const EVENTS_MAX = 10_000;

export interface Following {
  readonly watch: Watch<Uint8Array>;
  /** Settles when the watch has ended. Errors: `CommandFailure`, also where the server has ended it; `signal.reason`. */
  readonly ended: Promise<void>;
}

export async function follow(
  context: Context,
  selector: Selector,
  program: readonly string[],
  flags: WatchFlags,
): Promise<Following> {
  const log = new ResponseLog();
  // A client, and so a stream, of its own: the messages that are seen are those of this watch.
  const client = await context.clientWith({
    rpcMiddleware: [
      onStreamAnswers((path, message) => {
        if (path !== WATCH) return;
        const response = message as WatchResponse;
        log.saw(response);
        if (flags["progress-notify"] && isProgress(response)) {
          context.terminal.out(`progress notify: ${response.header?.revision ?? 0n}\n`);
        }
      }),
    ],
  });
  await tellUnreached(context, client);
  const { signal } = context;
  const options: WatchOptions = {
    signal,
    ...(flags.rev !== 0n && { startRevision: flags.rev }),
    ...(flags["prev-kv"] && { prevKv: true }),
  };
  const watch = client.withCodec(bytes).watch(selector, options);
  return { watch, ended: untilEnd(context, watch, log, program) };
}

/** The server says how far it is; the messages that open, end or fill a watch are none. */
function isProgress({ events, created, canceled, watchId }: WatchResponse): boolean {
  return events.length === 0 && !created && !canceled && watchId >= 0n;
}

async function untilEnd(
  context: Context,
  watch: Watch<Uint8Array>,
  log: ResponseLog,
  program: readonly string[],
): Promise<void> {
  const { signal, settings, terminal } = context;
  const style = { hex: settings.hex };
  try {
    let held: Event[] = [];
    for await (const batch of watch.batches()) {
      held.push(...batch.events.flatMap((event) => toMessage(event) ?? []));
      const header = log.endOf(batch.revision) ?? (held.length > EVENTS_MAX ? log.latest : undefined);
      if (header === undefined) continue;
      context.print(changesReport({ header, events: held }, style));
      for (const event of held) await runFor(event, header, program, context);
      held = [];
    }
    signal.throwIfAborted();
  } catch (error) {
    signal.throwIfAborted();
    if (!isEtcdError(error)) throw error;
    const compactRevision = error instanceof CompactedError ? (error.compactRevision ?? 0n) : 0n;
    const why = error instanceof CompactedError ? COMPACTED : messageOf(error);
    terminal.error(`watch was canceled (${why})\n`);
    // Such a message has no revision.
    const header = { ...log.latest, revision: 0n };
    context.print(changesReport({ header, events: [], canceled: { compactRevision } }, style));
  }
  throw new CommandFailure(EXIT.interrupted, "watch is canceled by the server");
}

async function runFor(
  event: Event,
  header: ResponseHeader,
  program: readonly string[],
  { environment, signal, terminal }: Context,
): Promise<void> {
  if (program.length === 0) return;
  signal.throwIfAborted();
  const variables = {
    ...environment,
    ETCD_WATCH_REVISION: String(header.revision),
    ETCD_WATCH_EVENT_TYPE: event.type === 0 ? '"PUT"' : '"DELETE"',
    ETCD_WATCH_KEY: quote(event.kv?.key ?? ""),
    ETCD_WATCH_VALUE: quote(event.kv?.value ?? ""),
  };
  const why = await runChild(program, variables, signal).then(
    ({ code, status }) => (code === 0 ? undefined : status),
    (error: unknown) => messageOf(error),
  );
  signal.throwIfAborted();
  if (why === undefined) return;
  terminal.error(`command [${program.map((word) => quote(word)).join(" ")}] error (${why})\n`);
  throw new CommandFailure(EXIT.error, "");
}
