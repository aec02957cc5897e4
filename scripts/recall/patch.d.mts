/** The types of `patch.mjs` for its test; the script itself runs as it stands, before anything is built. */
import type { StructuredPatch } from "diff";

/**
 * What is said to notice the bug: a scenario by its name, a seed of the simulation of whole nodes or of Raft alone, or
 * nothing so far.
 */
export type Claim =
  | { readonly means: "scenario"; readonly name: string }
  | { readonly means: "seed" | "raft seed"; readonly seed: number }
  | { readonly means: "nothing" };

export interface Bug {
  readonly number: number;
  readonly name: string;
  readonly file: string;
  /** What the patch says before its diff. */
  readonly about: string;
  readonly claim: Claim;
  /** By path below the root. */
  readonly files: ReadonlyMap<string, StructuredPatch>;
}

export function readBugs(): Bug[];
export function bugOf(file: string, text: string): Bug;
export function claimText(claim: Claim): string;
export function planted(bug: Bug, path: string, source: string): string;
