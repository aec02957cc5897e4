/**
 * What the writers of the kill loop know: for each of them the last number that was acknowledged and the last that was
 * sent. After a crash the stored number must lie between the two, and the key's version must equal it: nothing lost,
 * nothing applied twice.
 */
import { type KeyValue, KV } from "@kvorum/proto";
import { type Channel, RpcError } from "@kvorum/transport";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const bytes = (value: string): Uint8Array => Buffer.from(value);

export interface WriterState {
  acknowledged: number;
  sent: number;
}

export class Ledger {
  readonly writers: WriterState[];
  /** The highest revision that an answer showed. */
  revision = 0n;
  acknowledgements = 0;

  constructor(writers: number) {
    this.writers = Array.from({ length: writers }, () => ({ acknowledged: 0, sent: 0 }));
  }

  /** All writers put one after the other, each its own key, until a call fails. Resolves when every writer has ended. */
  async write(channel: Channel): Promise<void> {
    await Promise.all(this.writers.map((writer, i) => this.#writeOne(channel, writer, `writer/${i}`)));
  }

  /** Holds the ledger against the store. Returns what is wrong, nothing when all is well. */
  async audit(channel: Channel): Promise<string[]> {
    const answer = await channel.unary(
      KV.method.range,
      { key: bytes("writer/"), rangeEnd: bytes("writer0") },
      { timeoutMs: 10_000 },
    );
    const wrong: string[] = [];
    const revision = answer.header?.revision ?? 0n;
    if (revision < this.revision) wrong.push(`revision went back from ${this.revision} to ${revision}`);
    const stored = new Map(answer.kvs.map((kv) => [text(kv.key), kv]));
    for (const [i, writer] of this.writers.entries())
      wrong.push(...this.#auditOne(`writer/${i}`, writer, stored.get(`writer/${i}`)));
    return wrong;
  }

  #auditOne(key: string, writer: WriterState, kv: KeyValue | undefined): string[] {
    const stored = kv === undefined ? 0 : Number(text(kv.value));
    const wrong: string[] = [];
    if (stored < writer.acknowledged) wrong.push(`${key}: acknowledged ${writer.acknowledged}, stored ${stored}`);
    if (stored > writer.sent) wrong.push(`${key}: sent ${writer.sent}, stored ${stored}`);
    if (kv !== undefined && kv.version !== BigInt(stored))
      wrong.push(`${key}: value ${stored} at version ${kv.version}`);
    // What turned out to be stored is what the next run goes on from.
    writer.acknowledged = stored;
    writer.sent = stored;
    return wrong;
  }

  async #writeOne(channel: Channel, writer: WriterState, key: string): Promise<void> {
    for (;;) {
      writer.sent = writer.acknowledged + 1;
      try {
        const answer = await channel.unary(
          KV.method.put,
          { key: bytes(key), value: bytes(String(writer.sent)) },
          { timeoutMs: 10_000 },
        );
        writer.acknowledged = writer.sent;
        this.acknowledgements++;
        const revision = answer.header?.revision ?? 0n;
        if (revision > this.revision) this.revision = revision;
      } catch (error) {
        if (error instanceof RpcError) return;
        throw error;
      }
    }
  }
}
