/** A write of an owner to a record: as it should be done, with the ownership in its condition, and as it should not. */
import { codec, isEtcdError } from "@kvorum/client";
import type { Ownership } from "@kvorum/concurrency";
import { sharedNowMs } from "../model.js";
import type { Write } from "./events.js";
import { REQUEST_MS, type RecordValue, type Work } from "./work.js";

const recordCodec = codec.json<RecordValue>();

export type Guard = "guarded" | "unguarded";

export class Records {
  readonly #work: Work;
  #written = 0;

  constructor(work: Work) {
    this.#work = work;
  }

  /** Names of the values that stand there, by guard; empty where nothing was written. Errors: `EtcdError`. */
  async read(name: string): Promise<Readonly<Record<Guard, string>>> {
    const { client } = this.#work;
    const { op } = client.withCodec(recordCodec);
    const then = [op.get(this.#key(name, "guarded")), op.get(this.#key(name, "unguarded"))] as const;
    const { responses } = await client.txn({ then }, { timeout: REQUEST_MS });
    return { guarded: responses[0]?.value.id ?? "", unguarded: responses[1]?.value.id ?? "" };
  }

  /** Replaces the value that was read, and notes what came of it. */
  async write(name: string, owned: Ownership, guard: Guard, was: string): Promise<Pick<Write, "id" | "status">> {
    const { client, job, log } = this.#work;
    const token = owned.fencingToken;
    const id = `${job.worker}.${name}#${++this.#written}`;
    const put = client.withCodec(recordCodec).op.put(this.#key(name, guard), { id, was, token: String(token) });
    const spec = { if: guard === "guarded" ? [owned.ownership()] : [], then: [put] };
    const event = { kind: "write", name, token, guarded: guard === "guarded", id } as const;
    try {
      const { header, succeeded } = await client.txn(spec, { timeout: REQUEST_MS });
      const status = succeeded ? "accepted" : "refused";
      log.note({ ...event, status, revision: header.revision, atMs: sharedNowMs() });
      return { id, status };
    } catch (error) {
      if (!isEtcdError(error)) throw error;
      log.note({ ...event, status: "unknown", atMs: sharedNowMs() });
      return { id, status: "unknown" };
    }
  }

  #key(name: string, guard: Guard): string {
    return `${this.#work.job.space}record/${name}/${guard}`;
  }
}
