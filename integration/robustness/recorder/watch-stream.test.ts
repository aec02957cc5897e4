/** The form of a watch stream: what a server must not say is refused, what it may say is recorded. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Event_EventType, WatchResponseSchema } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { bytes } from "../wire.js";
import { type WatchAsked, WatchStreamRecord } from "./watch-stream.js";

/** Without the kind of message that is made already, so that parts of it may be replaced. */
type Said = Exclude<MessageInitShape<typeof WatchResponseSchema>, { readonly $typeName: string }>;

const ASKED: WatchAsked = {
  ...{ key: "r/", rangeEnd: "r0", startRevision: 0, prevKv: false, noPut: false, noDelete: false },
  ...{ progressNotify: false, fragment: true },
};

const created = (watchId: bigint): Said => ({ watchId, created: true, header: { revision: 4n } });
const event = (revision: bigint) => ({
  type: Event_EventType.PUT,
  kv: { key: bytes("r/00"), value: bytes(`${revision}`), modRevision: revision, createRevision: revision, version: 1n },
});
const events = (watchId: bigint, ...revisions: bigint[]): Said => ({
  ...{ watchId, header: { revision: revisions.at(-1) ?? 0n }, events: revisions.map(event) },
});

/** A stream on which so many watches were asked for, and what the server has said. */
function stream(asked: readonly WatchAsked[], said: readonly Said[]): WatchStreamRecord {
  const record = new WatchStreamRecord("w");
  for (const one of asked) record.asking(one);
  for (const one of said) record.take(create(WatchResponseSchema, one));
  return record;
}

const wrong: Readonly<Record<string, readonly [string, readonly Said[]]>> = {
  "a watch that nobody asked for": ["nobody asked for", [created(0n), created(1n)]],
  "a watch that is refused": ["is refused", [{ watchId: -1n, created: true, canceled: true, cancelReason: "no" }]],
  "events before the creation": ["not open", [events(0n, 5n)]],
  "events after the end": ["not open", [created(0n), { watchId: 0n, canceled: true }, events(0n, 5n)]],
  "a second end": ["not open", [created(0n), { watchId: 0n, canceled: true }, { watchId: 0n, canceled: true }]],
  "an end within a fragmented response": [
    "within a fragmented response",
    [created(0n), { ...events(0n, 5n), fragment: true }, { watchId: 0n, canceled: true }],
  ],
  "events of no watch": ["events for no watch", [created(0n), events(-1n, 5n)]],
  "a creation that brings events": ["created with events", [{ ...created(0n), events: [event(5n)] }]],
};

describe("a watch stream", () => {
  for (const [name, [words, said]] of Object.entries(wrong)) {
    it(`must not have ${name}`, () => expect(() => stream([ASKED], said)).toThrow(words));
  }

  it("must not create one watch twice", () => {
    expect(() => stream([ASKED, ASKED], [created(0n), created(0n)])).toThrow("created twice");
  });

  it("must not send fragments to a watch that did not ask for them", () => {
    const said = [created(0n), { ...events(0n, 5n), fragment: true }];
    expect(() => stream([{ ...ASKED, fragment: false }], said)).toThrow("did not ask for fragments");
  });

  it("starts behind the revision of its creation when no start was named", () => {
    expect(stream([ASKED], [created(0n)]).sessions(9)).toMatchObject([{ startRevision: 5, dueRevision: 9 }]);
  });

  it("joins the fragments of a response, whatever comes for other watches between them", () => {
    const said = [created(0n), created(1n), { ...events(0n, 5n), fragment: true }, events(1n, 5n), events(0n, 6n)];
    const [one, other] = stream([ASKED, ASKED], said).sessions(6);
    expect(one?.responses.map((response) => response.events.map(({ kv }) => kv.modRevision))).toEqual([[5, 6]]);
    expect(other?.responses).toHaveLength(1);
  });

  it("tells all open watches of progress that was asked for", () => {
    const said: Said[] = [created(0n), created(1n), { watchId: 1n, canceled: true }];
    const [one, other] = stream([ASKED, ASKED], [...said, { watchId: -1n, header: { revision: 7n } }]).sessions(7);
    expect(one?.responses).toEqual([{ revision: 7, events: [] }]);
    expect(other?.responses).toEqual([]);
  });

  it("may answer the end that was asked for after a compaction has ended the watch, once", () => {
    const compacted: Said = { watchId: 0n, canceled: true, compactRevision: 8n };
    const end = create(WatchResponseSchema, { watchId: 0n, canceled: true });
    const record = stream([ASKED], [created(0n), compacted]);
    expect(() => record.take(end)).toThrow("not open");
    record.ending(0);
    record.take(end);
    expect(() => record.take(end)).toThrow("not open");
  });

  it("owes nothing to a watch that was ended, and says where one was overtaken by a compaction", () => {
    const said: Said[] = [created(0n), { watchId: 0n, canceled: true, compactRevision: 8n }];
    const [session] = stream([ASKED], said).sessions(9);
    expect(session).toMatchObject({ compactedAt: 8 });
    expect(session?.dueRevision).toBeUndefined();
  });
});
