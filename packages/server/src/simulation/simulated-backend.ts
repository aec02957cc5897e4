/**
 * The backend of production on a machine's simulated disk, with an ear for its commits. A process that is dead changes nothing
 * any more: what is left of its code may still run to the next promise.
 */
import type { AppliedAt, WriteBatch } from "../core/mvcc/backend.js";
import { openVolume, SegmentBackend, type SegmentBackendOptions } from "../io/backend/segments/segment-backend.js";

export interface SimulatedBackendHooks {
  readonly isAlive: () => boolean;
  /** Told what a commit changes, before it is visible; what it throws is the commit's failure. */
  readonly onCommit: (batch: WriteBatch, at: AppliedAt) => void;
}

/** How large things are, which chance may decide. */
export type BackendFigures = Pick<SegmentBackendOptions, "segmentBytes" | "slackBytes" | "cacheBytes">;

export class SimulatedBackend extends SegmentBackend {
  readonly #hooks: SimulatedBackendHooks;

  private constructor(hooks: SimulatedBackendHooks, ...opened: Awaited<ReturnType<typeof openVolume>>) {
    super(...opened);
    this.#hooks = hooks;
  }

  static async start(options: SegmentBackendOptions, hooks: SimulatedBackendHooks): Promise<SimulatedBackend> {
    return new SimulatedBackend(hooks, ...(await openVolume(options)));
  }

  override commit(batch: WriteBatch, at: AppliedAt): void {
    if (!this.#hooks.isAlive()) throw new Error("the process is dead");
    this.#hooks.onCommit(batch, at);
    super.commit(batch, at);
  }
}
