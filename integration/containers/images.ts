/**
 * Images of the two programs, made from files of this machine: a base from scratch that holds one program and the libraries it
 * is linked with, and on that of Node the image that `packaging/Dockerfile` describes, from the packages as they would be published.
 */
import { execFileSync } from "node:child_process";
import { realpathSync } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { GenericContainer } from "testcontainers";
import { temporaryDirectory } from "../support/process.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** An image by its name in the engine. */
export type Image = string;

const NODE_BASE: Image = "kvorum-test/node";
const KVORUM: Image = "kvorum-test/kvorum";
const ETCD: Image = "kvorum-test/etcd";

/** The image of a node, built by the project's own Dockerfile. */
export async function kvorumImage(): Promise<Image> {
  await buildFromScratch(NODE_BASE, { "/usr/local/bin/node": process.execPath }, "");
  const context = await temporaryDirectory("image");
  try {
    execFileSync(process.execPath, [join(ROOT, "scripts/image.mjs"), context.path], { cwd: ROOT, stdio: "pipe" });
    await GenericContainer.fromDockerfile(context.path)
      .withBuildArgs({ BASE: NODE_BASE })
      .build(KVORUM, { deleteOnExit: false });
    return KVORUM;
  } finally {
    await context.remove();
  }
}

/** The image of a real etcd, which takes the same variables. */
export async function etcdImage(binary: string): Promise<Image> {
  const rest = [
    "ENV ETCD_DATA_DIR=/data ETCD_LISTEN_CLIENT_URLS=http://0.0.0.0:2379 ETCD_LISTEN_PEER_URLS=http://0.0.0.0:2380",
    "EXPOSE 2379 2380",
    'ENTRYPOINT ["/usr/bin/etcd"]',
  ];
  await buildFromScratch(ETCD, { "/usr/bin/etcd": binary }, rest.join("\n"));
  return ETCD;
}

/** @param files where each lies in the image, and where it is taken from */
async function buildFromScratch(image: Image, files: Readonly<Record<string, string>>, rest: string): Promise<void> {
  const context = await temporaryDirectory("base");
  try {
    for (const [path, source] of Object.entries(files)) {
      await place(context.path, path, source);
      for (const library of librariesOf(source)) await place(context.path, library, library);
    }
    const lines = ["FROM scratch", "COPY root /", "ENV PATH=/usr/local/bin:/usr/bin", rest];
    await writeFile(join(context.path, "Dockerfile"), `${lines.join("\n")}\n`);
    await GenericContainer.fromDockerfile(context.path).build(image, { deleteOnExit: false });
  } finally {
    await context.remove();
  }
}

async function place(context: string, path: string, source: string): Promise<void> {
  const target = join(context, "root", path);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(realpathSync(source), target);
}

/** What the dynamic loader would load, and the loader; none for a program that is linked statically. */
function librariesOf(program: string): string[] {
  try {
    const output = execFileSync("ldd", [program], { encoding: "utf8", stdio: "pipe" });
    return [...output.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map(([, path]) => path as string);
  } catch {
    return [];
  }
}
