/** The certificates of `testdata/`, for tests of TLS. */
import { readFileSync } from "node:fs";

const pem = (name: string): string => readFileSync(new URL(`../testdata/${name}`, import.meta.url), "utf8");

export const ca: string = pem("ca.pem");
export const serverCertificate: { readonly cert: string; readonly key: string } = {
  cert: pem("server.pem"),
  key: pem("server-key.pem"),
};
export const clientCertificate: { readonly cert: string; readonly key: string } = {
  cert: pem("client.pem"),
  key: pem("client-key.pem"),
};
