/** The cutter of frames, on bytes made by hand. */
import { describe, expect, it } from "vitest";
import { type FrameCut, FrameCutter } from "./frames.js";

const frame = (type: number, payload: string): Buffer => {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  return Buffer.concat([header, Buffer.from(payload)]);
};
const SETTINGS = frame(4, "");
const HEADERS = frame(1, "headers!");
const DATA = frame(0, "a message of some length");
const STREAM = Buffer.concat([SETTINGS, HEADERS, DATA, SETTINGS, DATA, HEADERS]);

/** What the client gets when the bytes arrive in chunks of this size. */
function received(cut: FrameCut | undefined, chunk: number): { bytes: Buffer; cut: boolean } {
  const cutter = new FrameCutter();
  cutter.arm(cut);
  const parts: Buffer[] = [];
  for (let at = 0; at < STREAM.length; at += chunk) {
    const passed = cutter.pass(STREAM.subarray(at, at + chunk));
    parts.push(...passed.parts);
    if (passed.cut) return { bytes: Buffer.concat(parts), cut: true };
  }
  return { bytes: Buffer.concat(parts), cut: false };
}

describe("the cutter of frames", () => {
  const cases: readonly [FrameCut, Buffer][] = [
    [{ frame: 0, place: "before" }, SETTINGS],
    [{ frame: 0, place: "inside" }, Buffer.concat([SETTINGS, HEADERS.subarray(0, 8)])],
    [{ frame: 0, place: "after" }, Buffer.concat([SETTINGS, HEADERS])],
    [{ frame: 1, place: "inside" }, Buffer.concat([SETTINGS, HEADERS, DATA.subarray(0, 16)])],
    [{ frame: 2, place: "before" }, Buffer.concat([SETTINGS, HEADERS, DATA, SETTINGS])],
    [{ frame: 3, place: "after" }, STREAM],
  ];
  it.each([1, 7, 20, 1_000])("ends a connection where it is told to, with bytes that come %i at a time", (chunk) => {
    for (const [cut, expected] of cases) expect(received(cut, chunk)).toEqual({ bytes: expected, cut: true });
  });

  it("passes everything while it is not told to cut, and when there are not so many frames", () => {
    expect(received(undefined, 5)).toEqual({ bytes: STREAM, cut: false });
    expect(received({ frame: 4, place: "before" }, 5)).toEqual({ bytes: STREAM, cut: false });
  });

  it("counts from when it was told, also in the middle of a connection", () => {
    const cutter = new FrameCutter();
    cutter.pass(Buffer.concat([SETTINGS, HEADERS, DATA.subarray(0, 12)]));
    cutter.arm({ frame: 0, place: "before" });
    const { parts, cut } = cutter.pass(Buffer.concat([DATA.subarray(12), SETTINGS, DATA]));
    expect({ bytes: Buffer.concat(parts), cut }).toEqual({
      bytes: Buffer.concat([DATA.subarray(12), SETTINGS]),
      cut: true,
    });
  });
});
