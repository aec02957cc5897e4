/**
 * What the fields at the head of a request say (gRPC over HTTP/2, "Requests"), and with which words one is refused that is
 * none of gRPC's: those of grpc-go, which many tools have been written against.
 */
import { parseTimeout } from "../grpc/timeout.js";
import type { HeaderField } from "../http2/hpack/header-field.js";
import { StatusCode } from "../status.js";
import type { MethodTable, ServedMethod } from "./server-methods.js";

/** An answer without a call: a status of HTTP for clients that know only those, and one of gRPC. */
export interface Refusal {
  readonly httpStatus: string;
  readonly code: StatusCode;
  readonly details: string;
}

export interface RequestHead {
  readonly fields: readonly HeaderField[];
  /** Infinity for none. */
  readonly timeoutMs: number;
  /** What `grpc-encoding` says; empty where there is none. */
  readonly encoding: string;
  /** The method that is called, or why none is. */
  readonly method: ServedMethod | undefined;
  readonly refusal: Refusal | undefined;
}

/** Whether the fields may stand in a request at all is HTTP/2's business and checked already. */
export function readHead(fields: readonly HeaderField[], methods: MethodTable): RequestHead {
  let [httpMethod, path, contentType, encoding] = ["", "", "", ""];
  let timeoutMs: number | undefined = Number.POSITIVE_INFINITY;
  let timeoutText = "";
  for (const { name, value } of fields) {
    if (name === ":method") httpMethod = value;
    else if (name === ":path") path = value;
    else if (name === "content-type") contentType = value;
    else if (name === "grpc-encoding") encoding = value;
    else if (name === "grpc-timeout") {
      timeoutText = value;
      timeoutMs = parseTimeout(value);
    }
  }
  const wrong =
    refusalOf(httpMethod, contentType) ?? (timeoutMs === undefined ? malformedTimeout(timeoutText) : undefined);
  const method = wrong === undefined ? methods.find(path) : undefined;
  const refusal = method === undefined ? (wrong ?? unimplemented(methods.refusalOf(path))) : undefined;
  return { fields, timeoutMs: timeoutMs ?? Number.POSITIVE_INFINITY, encoding, method, refusal };
}

function refusalOf(httpMethod: string, contentType: string): Refusal | undefined {
  if (!isGrpc(contentType)) {
    const details = `invalid gRPC request content-type ${JSON.stringify(contentType)}`;
    return { httpStatus: "415", code: StatusCode.INVALID_ARGUMENT, details };
  }
  if (httpMethod !== "POST") {
    const details = `Received a HEADERS frame with :method ${JSON.stringify(httpMethod)} which should be POST`;
    return { httpStatus: "405", code: StatusCode.INTERNAL, details };
  }
  return undefined;
}

function malformedTimeout(text: string): Refusal {
  const details = `malformed grpc-timeout: ${JSON.stringify(text)}`;
  return { httpStatus: "400", code: StatusCode.INTERNAL, details };
}

function unimplemented(details: string): Refusal {
  return { httpStatus: "200", code: StatusCode.UNIMPLEMENTED, details };
}

const GRPC = "application/grpc";

/** Alone, or with a format (`+proto`) or parameters (`; charset=utf-8`) behind it. */
function isGrpc(contentType: string): boolean {
  if (contentType === GRPC) return true;
  const type = contentType.toLowerCase();
  return type === GRPC || type.startsWith(`${GRPC}+`) || type.startsWith(`${GRPC};`);
}
