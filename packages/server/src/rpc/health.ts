/** gRPC's health service (grpc/grpc, `doc/health-checking.md`). The server as a whole, "", serves; it knows no other name. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Health, HealthCheckResponse_ServingStatus, type HealthCheckResponseSchema } from "@kvorum/proto";
import { type CallContext, RpcError, type ServiceImplementation, StatusCode } from "@kvorum/transport";
import type { RpcParts } from "./parts.js";
import { Wakeup } from "./wakeup.js";

type Message = MessageInitShape<typeof HealthCheckResponseSchema>;

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;

export function healthService(parts: RpcParts): ServiceImplementation<typeof Health> {
  return {
    check({ service }) {
      if (service !== "") throw new RpcError(StatusCode.NOT_FOUND, "unknown service");
      return { status: SERVING };
    },
    list: () => ({ statuses: { "": { status: SERVING } } }),
    watch: ({ service }, context) => watchHealth(parts, service, context),
  };
}

/** The state now, and again when it changes: here, when the server stops. */
async function* watchHealth(
  { ends }: RpcParts,
  service: string,
  context: CallContext,
): AsyncGenerator<Message, void, undefined> {
  const wakeup = new Wakeup();
  const wake = (): void => wakeup.wake();
  const forget = ends.add(false, wake);
  context.signal.addEventListener("abort", wake, { once: true });
  try {
    yield { status: service === "" ? SERVING : SERVICE_UNKNOWN };
    if (!context.signal.aborted) await wakeup.wait();
    if (service === "" && !context.signal.aborted) yield { status: NOT_SERVING };
  } finally {
    context.signal.removeEventListener("abort", wake);
    forget();
  }
}
