/**
 * A header block and the frames that carry it (RFC 9113 §4.3, §6.2, §6.10): one HEADERS frame, then CONTINUATION frames of
 * the same stream with nothing between them, the last one with END_HEADERS.
 */
import { FRAME_PAYLOAD_BYTES_DEFAULT, type Frame, FrameFlag, FrameType, frameBytes } from "./frame.js";
import { joined } from "./octets.js";

/** What HEADERS says beside the block. */
export interface HeaderBlock {
  readonly streamId: number;
  /** No body follows. */
  readonly endStream: boolean;
  /** The five octets of a stream dependency (deprecated by RFC 9113, and ignored by most), as they came. */
  readonly priority: Uint8Array;
  /** The block itself, for the HPACK decoder. */
  readonly fragment: Uint8Array;
}

const PRIORITY_BYTES = 5;

/**
 * Puts the block of a HEADERS frame and its CONTINUATION frames together. Undefined if the padding or the priority does
 * not fit into HEADERS, which is a connection error (RFC 9113 §6.2).
 */
export function readHeaderBlock(headers: Frame, continuations: readonly Frame[]): HeaderBlock | undefined {
  const { flags, payload, streamId } = headers;
  const padded = (flags & FrameFlag.PADDED) !== 0;
  const start = padded ? 1 : 0;
  const fragmentStart = start + ((flags & FrameFlag.PRIORITY) !== 0 ? PRIORITY_BYTES : 0);
  const end = payload.length - (padded ? (payload[0] ?? 0) : 0);
  if (fragmentStart > end) return undefined;
  return {
    streamId,
    endStream: (flags & FrameFlag.END_STREAM) !== 0,
    priority: payload.subarray(start, fragmentStart),
    fragment: joined([payload.subarray(fragmentStart, end), ...continuations.map((frame) => frame.payload)]),
  };
}

/** The frames of a block, without padding, none with more payload than every receiver takes. */
export function writeHeaderBlock(block: HeaderBlock): Uint8Array {
  const { streamId, priority, fragment } = block;
  const frames: Uint8Array[] = [];
  let at = 0;
  do {
    const first = at === 0;
    const end = Math.min(fragment.length, at + FRAME_PAYLOAD_BYTES_DEFAULT - (first ? priority.length : 0));
    const last = end === fragment.length ? FrameFlag.END_HEADERS : 0;
    const part = fragment.subarray(at, end);
    frames.push(
      first
        ? frameBytes({ type: FrameType.HEADERS, flags: headersFlags(block) | last, streamId }, joined([priority, part]))
        : frameBytes({ type: FrameType.CONTINUATION, flags: last, streamId }, part),
    );
    at = end;
  } while (at < fragment.length);
  return joined(frames);
}

function headersFlags({ endStream, priority }: HeaderBlock): number {
  return (endStream ? FrameFlag.END_STREAM : 0) | (priority.length > 0 ? FrameFlag.PRIORITY : 0);
}
