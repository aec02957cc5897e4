/** A real etcd that speaks TLS and asks its clients for certificates, with certificates made by the openssl command. */
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { etcdMissing } from "./etcd.js";
import { freePort, startProcess, temporaryDirectory, untilReady } from "./process.js";

/** Why tests with TLS are skipped, or undefined where they run. */
export function tlsMissing(): string | undefined {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
  } catch {
    return "no openssl command";
  }
  return etcdMissing();
}

export interface ClientCertificate {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface TlsServer {
  /** `https://127.0.0.1:port` */
  readonly endpoint: string;
  /** Makes a certificate for a user: etcd takes its common name for the user's name. */
  certificate(name: string): Promise<ClientCertificate>;
  stop(): Promise<void>;
}

export async function startTlsEtcd(): Promise<TlsServer> {
  const directory = await temporaryDirectory("etcd-tls");
  const file = (name: string): string => join(directory.path, name);
  const openssl = (...args: string[]): unknown => execFileSync("openssl", args, { stdio: "ignore" });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

  const certificate = async (name: string): Promise<ClientCertificate> => {
    const { cert, key } = { cert: file(`${name}.crt`), key: file(`${name}.key`) };
    await writeFile(
      file("extensions"),
      "subjectAltName=IP:127.0.0.1,DNS:etcd.test\nextendedKeyUsage=serverAuth,clientAuth\n",
    );
    openssl("req", ...curve, "-keyout", key, "-out", file("request"), "-subj", `/CN=${name}`);
    const signing = ["-CA", file("ca.crt"), "-CAkey", file("ca.key"), "-CAcreateserial", "-days", "1"];
    openssl("x509", "-req", "-in", file("request"), ...signing, "-extfile", file("extensions"), "-out", cert);
    const [ca, ...pair] = await Promise.all([file("ca.crt"), cert, key].map((path) => readFile(path, "utf8")));
    return { ca: ca ?? "", cert: pair[0] ?? "", key: pair[1] ?? "" };
  };

  openssl(
    "req",
    "-x509",
    ...curve,
    "-days",
    "1",
    "-subj",
    "/CN=test",
    "-keyout",
    file("ca.key"),
    "-out",
    file("ca.crt"),
  );
  await certificate("server");
  const [client, peer, health] = [await freePort(), await freePort(), await freePort()];
  const [endpoint, peerUrl] = [`https://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  const running = await startProcess(process.env["ETCD_BIN"] ?? "etcd", [
    ...["--name", "n1", "--data-dir", file("data"), "--log-level", "error", "--logger", "zap"],
    ...["--listen-client-urls", endpoint, "--advertise-client-urls", endpoint],
    ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl, "--initial-cluster", `n1=${peerUrl}`],
    ...["--cert-file", file("server.crt"), "--key-file", file("server.key")],
    ...["--client-cert-auth", "--trusted-ca-file", file("ca.crt")],
    ...["--listen-metrics-urls", `http://127.0.0.1:${health}`],
  ]);
  await untilReady(running, 15_000, async () => (await fetch(`http://127.0.0.1:${health}/health`)).ok);
  return {
    endpoint,
    certificate,
    stop: async () => {
      await running.stop("SIGKILL");
      await directory.remove();
    },
  };
}
