/**
 * What a server can do, told from the version that it gives itself. One suite runs against all of them; where a server is too
 * old for a case, the case is skipped, counted as skipped, and says why.
 */
import type { Client } from "@kvorum/client";

/** Each with what it is in words, and the first versions of etcd that have it, one for each minor line that got it. */
const CAPABILITIES = {
  "exact-progress": {
    words: "progress requests that are answered only when true",
    since: ["3.4.25", "3.5.8", "3.6.0"],
  },
  "hash-revision": { words: "the revision beside a hash of the store", since: ["3.6.0"] },
} as const;

export type Capability = keyof typeof CAPABILITIES;

export interface Capabilities {
  readonly version: string;
  /** Why the server has it not, or undefined where it has. */
  missing(capability: Capability): string | undefined;
}

/** Where a test can be skipped while it runs: the context that every test is given. */
export interface SkippableTest {
  skip(reason: string): never;
}

export async function capabilitiesOf(client: Client): Promise<Capabilities> {
  const { version } = await client.maintenance.status();
  return {
    version,
    missing: (capability) => {
      const { words, since } = CAPABILITIES[capability];
      return hasReached(version, since) ? undefined : `etcd ${version} lacks ${words} (from ${since.join(", ")} on)`;
    },
  };
}

/** Ends the test as skipped, and prints why, where the server lacks the capability. */
export function need(context: SkippableTest, capabilities: Capabilities, capability: Capability): void {
  const reason = capabilities.missing(capability);
  if (reason === undefined) return;
  console.log(`skipped: ${reason}`);
  context.skip(reason);
}

/** Is the version at least the one of its own minor line, or newer than all of them? Exported for its own test. */
export function hasReached(version: string, since: readonly string[]): boolean {
  const [major, minor, patch] = parts(version);
  const lines = since.map(parts);
  const own = lines.find(([, line]) => line === minor);
  if (own !== undefined && major === own[0]) return patch >= own[2];
  return lines.every(([first, line]) => major > first || (major === first && minor > line));
}

function parts(version: string): [number, number, number] {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return [major, minor, patch];
}
