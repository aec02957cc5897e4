/**
 * Which header came with which revisions. A watch hands on one revision after the other; etcdctl prints message by message, with
 * the message's header, and history comes as one message. This log remembers where the messages ended.
 */
import { create } from "@bufbuild/protobuf";
import { type ResponseHeader, ResponseHeaderSchema, type WatchResponse } from "@kvorum/proto";

/** Messages whose events nobody has taken yet; the client holds fewer than that many events. */
const MESSAGES_MAX = 4_096;

interface Message {
  readonly lastRevision: bigint;
  readonly header: ResponseHeader;
}

export class ResponseLog {
  readonly #messages: Message[] = [];
  #latest: ResponseHeader = create(ResponseHeaderSchema);

  /** Of the last message, of whatever kind. */
  get latest(): ResponseHeader {
    return this.#latest;
  }

  saw(response: WatchResponse): void {
    if (response.header !== undefined) this.#latest = response.header;
    const lastRevision = response.events.at(-1)?.kv?.modRevision;
    if (lastRevision === undefined) return;
    // Fragments of one message: only the last one says where it ends.
    if (response.fragment) return;
    this.#messages.push({ lastRevision, header: this.#latest });
    if (this.#messages.length > MESSAGES_MAX) this.#messages.shift();
  }

  /**
   * The header of the message that ended with this revision, and everything before it is forgotten; undefined while the message
   * that brought it has more to come.
   */
  endOf(revision: bigint): ResponseHeader | undefined {
    while ((this.#messages[0]?.lastRevision ?? revision) < revision) this.#messages.shift();
    const [first] = this.#messages;
    // Unknown: it was dropped, or a resumed stream cut the messages otherwise.
    if (first === undefined) return this.#latest;
    if (first.lastRevision > revision) return undefined;
    this.#messages.shift();
    return first.header;
  }
}
