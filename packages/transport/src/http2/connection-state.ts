/** What the two halves of a connection know of each other: how far it has come, and the numbers of its streams. */

export const STREAM_ID_MAX = 0x7fffffff;

export class ConnectionState {
  readonly client: boolean;
  /** Time of the last call that brought one, in milliseconds. */
  nowMs = 0;
  /** The other side's SETTINGS have come. */
  ready = false;
  /** GOAWAY was sent or received. */
  leaving = false;
  /** The last GOAWAY was sent: requests from here on are refused. */
  refusing = false;
  /** Failed, or the socket is gone: nothing is taken or sent any more. */
  over = false;
  /** Client: the id that the next stream gets. */
  nextId = 1;
  /** Server: the highest id that a client has used. */
  lastPeerId = 0;
  /** Server: the highest id of a request that was handed out. */
  lastRequestId = 0;
  /** The last stream that the other side's GOAWAY lets live. */
  lastAllowedId: number = STREAM_ID_MAX;

  constructor(client: boolean) {
    this.client = client;
  }

  /** Nobody has used this id: HEADERS and PRIORITY are all that may come for it (RFC 9113 §5.1). A server's ids are even, and pushes are off. */
  isIdle(id: number): boolean {
    if (id % 2 === 0) return true;
    return this.client ? id >= this.nextId : id > this.lastPeerId;
  }
}
