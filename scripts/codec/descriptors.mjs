/** The `.proto` files of the repository as descriptors. */
import { spawnSync } from "node:child_process";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/**
 * Sorted by name, without those that come with protoc.
 *
 * @param {import("node:child_process").SpawnSyncOptions} options
 * @returns {import("@bufbuild/protobuf").DescFile[]}
 */
export function readDescriptors(options) {
  const args = ["build", "--as-file-descriptor-set", "-o", "-#format=binpb"];
  const result = spawnSync("buf", args, { ...options, stdio: ["ignore", "pipe", "inherit"], encoding: "buffer" });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`buf build ended with ${result.status}`);
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, result.stdout));
  return [...registry.files]
    .filter(({ name }) => !name.startsWith("google/protobuf/"))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
