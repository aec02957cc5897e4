/** The lean channel against the transport contract, with engine one's server: directly, over a unix socket, behind the mux. */
import { describe, it } from "vitest";
import { createNiceServer } from "../nice/server.js";
import { transportContract } from "../testing/contract.js";
import { Harness } from "../testing/harness.js";
import { servingWays } from "../testing/serving.js";
import { leanChannel } from "./channel.js";

for (const { name, serve } of servingWays) {
  describe(`lean to nice ${name}`, () => {
    for (const { name: promise, run } of transportContract) {
      it(promise, async () => {
        await using harness = new Harness({ name, channel: leanChannel, createServer: createNiceServer, serve });
        await run(harness);
      });
    }
  });
}
