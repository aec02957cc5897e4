export interface BuiltServer {
  readonly KEY_BY_FLAG: ReadonlyMap<string, unknown>;
  readonly NOT_CARRIED: ReadonlyMap<string, { readonly effect: string; readonly advice: string }>;
  readonly ABSENT_METRICS: Readonly<Record<string, string>>;
  readonly measured: ReadonlySet<string>;
}

export interface CoverageRow {
  readonly kind: string;
  readonly name: string;
  readonly how: "run" | "built" | "test" | "reason" | "none";
  readonly what: string;
}

export interface Citation {
  readonly file: string;
  readonly title: string;
}

export interface Coverage {
  readonly sections: readonly { readonly title: string; readonly rows: readonly CoverageRow[] }[];
  readonly idle: readonly string[];
  readonly citations: readonly Citation[];
}

export const REASONS: string;
export function coverageOf(root: string, built: BuiltServer): Coverage;
export function isThere(root: string, citation: Citation): boolean;
