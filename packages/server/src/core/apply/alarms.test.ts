/** Alarms are replicated state: raised and cleared by commands, kept over a restart. */
import { describe, expect, it } from "vitest";
import { MemoryBackend } from "../../io/backend/memory-backend.js";
import { WriteBuffer } from "../mvcc/write-buffer.js";
import { Alarms } from "./alarms.js";
import type { Alarm } from "./command.js";

const space: Alarm = { memberId: 7n, alarm: "no-space" };
const corrupt: Alarm = { memberId: 3n, alarm: "corrupt" };

describe("alarms", () => {
  it("answer an activation with the alarm, also when it stands already", () => {
    const alarms = new Alarms(new WriteBuffer(new MemoryBackend()));
    expect(alarms.activate(space)).toEqual([space]);
    expect(alarms.activate(space)).toEqual([space]);
    expect(alarms.active).toEqual([space]);
  });

  it("do nothing on the activation of none", () => {
    const alarms = new Alarms(new WriteBuffer(new MemoryBackend()));
    expect(alarms.activate({ memberId: 7n, alarm: "none" })).toEqual([]);
    expect(alarms.active).toEqual([]);
  });

  it("are cleared by exactly their member and type: 0 is no wildcard", () => {
    const alarms = new Alarms(new WriteBuffer(new MemoryBackend()));
    alarms.activate(space);
    expect(alarms.deactivate({ memberId: 0n, alarm: "no-space" })).toEqual([]);
    expect(alarms.deactivate({ memberId: 7n, alarm: "corrupt" })).toEqual([]);
    expect(alarms.deactivate({ memberId: 7n, alarm: "none" })).toEqual([]);
    expect(alarms.deactivate(space)).toEqual([space]);
    expect(alarms.active).toEqual([]);
  });

  it("are listed by type, all of them for none", () => {
    const alarms = new Alarms(new WriteBuffer(new MemoryBackend()));
    alarms.activate(corrupt);
    alarms.activate(space);
    expect(alarms.list("none")).toEqual([space, corrupt]);
    expect(alarms.list("corrupt")).toEqual([corrupt]);
  });

  it("are read back from storage in the same order", () => {
    const buffer = new WriteBuffer(new MemoryBackend());
    const alarms = new Alarms(buffer);
    alarms.activate(corrupt);
    alarms.activate(space);
    alarms.activate({ memberId: 0xffff_ffff_ffff_ffffn, alarm: "no-space" });
    alarms.activate({ memberId: 1n, alarm: "corrupt" });
    alarms.deactivate({ memberId: 1n, alarm: "corrupt" });
    expect(new Alarms(buffer).active).toEqual(alarms.active);
  });
});
