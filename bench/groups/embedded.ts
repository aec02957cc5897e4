/** An embedded node, as tests of other programs start it. */
import { ENGINE_VARIABLE } from "@kvorum/transport";
import type { Group, Subject } from "../plan.js";
import { runProgram } from "../programs.js";
import type { Readings } from "../readings.js";

const NAME = "embedded-start";

export const embeddedGroup: Group<Subject> = {
  name: "embedded",
  title: "Embedded node",
  names: () => [NAME],
  open: async ({ engine }) => ({
    subjects: [{ name: "kvorum" }],
    workloads: [
      {
        name: NAME,
        title: "embedded node in memory, from its start to the first answer",
        how: "a new process each time: `startNode()`, a client, one put",
        targets: [{ metric: "firstAnswerMs", subject: "kvorum", atMost: 150 }],
        measure: () => runProgram<Readings>("embedded/embedded-main.js", {}, { [ENGINE_VARIABLE]: engine }),
      },
    ],
    close: async () => {},
  }),
};
