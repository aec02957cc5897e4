/** What `render.mjs` needs of the server's sources or of its build. */
export interface FlagData {
  readonly FLAGS: Readonly<Record<string, unknown>>;
  readonly SETTING_KEYS: readonly string[];
  readonly NOT_CARRIED: ReadonlyMap<string, unknown>;
  // Functions of the server's own types.
  fallbackText(flag: never): string;
  fileKeyOf(key: never): string;
}

export declare function withTables(guide: string, data: FlagData): string;
