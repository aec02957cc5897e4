/** S19 for what can be seen from outside: a message's size. S18: what costs space is refused while there is none. */
import { spaceCost } from "../../../src/core/apply/space.js";
import { ServerError } from "../../../src/core/errors.js";
import type { Entry, MessageOf } from "../../../src/core/raft/types.js";
import { decodeCommand } from "../../../src/io/wire/command.js";
import { DEFAULT_TUNING } from "../../../src/node/tuning.js";
import { violated } from "../violation.js";

/** Entries of a message hold so many bytes of data at most; a single entry always fits. */
export function checkAppend(
  name: string,
  { entries, to }: MessageOf<"append">,
  messageBytesMax: number = DEFAULT_TUNING.messageBytesMax,
): void {
  if (entries.length <= 1) return;
  const bytes = entries.reduce((sum, { data }) => sum + data.length, 0);
  if (bytes > messageBytesMax) {
    violated("S19", `${name} sends ${bytes} bytes to ${to.toString(16)}, allowed are ${messageBytesMax}`);
  }
}

/** @param alarms as they stand after the entry; only an alarm command changes them */
export function checkRefusal(
  name: string,
  entry: Entry,
  answer: unknown,
  alarms: readonly { readonly alarm: string }[],
): void {
  if (entry.type !== "command" || entry.data.length === 0) return;
  if (!alarms.some(({ alarm }) => alarm === "no-space")) return;
  const { content } = decodeCommand(entry.data);
  if (spaceCost(content) > 0 && !(answer instanceof ServerError)) {
    violated("S18", `${name} applies a ${content.kind} at ${entry.index} and there is no space`);
  }
}
