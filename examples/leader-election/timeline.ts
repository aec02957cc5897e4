/** Who led when: one term after another, with the revisions of the job runs that were stored during it. */
export interface Term {
  readonly worker: string;
  readonly token: bigint;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  endMs: number | undefined;
  ended: "killed" | "resigned" | undefined;
  runs: number;
  firstRevision: bigint | undefined;
  lastRevision: bigint | undefined;
}

export class Timeline {
  readonly #terms: Term[] = [];

  get terms(): readonly Term[] {
    return this.#terms;
  }

  begin(worker: string, token: bigint, startMs: number): void {
    const open = { endMs: undefined, ended: undefined, runs: 0, firstRevision: undefined, lastRevision: undefined };
    this.#terms.push({ worker, token, startMs, ...open });
  }

  ran(token: bigint, revision: bigint): void {
    const term = this.#terms.find((each) => each.token === token);
    if (term === undefined) return;
    term.runs += 1;
    term.firstRevision ??= revision;
    term.lastRevision = revision;
  }

  end(worker: string, how: "killed" | "resigned", endMs: number): void {
    const term = this.#terms.findLast((each) => each.worker === worker);
    if (term === undefined || term.endMs !== undefined) return;
    term.endMs = endMs;
    term.ended = how;
  }

  /**
   * What contradicts "one leader at a time"; empty where nothing does. Three witnesses: the clock of the machine, the
   * fencing tokens, and the revisions at which the store took the runs of the job.
   */
  contradictions(): string[] {
    return this.#terms.slice(1).flatMap((term, i) => {
      const before = this.#terms[i];
      if (before === undefined) return [];
      const found: string[] = [];
      const pair = `${before.worker} and ${term.worker}`;
      if (before.endMs === undefined || before.endMs > term.startMs) found.push(`${pair} led at the same time`);
      if (before.token >= term.token)
        found.push(`the token of ${term.worker} is not greater than that of ${before.worker}`);
      const [last, first] = [before.lastRevision, term.firstRevision];
      if (last !== undefined && first !== undefined && last >= first) found.push(`${pair}: job runs interleave`);
      return found;
    });
  }

  /** A table with one bar a term, `width` characters wide. */
  render(width: number): string[] {
    const originMs = this.#terms[0]?.startMs ?? 0;
    const totalMs = Math.max(1, ...this.#terms.map((term) => (term.endMs ?? term.startMs) - originMs));
    const at = (ms: number): number => Math.round((ms / totalMs) * width);
    const head = `${"worker".padEnd(10)}${"token".padStart(6)}${"start".padStart(9)}${"end".padStart(9)}${"runs".padStart(6)}  ended`;
    return [
      head,
      ...this.#terms.map(({ worker, token, startMs, endMs, runs, ended }) => {
        const from = startMs - originMs;
        const to = endMs === undefined ? undefined : endMs - originMs;
        const bar = " ".repeat(at(from)) + "█".repeat(Math.max(1, at(to ?? totalMs) - at(from)));
        const times = seconds(from) + (to === undefined ? "" : seconds(to)).padStart(9);
        return `${worker.padEnd(10)}${String(token).padStart(6)}${times}${String(runs).padStart(6)}  ${(ended ?? "").padEnd(9)} ${bar}`;
      }),
    ];
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`.padStart(9);
}
