/** CRC-32C against the published vectors of RFC 3720, appendix B.4. */
import { describe, expect, it } from "vitest";
import { stringBytes } from "./bytes.js";
import { crc32c } from "./crc32c.js";

describe("crc32c", () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);
  it.each([
    ["32 zero bytes", new Uint8Array(32), 0x8a9136aa],
    ["32 bytes of ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["32 ascending bytes", ascending, 0x46dd794e],
    ["32 descending bytes", ascending.slice().reverse(), 0x113fdb5c],
    ["the digits 1 to 9", stringBytes("123456789"), 0xe3069283],
    ["nothing", new Uint8Array(0), 0],
  ])("gives the published checksum of %s", (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  it("continues where a first part ended", () => {
    expect(crc32c(ascending.subarray(5), crc32c(ascending.subarray(0, 5)))).toBe(crc32c(ascending));
  });
});
