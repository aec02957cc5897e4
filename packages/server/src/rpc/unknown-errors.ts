/**
 * etcd runs its Lock and Election services on a client of its own, whose errors keep their text and lose their code: they
 * leave as UNKNOWN. Clients of these services know the texts.
 */
import { type CallContext, RpcError, StatusCode } from "@kvorum/transport";
import { ServerError } from "../core/errors.js";

type Unary<Request, Answer> = (request: Request, context: CallContext) => Promise<Answer>;

/** The same handler, its errors as etcd sends them. That the server stops is told as ever: a client may try another. */
export function withUnknownErrors<Request, Answer>(handler: Unary<Request, Answer>): Unary<Request, Answer> {
  return async (request, context) => {
    try {
      return await handler(request, context);
    } catch (error) {
      throw unknownError(error);
    }
  };
}

export function unknownError(error: unknown): unknown {
  if (!(error instanceof ServerError) || error.reason === "stopped") return error;
  return new RpcError(StatusCode.UNKNOWN, error.message, { cause: error });
}
