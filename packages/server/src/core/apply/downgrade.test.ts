/** A downgrade is replicated state: begun once, ended by an operator, kept over a restart. */
import { expect, it } from "vitest";
import { MemoryBackend } from "../../io/backend/memory-backend.js";
import { WriteBuffer } from "../mvcc/write-buffer.js";
import { Downgrade } from "./downgrade.js";

it("a downgrade is begun once, until it is ended, and stands after a restart", () => {
  const buffer = new WriteBuffer(new MemoryBackend());
  const downgrade = new Downgrade(buffer);
  expect(downgrade.target).toBeUndefined();
  downgrade.set(undefined);
  expect(downgrade.target, "ending none is no error").toBeUndefined();
  downgrade.set("3.5.0");
  expect(() => downgrade.set("3.5.0")).toThrow("etcdserver: cluster has a downgrade job in progress");
  expect(new Downgrade(buffer).target).toBe("3.5.0");
  downgrade.set(undefined);
  expect(new Downgrade(buffer).target).toBeUndefined();
  downgrade.set("3.5.0");
  expect(downgrade.target).toBe("3.5.0");
});
