/**
 * nice-grpc's server middleware around the handlers of this engine, in the order and the shape of engine one: it sees
 * nice-grpc's context and errors, and what it throws is treated like what a handler throws.
 */
import {
  composeServerMiddleware,
  type CallContext as NiceCallContext,
  Metadata as NiceMetadata,
  type ServerMiddleware,
} from "nice-grpc-common";
import type { MetadataInit } from "../metadata.js";
import { NiceContext } from "../nice/call-context.js";
import { fromNiceMetadata, metadataInitOf, toNiceMetadata } from "../nice/metadata.js";
import { toServerError } from "../nice/server-error.js";
import { untilAborted } from "../nice/until-aborted.js";
import type { CallContext } from "../server.js";
import type { ServedMethod } from "./server-methods.js";

/** Where header and trailer of a call go. */
export interface MetadataTaker {
  sendHeader(header: MetadataInit): void;
  setTrailer(trailer: MetadataInit): void;
}

type Next = (request: unknown, context: NiceCallContext) => AsyncGenerator<unknown, unknown, undefined>;

export class CallMiddleware {
  readonly #middleware: ServerMiddleware;

  /** The first one runs outermost. */
  constructor(first: ServerMiddleware, others: readonly ServerMiddleware[]) {
    this.#middleware = others.reduce((outer, inner) => composeServerMiddleware(outer, inner), first);
  }

  /** A promise of the one answer, or an iterable of many. */
  run(method: ServedMethod, request: unknown, context: CallContext, taker: MetadataTaker): unknown {
    const nice = niceContext(context, taker);
    const next = method.responseStream ? nextOfStream(method, context) : nextOfUnary(method, context);
    const { path, requestStream, responseStream } = method;
    const descriptor = { path, requestStream, responseStream, options: {} };
    const call = { method: descriptor, requestStream, request, responseStream, next };
    const begin = (): ReturnType<Next> => (this.#middleware as unknown as Middleware)(call, nice);
    return responseStream ? manyAnswers(begin, nice, taker) : oneAnswer(begin, nice, taker);
  }
}

/** The types of a call's messages are known where services are added, and nowhere here. */
type Middleware = (call: object, context: NiceCallContext) => ReturnType<Next>;

async function oneAnswer(begin: () => ReturnType<Next>, nice: NiceCallContext, taker: MetadataTaker): Promise<unknown> {
  try {
    const answers = begin();
    let result = await answers.next();
    while (!result.done) result = await answers.throw(new TypeError(YIELDED));
    return result.value;
  } catch (error) {
    throw toServerError(error, nice);
  } finally {
    sendHeader(nice);
    taker.setTrailer(metadataInitOf(fromNiceMetadata(nice.trailer)));
  }
}

async function* manyAnswers(
  begin: () => ReturnType<Next>,
  nice: NiceCallContext,
  taker: MetadataTaker,
): AsyncGenerator<unknown, void, undefined> {
  try {
    for await (const answer of begin()) {
      sendHeader(nice);
      yield answer;
    }
  } catch (error) {
    throw toServerError(error, nice);
  } finally {
    sendHeader(nice);
    taker.setTrailer(metadataInitOf(fromNiceMetadata(nice.trailer)));
  }
}

function nextOfUnary(method: ServedMethod, { certificateName }: CallContext): Next {
  // biome-ignore lint/correctness/useYield: nice-grpc's middleware delegates to a generator that returns its answer
  return async function* (request, context) {
    try {
      return await method.run(request, new NiceContext(context, method.path, certificateName));
    } catch (error) {
      throw toServerError(error, context);
    }
  };
}

function nextOfStream(method: ServedMethod, { certificateName }: CallContext): Next {
  return async function* (request, context) {
    try {
      const answers = method.run(request, new NiceContext(context, method.path, certificateName));
      yield* untilAborted(answers as AsyncIterable<unknown>, context.signal);
    } catch (error) {
      throw toServerError(error, context);
    }
  };
}

function niceContext(context: CallContext, taker: MetadataTaker): NiceCallContext {
  const header = NiceMetadata();
  return {
    metadata: toNiceMetadata(metadataInitOf(context.metadata)),
    peer: context.peer,
    header,
    trailer: NiceMetadata(),
    sendHeader: () => taker.sendHeader(metadataInitOf(fromNiceMetadata(header))),
    // A middleware that hands on a copy of its context asks for it; one that does not leaves it unmade.
    get signal() {
      return context.signal;
    },
  };
}

/** With the first answer, where something was put into it. */
function sendHeader(nice: NiceCallContext): void {
  for (const _ of nice.header) {
    nice.sendHeader();
    return;
  }
}

const YIELDED = "a middleware gave an answer by yield, where a unary method returns one";
