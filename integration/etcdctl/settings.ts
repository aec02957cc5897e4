/** Servers that etcdctl talks to in three ways: in the open, with certificates on both sides, and as root. */
import { join } from "node:path";
import { TestAuthority } from "../../packages/server/testing/certificates.js";
import { startEtcd } from "../support/etcd.js";
import { etcdctl } from "../support/etcdctl.js";
import { KVORUM, startKvorum } from "../support/kvorum.js";
import { freePort, startProcess, temporaryDirectory, untilReady } from "../support/process.js";

export interface Setting {
  readonly endpoint: string;
  /** What etcdctl is told in front of every command. */
  readonly flags: readonly string[];
  stop(): Promise<void>;
}

export type Product = "etcd" | "kvorum";

export async function inTheOpen(product: Product): Promise<Setting> {
  const server = product === "etcd" ? await startEtcd() : await startKvorum();
  return { endpoint: server.endpoint, flags: [], stop: () => server.stop() };
}

export async function asRoot(product: Product): Promise<Setting> {
  const setting = await inTheOpen(product);
  for (const line of ["user add root:secret", "user grant-role root root", "auth enable"]) {
    const { code, stderr } = await etcdctl(setting.endpoint, line.split(" "));
    // The role comes into being by its grant.
    if (code !== 0) throw new Error(`etcdctl ${line}: ${stderr}`);
  }
  return { ...setting, flags: ["--user=root:secret"] };
}

/** Clients must show a certificate of the one authority. */
export async function withCertificates(product: Product): Promise<Setting> {
  const { path, remove } = await temporaryDirectory("etcdctl-tls");
  const authority = await TestAuthority.create();
  const server = await authority.write(path, "server", await authority.issue("server"));
  const client = await authority.write(join(path, "client"), "client", await authority.issue("client"));
  const [port, peer, metrics] = [await freePort(), await freePort(), await freePort()];
  const endpoint = `https://127.0.0.1:${port}`;
  const flags = [
    ...["--name", "n1", "--data-dir", join(path, "data"), "--listen-peer-urls", `http://127.0.0.1:${peer}`],
    ...[
      "--initial-advertise-peer-urls",
      `http://127.0.0.1:${peer}`,
      "--initial-cluster",
      `n1=http://127.0.0.1:${peer}`,
    ],
    ...["--listen-client-urls", endpoint, "--advertise-client-urls", endpoint],
    ...["--cert-file", server.certFile, "--key-file", server.keyFile],
    ...["--client-cert-auth", "--trusted-ca-file", server.trustedCaFile],
    ...["--listen-metrics-urls", `http://127.0.0.1:${metrics}`],
  ];
  const running =
    product === "etcd"
      ? await startProcess(process.env["ETCD_BIN"] ?? "etcd", [...flags, "--log-level", "error", "--logger", "zap"])
      : await startProcess(process.execPath, [KVORUM, ...flags]);
  await untilReady(running, 15_000, async () => (await fetch(`http://127.0.0.1:${metrics}/health`)).ok);
  return {
    endpoint,
    flags: [`--cacert=${client.trustedCaFile}`, `--cert=${client.certFile}`, `--key=${client.keyFile}`],
    stop: async () => {
      await running.stop("SIGKILL");
      await remove();
    },
  };
}
