/** One node with every kind of port that speaks TLS, and clients that try to get in. */
import { join } from "node:path";
import { type ConnectionOptions, connect } from "node:tls";
import { type KvorumNode, type NodeOptions, startNode } from "@kvorum/server";
import { TestAuthority, type TestCertificate } from "../../packages/server/testing/certificates.js";
import { freePort, temporaryDirectory } from "../support/process.js";

export type Port = "gRPC and HTTP" | "HTTP alone" | "metrics" | "members";
export const PORTS: readonly Port[] = ["gRPC and HTTP", "HTTP alone", "metrics", "members"];

type Tls = NonNullable<NodeOptions["clientTls"]>;

export interface SecureNode {
  readonly node: KvorumNode;
  readonly ports: Readonly<Record<Port, number>>;
  readonly authority: TestAuthority;
  readonly folder: string;
  /** Warnings of the node's log, as text. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

/** Both sides ask for certificates of one authority; `tls` is put on both. */
export async function startSecureNode(
  tls: Tls | ((authority: TestAuthority, folder: string) => Promise<Tls>) = {},
): Promise<SecureNode> {
  const { path: folder, remove } = await temporaryDirectory("tls");
  const authority = await TestAuthority.create();
  const paths = await authority.write(folder, "server", await authority.issue("server"));
  const more = typeof tls === "function" ? await tls(authority, folder) : tls;
  const [grpc, http, metrics, members] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const warnings: string[] = [];
  const warn = (fields: object, message: string): void => void warnings.push(`${message} ${JSON.stringify(fields)}`);
  const url = (port: number): string => `https://127.0.0.1:${port}`;
  const settings = { ...paths, clientCertAuth: true, ...more };
  try {
    const node = await startNode({
      dataDir: join(folder, "data"),
      listenClientUrls: [url(grpc)],
      http: { listenMetricsUrls: [url(metrics)], listenClientHttpUrls: [url(http)] },
      listenPeerUrls: [url(members)],
      peerUrls: [url(members)],
      clientTls: settings,
      peerTls: settings,
      logger: { debug: () => {}, info: () => {}, warn, error: warn },
    });
    return {
      ...{ node, authority, folder, warnings },
      ports: { "gRPC and HTTP": grpc, "HTTP alone": http, metrics, members },
      close: async () => {
        await node.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/**
 * Connects and asks for a page. "in" when there was any answer of HTTP; else the connection was closed without a word, at
 * whatever moment the version of TLS makes it seen.
 */
export async function knock(
  port: number,
  options: ConnectionOptions & Partial<TestCertificate>,
): Promise<"in" | "out"> {
  const socket = connect({ host: "127.0.0.1", port, checkServerIdentity: () => undefined, ...options });
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk;
  });
  socket.on("error", () => {});
  socket.on("secureConnect", () => {
    socket.write("GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  });
  await new Promise((resolve) => socket.once("close", resolve));
  return answer.startsWith("HTTP/1.1 ") ? "in" : "out";
}
