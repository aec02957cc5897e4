/**
 * What is counted of calls, under the names of grpc-go's Prometheus interceptors. Every method stands at zero from the
 * start, so that a rate is known from the first call on.
 */
import type { DescMethod } from "@bufbuild/protobuf";
import { StatusCode } from "@kvorum/transport";
import { type Amount, type Distribution, exponential, type Family, MeasureSet } from "../../measures/measure-set.js";

/** The counters of one method. */
export interface MethodMeasures {
  readonly started: Amount;
  readonly received: Amount;
  readonly sent: Amount;
  /** Only where the node is told to measure extensively. */
  readonly handling: Distribution | undefined;
  /** Of what the node decides, not a question about itself; by success. */
  readonly request: { readonly succeeded: Distribution; readonly failed: Distribution } | undefined;
  /** By the status code of the answer. */
  handled(code: number): Amount;
}

const LABELS = ["grpc_type", "grpc_service", "grpc_method"] as const;
/** Bounds of Prometheus' clients for requests, in seconds. */
const HANDLING_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SECONDS = exponential(0.001, 2, 14);

/** gRPC's names of the codes as Go prints them, which is what dashboards match: `InvalidArgument`. */
const CODE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(StatusCode).map(([name, code]) => [code, goCodeName(name)]),
);

/** Services whose unary calls go to the store. */
const DECIDED = /^etcdserverpb\.(KV|Lease|Auth)$/;

/** Versions that get a count of their own: whoever connects writes what it likes into its metadata. */
const CLIENT_VERSION = /^3\.[0-9]$/;

export class CallMeasures extends MeasureSet {
  readonly #started: Family<Amount> = this.counters("grpc_server_started_total", "RPCs started.", LABELS);
  readonly #handled: Family<Amount> = this.counters("grpc_server_handled_total", "RPCs finished, by status code.", [
    ...LABELS,
    "grpc_code",
  ]);
  readonly #received: Family<Amount> = this.counters("grpc_server_msg_received_total", "Messages received.", LABELS);
  readonly #sent: Family<Amount> = this.counters("grpc_server_msg_sent_total", "Messages sent.", LABELS);
  readonly #clients: Family<Amount> = this.counters(
    "etcd_server_client_requests_total",
    "Requests by the API version that the client names.",
    ["type", "client_api_version"],
  );
  readonly #byVersion = { unary: new Map<string, Amount>(), stream: new Map<string, Amount>() };
  readonly #handling: Family<Distribution> | undefined;
  readonly #requests: Family<Distribution> = this.histograms(
    "etcd_server_request_duration_seconds",
    "Time from a request to its answer, agreement of the members included.",
    ["type", "success"],
    SECONDS,
  );
  readonly receivedBytes: Amount = this.counter(
    "etcd_network_client_grpc_received_bytes_total",
    "Bytes of messages from clients.",
  );
  readonly sentBytes: Amount = this.counter(
    "etcd_network_client_grpc_sent_bytes_total",
    "Bytes of messages to clients.",
  );
  readonly streamFailures: Family<Amount> = this.counters(
    "etcd_network_server_stream_failures_total",
    "Streams of clients that failed while something was sent or received.",
    ["Type", "API"],
  );
  readonly watchSend: Distribution = this.histogram(
    "etcd_debugging_server_watch_send_loop_watch_stream_duration_seconds",
    "Time to send a response with events.",
    SECONDS,
  );
  readonly watchSendPerEvent: Distribution = this.histogram(
    "etcd_debugging_server_watch_send_loop_watch_stream_duration_per_event_seconds",
    "Time to send a response, divided by its events.",
    SECONDS,
  );
  readonly watchControlSend: Distribution = this.histogram(
    "etcd_debugging_server_watch_send_loop_control_stream_duration_seconds",
    "Time to tell that a watch was created or ended.",
    SECONDS,
  );
  readonly watchProgressSend: Distribution = this.histogram(
    "etcd_debugging_server_watch_send_loop_progress_duration_seconds",
    "Time to send a progress notification.",
    SECONDS,
  );

  constructor(extensive: boolean) {
    super();
    if (!extensive) return;
    const help = "Time from the start of a call to its answer.";
    this.#handling = this.histograms("grpc_server_handling_seconds", help, LABELS, HANDLING_SECONDS);
  }

  /** Stands at zero from here on. */
  ofMethod(method: DescMethod): MethodMeasures {
    const labels = [METHOD_TYPES[method.methodKind], method.parent.typeName, method.name] as const;
    const byCode = new Map<number, Amount>();
    return {
      started: this.#started.of(...labels),
      received: this.#received.of(...labels),
      sent: this.#sent.of(...labels),
      handling: this.#handling?.of(...labels),
      request:
        DECIDED.test(method.parent.typeName) && method.methodKind === "unary" ? this.#requestsOf(method) : undefined,
      handled: (code) => {
        let handled = byCode.get(code);
        if (handled === undefined) {
          handled = this.#handled.of(...labels, CODE_NAMES.get(code) ?? "Unknown");
          byCode.set(code, handled);
        }
        return handled;
      },
    };
  }

  #requestsOf({ name }: DescMethod): MethodMeasures["request"] {
    return { succeeded: this.#requests.of(name, "true"), failed: this.#requests.of(name, "false") };
  }

  /** `version` as the client's metadata has it; absent is "unknown", what no client of etcd sends is "other". */
  countClient(type: "unary" | "stream", version: string | undefined): void {
    const label = version === undefined ? "unknown" : CLIENT_VERSION.test(version) ? version : "other";
    const known = this.#byVersion[type];
    let requests = known.get(label);
    if (requests === undefined) {
      requests = this.#clients.of(type, label);
      known.set(label, requests);
    }
    requests.add();
  }
}

const METHOD_TYPES = {
  unary: "unary",
  server_streaming: "server_stream",
  client_streaming: "client_stream",
  bidi_streaming: "bidi_stream",
} as const;

/** `INVALID_ARGUMENT` → `InvalidArgument`; Go spells `OK` and `Canceled` its own way. */
function goCodeName(name: string): string {
  if (name === "OK") return "OK";
  if (name === "CANCELLED") return "Canceled";
  return name.toLowerCase().replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
