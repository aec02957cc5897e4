/**
 * One watch stream as its client sees it: the watches that were asked for, what came for each, with fragments joined. It also
 * holds the server to the form of the conversation: every watch is created once and ends at most once, nothing comes for a
 * watch before the one or after the other, and fragments are continued.
 */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { WatchCreateRequestSchema, WatchResponse as WireResponse } from "@kvorum/proto";
import { WatchCreateRequest_FilterType } from "@kvorum/proto";
import type { WatchEvent, WatchResponse, WatchSession } from "../checker/watch-check.js";
import { bytes, fromEvent, revisionOf, toNumber } from "../wire.js";

/** What is asked for; `startRevision` 0 means: what comes after now. */
export interface WatchAsked {
  readonly key: string;
  readonly rangeEnd?: string;
  readonly startRevision: number;
  readonly prevKv: boolean;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly progressNotify: boolean;
  readonly fragment: boolean;
}

/** A watch that exists or has existed on the stream. */
export interface StreamWatch {
  readonly id: number;
  readonly asked: WatchAsked;
  /** The first revision that it delivers. */
  readonly startRevision: number;
  readonly responses: WatchResponse[];
  /** Fragments of a response that is not complete. */
  readonly parts: WatchEvent[];
  open: boolean;
  compactedAt: number | undefined;
}

export class WatchStreamRecord {
  readonly #source: string;
  /** In the order of the requests, which is that of the answers. */
  readonly #asked: WatchAsked[] = [];
  readonly #watches: StreamWatch[] = [];
  /** Watches that the client has asked to end and that no answer to it has ended yet. */
  readonly #ending = new Set<number>();

  constructor(source: string) {
    this.#source = source;
  }

  get open(): readonly StreamWatch[] {
    return this.#watches.filter(({ open }) => open);
  }

  /** Notes that a watch is about to be asked for. */
  asking(asked: WatchAsked): MessageInitShape<typeof WatchCreateRequestSchema> {
    this.#asked.push(asked);
    const { key, rangeEnd, startRevision, prevKv, progressNotify, fragment, noPut, noDelete } = asked;
    return {
      ...{ key: bytes(key), prevKv, progressNotify, fragment, startRevision: BigInt(startRevision) },
      ...(rangeEnd !== undefined && { rangeEnd: bytes(rangeEnd) }),
      filters: [
        ...(noPut ? [WatchCreateRequest_FilterType.NOPUT] : []),
        ...(noDelete ? [WatchCreateRequest_FilterType.NODELETE] : []),
      ],
    };
  }

  /** Notes that the end of a watch is about to be asked for. */
  ending(id: number): void {
    this.#ending.add(id);
  }

  /** Errors: the server says what it must not say now. */
  take(message: WireResponse): void {
    const id = toNumber(message.watchId);
    if (message.created) {
      this.#created(id, message);
      return;
    }
    if (id === -1) {
      if (message.events.length > 0) throw this.#wrong("events for no watch");
      for (const { responses } of this.open) responses.push({ revision: revisionOf(message), events: [] });
      return;
    }
    const watch = this.open.find((other) => other.id === id);
    if (watch === undefined && this.#isLateEnd(id, message)) return;
    if (watch === undefined) throw this.#wrong(`something for watch ${id}, which is not open`);
    if (message.canceled) this.#canceled(watch, message);
    else this.#delivered(watch, message);
  }

  /** @param due every watch that is still open has had the time to receive everything up to this revision */
  sessions(due: number): WatchSession[] {
    return this.#watches.map(({ asked, startRevision, responses, compactedAt, open }) => ({
      ...{ source: this.#source, key: asked.key, startRevision, prevKv: asked.prevKv, responses },
      ...{ noPut: asked.noPut, noDelete: asked.noDelete },
      ...(asked.rangeEnd !== undefined && { rangeEnd: asked.rangeEnd }),
      ...(compactedAt !== undefined && { compactedAt }),
      ...(open && { dueRevision: due }),
    }));
  }

  /** The stream is gone, and with it everything that was open on it. */
  closed(): void {
    for (const watch of this.open) watch.open = false;
  }

  /** A compaction ends a watch and leaves its id taken: the client's own request to end it is answered all the same (etcd). */
  #isLateEnd(id: number, { canceled, events }: WireResponse): boolean {
    const compacted = this.#watches.some((watch) => watch.id === id && watch.compactedAt !== undefined);
    return canceled && events.length === 0 && compacted && this.#ending.delete(id);
  }

  #created(id: number, message: WireResponse): void {
    const asked = this.#asked.shift();
    if (asked === undefined) throw this.#wrong(`watch ${id} is created, which nobody asked for`);
    if (message.canceled) throw this.#wrong(`a watch of ${asked.key} is refused: ${message.cancelReason}`);
    if (message.events.length > 0) throw this.#wrong(`watch ${id} is created with events`);
    if (this.open.some((other) => other.id === id)) throw this.#wrong(`watch ${id} is created twice`);
    const startRevision = asked.startRevision === 0 ? revisionOf(message) + 1 : asked.startRevision;
    this.#watches.push({ id, asked, startRevision, responses: [], parts: [], open: true, compactedAt: undefined });
  }

  #canceled(watch: StreamWatch, message: WireResponse): void {
    if (message.events.length > 0) throw this.#wrong(`watch ${watch.id} ends with events`);
    if (watch.parts.length > 0) throw this.#wrong(`watch ${watch.id} ends within a fragmented response`);
    watch.open = false;
    if (message.compactRevision !== 0n) watch.compactedAt = toNumber(message.compactRevision);
    else this.#ending.delete(watch.id);
  }

  #delivered(watch: StreamWatch, message: WireResponse): void {
    if (message.fragment && !watch.asked.fragment) throw this.#wrong(`watch ${watch.id} did not ask for fragments`);
    watch.parts.push(...message.events.map(fromEvent));
    if (message.fragment) return;
    watch.responses.push({ revision: revisionOf(message), events: watch.parts.splice(0) });
  }

  #wrong(what: string): Error {
    return new Error(`${this.#source}: ${what}`);
  }
}
