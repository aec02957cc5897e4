/**
 * One channel of an endpoint and who uses it. A line that is replaced is retired: what is under way on it goes on, its movable
 * streams are told to open elsewhere, and it closes with its last user.
 */
import { type Channel, RpcError, StatusCode } from "@kvorum/transport";

/** Why a stream ended that had no fault: its owner opens it again, and no endpoint is blamed. */
export class StreamMoved extends RpcError {
  constructor(why: string) {
    super(StatusCode.UNAVAILABLE, why);
  }
}

/** A stream that its owner can resume: ending it with a `StreamMoved` is how it goes somewhere else. */
export type Move = (reason: StreamMoved) => void;

export class Line {
  readonly channel: Channel;
  readonly #moves = new Set<Move>();
  #users = 0;
  #retired = false;
  #closing: Promise<void> | undefined;

  constructor(channel: Channel) {
    this.channel = channel;
  }

  get idle(): boolean {
    return this.#users === 0;
  }

  acquire(): void {
    this.#users += 1;
  }

  release(): void {
    this.#users -= 1;
    if (this.#retired && this.#users === 0) void this.close();
  }

  addMovable(move: Move): void {
    this.#moves.add(move);
  }

  removeMovable(move: Move): void {
    this.#moves.delete(move);
  }

  /** Lets its users finish. Idempotent. */
  retire(why: string): void {
    this.#retired = true;
    for (const move of [...this.#moves]) move(new StreamMoved(why));
    if (this.#users === 0) void this.close();
  }

  /** Ends everything on it. Idempotent, never rejects: there is nobody left whom an error would concern. */
  close(): Promise<void> {
    this.#closing ??= this.channel.close().catch(() => undefined);
    return this.#closing;
  }
}
