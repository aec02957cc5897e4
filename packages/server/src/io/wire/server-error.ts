/** Operating errors on their way between members: a gRPC status with etcd's text and code, and back. */
import { SERVER_ERRORS, ServerError, type ServerErrorName } from "../../core/errors.js";

/** The error that another member sent as a status; undefined when it is none of ours. */
export function serverErrorFrom(code: number, message: string): ServerError | undefined {
  for (const [reason, row] of Object.entries(SERVER_ERRORS)) {
    if (row.message === message && row.code === code) return new ServerError(reason as ServerErrorName);
  }
  return undefined;
}
