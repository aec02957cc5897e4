/** SETTINGS (RFC 9113 §6.5): what the other side may send us and how, six octets each. */
import { ErrorCode, Http2Error } from "./error-code.js";

export const SettingId = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
} as const;

export const SETTING_BYTES = 6;
export const FRAME_BYTES_MIN = 16_384;
export const FRAME_BYTES_MAX = 16_777_215;
/** Window of a stream and of the connection until something else is said. */
export const WINDOW_BYTES_DEFAULT = 65_535;
export const WINDOW_BYTES_MAX = 0x7fffffff;

export const HEADER_TABLE_BYTES_DEFAULT = 4_096;

/** What the other side has said so far. Until then the values of §6.5.2 hold. */
export class PeerSettings {
  /** The smallest size of its HPACK table so far; 4,096 is where every encoder begins. */
  headerTableBytesMin: number = HEADER_TABLE_BYTES_DEFAULT;
  concurrentStreams = 0xffffffff;
  windowBytes: number = WINDOW_BYTES_DEFAULT;
  frameBytes: number = FRAME_BYTES_MIN;
  headerListBytes = 0xffffffff;

  /** Takes over the payload of a frame. Errors: `Http2Error` for a value that is not allowed. */
  read(bytes: Uint8Array, from: number, to: number, byServer: boolean): void {
    for (let at = from; at < to; at += SETTING_BYTES) {
      const id = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
      this.#set(id, uint32(bytes, at + 2), byServer);
    }
  }

  #set(id: number, value: number, byServer: boolean): void {
    switch (id) {
      case SettingId.HEADER_TABLE_SIZE:
        this.headerTableBytesMin = Math.min(this.headerTableBytesMin, value);
        break;
      case SettingId.ENABLE_PUSH:
        if (value > (byServer ? 0 : 1)) throw new Http2Error(ErrorCode.PROTOCOL_ERROR, `ENABLE_PUSH of ${value}`);
        break;
      case SettingId.MAX_CONCURRENT_STREAMS:
        this.concurrentStreams = value;
        break;
      case SettingId.INITIAL_WINDOW_SIZE:
        if (value > WINDOW_BYTES_MAX) {
          throw new Http2Error(ErrorCode.FLOW_CONTROL_ERROR, `INITIAL_WINDOW_SIZE of ${value}`);
        }
        this.windowBytes = value;
        break;
      case SettingId.MAX_FRAME_SIZE:
        if (value < FRAME_BYTES_MIN || value > FRAME_BYTES_MAX) {
          throw new Http2Error(ErrorCode.PROTOCOL_ERROR, `MAX_FRAME_SIZE of ${value}`);
        }
        this.frameBytes = value;
        break;
      case SettingId.MAX_HEADER_LIST_SIZE:
        this.headerListBytes = value;
        break;
      // Others are ignored (§6.5.2).
    }
  }
}

export function uint32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) * 0x1000000 +
    (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  );
}
