/**
 * A name server of our own on loopback, for service records only: what a test says about a name is the answer to a question for
 * it; other names do not exist. RFC 1035 §4 has the format, RFC 2782 the record.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";

export interface SrvTarget {
  readonly name: string;
  readonly port: number;
}

export interface TestDns {
  /** `127.0.0.1:port`, for `Resolver.setServers`. */
  readonly address: string;
  readonly records: Map<string, readonly SrvTarget[]>;
  close(): Promise<void>;
}

const SRV = 33;
const INTERNET = 1;
const NO_SUCH_NAME = 3;
const HEADER_BYTES = 12;

export async function startDns(): Promise<TestDns> {
  const records = new Map<string, readonly SrvTarget[]>();
  const socket = createSocket("udp4");
  socket.on("message", (query, { port, address }) => socket.send(answerTo(query, records), port, address));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    records,
    close: async () => {
      socket.close();
      await once(socket, "close");
    },
  };
}

function answerTo(query: Buffer, records: TestDns["records"]): Buffer {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const question = query.subarray(HEADER_BYTES, at + 1 + 4);
  const targets = records.get(labels.join(".").toLowerCase());
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(query.readUInt16BE(0), 0);
  // An answer, by who is in charge of the name.
  header.writeUInt16BE(0x8400 | (targets === undefined ? NO_SUCH_NAME : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(targets?.length ?? 0, 6);
  return Buffer.concat([header, question, ...(targets ?? []).map(recordOf)]);
}

function recordOf({ name, port }: SrvTarget): Buffer {
  const target = Buffer.concat(name.split(".").map((label) => Buffer.from([label.length, ...Buffer.from(label)])));
  const record = Buffer.alloc(18);
  // Where the name stands that was asked for.
  record.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  record.writeUInt16BE(SRV, 2);
  record.writeUInt16BE(INTERNET, 4);
  record.writeUInt32BE(1, 6);
  record.writeUInt16BE(6 + target.length + 1, 10);
  record.writeUInt16BE(port, 16);
  return Buffer.concat([record, target, Buffer.from([0])]);
}
