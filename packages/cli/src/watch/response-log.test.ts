/** Where the server's messages ended, against the revisions that a watch hands on. */
import { create } from "@bufbuild/protobuf";
import { WatchResponseSchema } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { ResponseLog } from "./response-log.js";

function response(
  headerRevision: bigint,
  revisions: readonly bigint[],
  fragment = false,
): Parameters<ResponseLog["saw"]>[0] {
  return create(WatchResponseSchema, {
    header: { revision: headerRevision },
    events: revisions.map((modRevision) => ({ kv: { modRevision } })),
    fragment,
  });
}

describe("the log of a watch's messages", () => {
  it("keeps the revisions of one message together, with its header", () => {
    const log = new ResponseLog();
    log.saw(response(9n, [3n, 4n, 7n]));
    log.saw(response(10n, [10n]));
    expect(log.endOf(3n)).toBeUndefined();
    expect(log.endOf(4n)).toBeUndefined();
    expect(log.endOf(7n)?.revision).toBe(9n);
    expect(log.endOf(10n)?.revision).toBe(10n);
  });

  it("joins the fragments of a message", () => {
    const log = new ResponseLog();
    log.saw(response(9n, [3n], true));
    log.saw(response(9n, [4n]));
    expect(log.endOf(3n)).toBeUndefined();
    expect(log.endOf(4n)?.revision).toBe(9n);
  });

  it("has the last header for a revision that it does not know", () => {
    const log = new ResponseLog();
    log.saw(response(5n, [5n]));
    log.saw(response(8n, []));
    expect(log.endOf(6n)?.revision).toBe(8n);
    expect(log.latest.revision).toBe(8n);
  });
});
