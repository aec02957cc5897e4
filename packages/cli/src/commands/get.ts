/** `get`: one key, or a range of them. */
import { RangeRequestSchema } from "@kvorum/proto";
import { type Command, defineCommand } from "../command.js";
export const get: Command = defineCommand({
  usage: "",
  flags: {},
  run: async () => {
    void RangeRequestSchema;
  },
});
