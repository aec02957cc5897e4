import type { BuiltServer } from "./coverage.mjs";

export function builtServer(root: string): Promise<BuiltServer>;
