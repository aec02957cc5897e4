/**
 * The grpc-js server inside nice-grpc's, which shows it to nobody and makes it when it listens. Four things are done to it:
 * the limits of HTTP/2 that grpc-js has no setting for, streams kept from it that it would fall over, connections that begin
 * with an introduction, and what the introduction said handed to each call.
 *
 * What is used of grpc-js here is not part of its promises: where it does not find it, listening fails.
 */
import type { ServerOptions as Http2Options, Http2Server, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { Server as GrpcServer, type Metadata, type ServerInterceptingCallInterface } from "@grpc/grpc-js";
import type { CallContext as NiceCallContext } from "nice-grpc-common";
import { closeLate } from "../given-up.js";
import { type Introduction, readIntroduction } from "../introduction.js";
import type { PrivateAddress } from "../server.js";

interface GrpcServerInside {
  /** What each `http2.createServer` gets. */
  readonly commonServerOptions: Http2Options;
  readonly http2Servers: ReadonlyMap<Http2Server, unknown>;
}

/** Invalid frames that a connection may send; node allows 1,000. */
const INVALID_FRAMES_MAX = 100;
/** Streams that a connection may open and see refused. */
const REJECTED_STREAMS_MAX = 100;
/** Fields of one header block. */
const HEADER_PAIRS_MAX = 64;
/** Memory that one connection may take up, in MB: above what honest clients reach with large answers. */
const SESSION_MEMORY_MB = 1024;
/** Streams that a connection may reset at once and each second after that: cancelling is an honest thing to do. */
const RESET_BURST = 5000;
const RESETS_PER_SECOND = 500;

/** Where an accepted socket keeps who is at its other end. */
const INTRODUCTION: unique symbol = Symbol("kvorum.introduction");
type IntroducedSocket = Socket & { [INTRODUCTION]?: Introduction };

/** Of this process alone, removed from whatever a client sends: see `nameCertificate`. */
const CERTIFICATE_NAME_KEY = "kvorum-certificate-name-bin";

/**
 * Runs the function that makes and binds a grpc-js server, which it must do before its first pause, and gives the server
 * to `configure` in between.
 */
export async function withGrpcServer<T>(listen: () => Promise<T>): Promise<{ result: T; server: GrpcServerInside }> {
  const { bindAsync } = GrpcServer.prototype;
  let made: GrpcServerInside | undefined;
  let listening: Promise<T>;
  GrpcServer.prototype.bindAsync = function (this: GrpcServer, ...args: Parameters<typeof bindAsync>) {
    made = limited(this as unknown as GrpcServerInside);
    bindAsync.apply(this, args);
  };
  try {
    listening = listen();
  } finally {
    GrpcServer.prototype.bindAsync = bindAsync;
  }
  const result = await listening;
  if (made === undefined) throw new Error("nice-grpc does not use grpc-js as it did");
  return { result, server: made };
}

function limited(server: GrpcServerInside): GrpcServerInside {
  Object.assign(server.commonServerOptions, {
    maxSessionInvalidFrames: INVALID_FRAMES_MAX,
    maxSessionRejectedStreams: REJECTED_STREAMS_MAX,
    maxHeaderListPairs: HEADER_PAIRS_MAX,
    maxSessionMemory: SESSION_MEMORY_MB,
    streamResetBurst: RESET_BURST,
    streamResetRate: RESETS_PER_SECOND,
  } satisfies Http2Options & { streamResetBurst: number; streamResetRate: number });
  return server;
}

/**
 * Keeps streams from grpc-js that have ended before it hears of them, as when the bytes behind a request's headers break its
 * connection. It would answer one without a method by `respond`, which throws, and nobody catches that: with 1.14.7 a few
 * bytes of anybody end the process.
 */
export function keepEndedStreams(server: GrpcServerInside): void {
  if (server.http2Servers.size === 0) throw new Error("grpc-js does not listen as it did");
  for (const http2 of server.http2Servers.keys()) {
    const serve = http2.listeners("stream") as ((stream: ServerHttp2Stream, ...more: unknown[]) => void)[];
    http2.removeAllListeners("stream");
    http2.on("stream", (stream: ServerHttp2Stream, ...more: unknown[]) => {
      stream.on("error", () => {});
      if (stream.destroyed || stream.closed) return;
      for (const listener of serve) listener.call(http2, stream, ...more);
    });
  }
}

/** From here on the server takes only connections that are introduced. */
export function expectIntroductions(server: GrpcServerInside, { introductionKey, partings }: PrivateAddress): void {
  if (server.http2Servers.size === 0) throw new Error("grpc-js does not listen as it did");
  for (const http2 of server.http2Servers.keys()) {
    const serve = http2.listeners("connection") as ((socket: Socket) => void)[];
    http2.removeAllListeners("connection");
    http2.on("connection", (socket: IntroducedSocket) => {
      readIntroduction(introductionKey, socket, (introduction) => {
        socket[INTRODUCTION] = introduction;
        const { connection, remoteAddress, remotePort } = introduction;
        if (connection !== undefined) partings.whenParted(connection, () => closeLate(socket));
        // grpc-js reads the peer of a call from here.
        Object.defineProperties(socket, { remoteAddress: { value: remoteAddress }, remotePort: { value: remotePort } });
        for (const listener of serve) listener.call(http2, socket);
      });
    });
  }
}

/**
 * Puts the name of the connection's certificate into the call's metadata, in place of anything that the client sent under
 * its key.
 */
export function nameCertificate(call: ServerInterceptingCallInterface, metadata: Metadata): void {
  metadata.remove(CERTIFICATE_NAME_KEY);
  const name = introductionOf(call)?.certificateName;
  if (name !== undefined) metadata.set(CERTIFICATE_NAME_KEY, Buffer.from(name));
}

/** What `nameCertificate` has put there; removes it. */
export function takeCertificateName(context: NiceCallContext): string | undefined {
  const name = context.metadata.get(CERTIFICATE_NAME_KEY);
  context.metadata.delete(CERTIFICATE_NAME_KEY);
  return name === undefined ? undefined : Buffer.from(name).toString();
}

/** Undefined also for a connection that has ended meanwhile. */
function introductionOf(call: ServerInterceptingCallInterface): Introduction | undefined {
  const { stream } = call as unknown as { readonly stream?: { readonly session?: { readonly socket?: unknown } } };
  try {
    return (stream?.session?.socket as IntroducedSocket | undefined)?.[INTRODUCTION];
  } catch {
    return undefined;
  }
}
