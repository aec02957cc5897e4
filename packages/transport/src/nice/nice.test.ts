/** Engine one against the transport contract: directly, over a unix socket, and behind the port mux. */
import { describe, it } from "vitest";
import { transportContract } from "../testing/contract.js";
import { Harness } from "../testing/harness.js";
import { servingWays } from "../testing/serving.js";
import { niceChannel } from "./channel.js";
import { createNiceServer } from "./server.js";

for (const { name, serve } of servingWays) {
  describe(`nice to nice ${name}`, () => {
    for (const { name: promise, run } of transportContract) {
      it(promise, async () => {
        await using harness = new Harness({ name, channel: niceChannel, createServer: createNiceServer, serve });
        await run(harness);
      });
    }
  });
}
