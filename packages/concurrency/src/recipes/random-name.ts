/** Names that nobody else has: 128 bits of the client's chance, which in a test cluster is the test's. */
import type { ClientWorld } from "@kvorum/client";

const WORDS = 4;

export function randomName({ random }: ClientWorld): string {
  let name = "";
  for (let word = 0; word < WORDS; word++) {
    name += Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  }
  return name;
}
