/** The types of `bundle.mjs` for tests that start a program of their own. */
import type { Plugin } from "esbuild";

export function bundle(
  entry: string,
  options?: { readonly plugins?: readonly Plugin[] },
): Promise<{ readonly url: string; remove(): void }>;
