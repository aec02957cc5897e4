/**
 * The calls a server is working on. As a grpc-js interceptor it is handed every call: that is how running calls get a
 * proper status when the server closes by force (grpc-js alone resets them, which their callers would read as a cancel
 * of their own), and where grpc-js's own texts are replaced and a client's certificate is named. Handlers report their start and end, so that a closing
 * server can wait for them.
 */
import { ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import { RunningHandlers } from "../running-handlers.js";
import { StatusCode } from "../status.js";
import { nameCertificate } from "./grpc-server.js";

/** grpc-js's words for a message over the limit, replaced by those of grpc-go, which etcd's clients know. */
const tooLarge = /^Received message larger than max \((\d+) vs (\d+)\)$/;

export class RunningCalls extends RunningHandlers {
  readonly #refusals = new Set<() => void>();

  readonly interceptor: ServerInterceptor = (_method, call) => {
    const sendStatus = call.sendStatus.bind(call);
    // A message over the limit makes grpc-js end the call on this very object, below every responder of an interceptor,
    // so the method itself is replaced.
    call.sendStatus = (status) => {
      const details = status.details?.replace(tooLarge, "grpc: received message larger than max ($1 vs. $2)");
      sendStatus(details === status.details ? status : { ...status, details });
    };
    const refuse = (): void => sendStatus({ code: StatusCode.UNAVAILABLE, details: "the server is closing" });
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          // Not before: a call that was cancelled while it started never says a word, not even its end.
          onReceiveMetadata: (metadata, nextMetadata) => {
            this.#refusals.add(refuse);
            nameCertificate(call, metadata);
            nextMetadata(metadata);
          },
          // Every end of a call, a good one too, is told as a cancel.
          onCancel: () => this.#refusals.delete(refuse),
        });
      },
    });
  };

  /** Answers every running call UNAVAILABLE and aborts its handler's signal. */
  refuseAll(): void {
    for (const refuse of this.#refusals) refuse();
  }
}
