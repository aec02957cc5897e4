/**
 * A member as it lies in table `member`. The first byte of a key tells members (0, then the id; the value is
 * `kvorum.internal.MemberRecord`) from ids that were removed (1, then the id).
 */
import { decodeUtf8, MessageWriter, readMessage } from "../wire-format.js";
import type { Member } from "./command.js";

/** The value of a removed id: what counts is that the key is there. */
export const REMOVED_MARK: Uint8Array = Uint8Array.of(1);

export function memberKey(id: bigint): Uint8Array {
  return keyOf(0, id);
}

export function removedKey(id: bigint): Uint8Array {
  return keyOf(1, id);
}

export function encodeMember(member: Member): Uint8Array {
  const writer = new MessageWriter().varint(1, member.id).text(2, member.name);
  for (const url of member.peerUrls) writer.element(3, url);
  for (const url of member.clientUrls) writer.element(4, url);
  return writer.varint(5, member.isLearner ? 1n : 0n).finish();
}

export function decodeMember(bytes: Uint8Array): Member {
  let id = 0n;
  let name = "";
  let isLearner = false;
  const urls: { 3: string[]; 4: string[] } = { 3: [], 4: [] };
  for (const field of readMessage(bytes)) {
    if (field.number === 1) id = field.varint;
    else if (field.number === 2) name = decodeUtf8(field.bytes);
    else if (field.number === 3 || field.number === 4) urls[field.number].push(decodeUtf8(field.bytes));
    else if (field.number === 5) isLearner = field.varint !== 0n;
  }
  return { id, name, peerUrls: urls[3], clientUrls: urls[4], isLearner };
}

function keyOf(kind: number, id: bigint): Uint8Array {
  const key = new Uint8Array(9);
  const view = new DataView(key.buffer);
  view.setUint8(0, kind);
  view.setBigUint64(1, id);
  return key;
}
