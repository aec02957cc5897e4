/** `snapshot`: a member's whole store as a file, and a new member's first data out of it. */
import { open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type Command, type Context, defineCommand } from "../command.js";
import { badArguments, CommandFailure, EXIT } from "../failure.js";
import { int64, onOff, text } from "../flags.js";
import { fieldLine } from "../output/fields.js";
import { hexId, humanBytes } from "../output/go-text.js";

export const snapshotSave: Command = defineCommand({
  usage: "<filename>",
  takesFiles: true,
  description:
    "Saves what one member holds and checks it against the digest that the server sends with it. The file is written beside its " +
    "place and takes it when it is whole and on the disk. There is no time limit.",
  flags: {},
  run: async (context, args) => {
    const [path] = args;
    if (path === undefined || args.length !== 1) throw badArguments("snapshot save expects one argument");
    const { endpoints } = context.settings;
    if (endpoints.length !== 1) {
      throw interrupted(`snapshot must be requested to one selected node, not multiple [${endpoints.join(" ")}]`);
    }
    await save(context, path);
    context.terminal.out(`Snapshot saved at ${path}\n`);
    return undefined;
  },
});

async function save(context: Context, path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) throw interrupted(`could not save to ${path}: it is a directory`);
  const part = `${path}.part`;
  const file = await open(part, "w", 0o600).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "no such file or directory" : error.message;
    throw interrupted(`could not open ${part} (open ${part}: ${why})`);
  });
  try {
    try {
      await download(context, (chunk) => file.writeFile(chunk));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** The bar's length is what the member says it has on disk, in use: an estimate, which the end corrects. */
async function download(context: Context, take: (chunk: Uint8Array) => Promise<void>): Promise<void> {
  const client = await context.client();
  const { dbSizeInUse } = await client.maintenance.status(context.call());
  const progress = context.terminal.progress("bytes", Number(dbSizeInUse));
  try {
    for await (const chunk of client.maintenance.snapshot({ signal: context.signal })) {
      await take(chunk);
      progress.advance(chunk.length);
    }
  } finally {
    progress.end();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

export const snapshotStatus: Command = defineCommand({
  usage: "<filename>",
  takesFiles: true,
  description:
    "Reads all of a snapshot of Kvorum's and checks it. In the simple format the line is: hash, revision, total keys, total size, " +
    "storage version.",
  flags: {},
  run: async (context, args) => {
    const [path] = args;
    if (path === undefined || args.length !== 1) throw badArguments("snapshot status requires exactly one argument");
    const offline = await import("@kvorum/server/offline");
    const { hash, revision, totalKeys, totalSize, version } = await offline.snapshotStatus(path);
    const cells = [hash.toString(16), String(revision), String(totalKeys), humanBytes(totalSize), version];
    context.print({
      simple: (out) => out.line(cells.join(", ")),
      json: () => ({ hash, revision, totalKey: totalKeys, totalSize, version }),
      fields: (out) => {
        fieldLine(out, "Hash", hash);
        fieldLine(out, "Revision", revision);
        fieldLine(out, "Keys", totalKeys);
        fieldLine(out, "Size", totalSize);
        fieldLine(out, "Version", version);
      },
      table: () => ({ header: ["Hash", "Revision", "Total Keys", "Total Size", "Storage Version"], rows: [cells] }),
    });
    return undefined;
  },
});

export const snapshotRestore: Command = defineCommand({
  usage: "[options] <filename>",
  takesFiles: true,
  description:
    "Makes the data directory of one member of a new cluster. Run it for every member, from the same file, and start them all with " +
    "the same names, URLs and token.",
  flags: {
    "data-dir": text("path to the data directory (default: <name>.kvorum)", { placeholder: "<directory>" }),
    "wal-dir": text("path to the WAL directory (use --data-dir if none given)", { placeholder: "<directory>" }),
    name: text("human-readable name for this member", { fallback: "default" }),
    "initial-cluster": text("initial cluster configuration for restore bootstrap", {
      fallback: "default=http://localhost:2380",
    }),
    "initial-cluster-token": text("initial cluster token for restore bootstrap", { fallback: "etcd-cluster" }),
    "initial-advertise-peer-urls": text("list of this member's peer URLs to advertise to the rest of the cluster", {
      fallback: "http://localhost:2380",
    }),
    "skip-hash-check": onOff("ignore the snapshot's digest; its parts are checked all the same"),
    "bump-revision": int64("how much to increase the latest revision after restore"),
    "mark-compacted": onOff(
      "give up history before the latest revision after restore (required if --bump-revision > 0, disallowed otherwise)",
    ),
  },
  run: async (context, args, flags) => {
    const [file] = args;
    if (file === undefined || args.length !== 1) throw badArguments("snapshot restore requires exactly one argument");
    const offline = await import("@kvorum/server/offline");
    const name = flags.name;
    const dataDir = flags["data-dir"] === "" ? `${name}.kvorum` : flags["data-dir"];
    const restored = await offline.restoreSnapshot({
      ...{ file, dataDir, name },
      walDir: flags["wal-dir"] === "" ? undefined : flags["wal-dir"],
      initialCluster: offline.parseInitialCluster(flags["initial-cluster"], "--initial-cluster"),
      clusterToken: flags["initial-cluster-token"],
      peerUrls: peerUrls(flags["initial-advertise-peer-urls"], name, offline.parseInitialCluster),
      skipHashCheck: flags["skip-hash-check"],
      bumpRevision: flags["bump-revision"],
      markCompacted: flags["mark-compacted"],
    });
    // On standard error, as a script expects nothing else from it.
    context.terminal.error(
      `Restored revision ${restored.savedRevision} into ${dataDir}: member ${hexId(restored.memberId)} of cluster ` +
        `${hexId(restored.clusterId)}, at revision ${restored.revision}\n`,
    );
    return undefined;
  },
});

/** Read as those in `--initial-cluster` are, so that the two can be compared. */
function peerUrls(
  urls: string,
  name: string,
  parse: (text: string, source: string) => readonly { readonly peerUrls: readonly string[] }[],
): readonly string[] {
  const pairs = urls.split(",").map((url) => `${name}=${url}`);
  return parse(pairs.join(","), "--initial-advertise-peer-urls")[0]?.peerUrls ?? [];
}

function interrupted(message: string): CommandFailure {
  return new CommandFailure(EXIT.interrupted, message);
}
