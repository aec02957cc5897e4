/** gRPC messages in what a stream delivers, and just enough of protobuf to count watch events. Pure. */

const PREFIX_BYTES = 5;
const NOTHING: Buffer = Buffer.alloc(0);
/** `repeated mvccpb.Event events = 11` of WatchResponse, `bool created = 3`, `bool canceled = 4`. */
const EVENTS = 11;
const CREATED = 3;
const CANCELED = 4;

/** Cuts what a stream delivers into messages, handed out as views. */
export class MessageSplitter {
  #rest: Buffer = NOTHING;

  push(chunk: Buffer, each: (message: Buffer) => void): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= PREFIX_BYTES) {
      const end = at + PREFIX_BYTES + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) break;
      each(bytes.subarray(at + PREFIX_BYTES, end));
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}

export interface WatchNews {
  readonly created: boolean;
  readonly canceled: boolean;
  readonly events: number;
}

/** What a WatchResponse says, without decoding its events. */
export function watchNews(message: Buffer): WatchNews {
  let [at, events, created, canceled] = [0, 0, false, false];
  const varint = (): number => {
    let [value, factor] = [0, 1];
    for (;;) {
      const octet = message[at++];
      if (octet === undefined) throw new RangeError("the message ends inside a number");
      value += (octet & 0x7f) * factor;
      if (octet < 0x80) return value;
      factor *= 128;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    if (tag % 8 === 2) {
      const length = varint();
      at += length;
      if (field === EVENTS) events++;
    } else if (tag % 8 === 0) {
      const value = varint();
      if (field === CREATED) created = value !== 0;
      if (field === CANCELED) canceled = value !== 0;
    } else throw new RangeError(`wire type ${tag % 8} is in no WatchResponse`);
  }
  return { created, canceled, events };
}
