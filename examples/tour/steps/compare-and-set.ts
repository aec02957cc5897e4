/** Writing only if nobody else has written since. */
import { expect, type Step } from "../stage.js";

export const compareAndSet: Step = {
  title: "Compare and set",
  async play(stage) {
    const { client } = stage;
    await stage.ask(
      'put("greeting", "hello")',
      () => client.put("greeting", "hello"),
      ({ header }) => `revision ${header.revision}`,
    );
    const read = await stage.ask(
      'get("greeting")',
      () => client.get("greeting"),
      (kv) => `${JSON.stringify(kv?.value)}, version ${kv?.version}`,
    );
    expect(read?.value === "hello", "the value that was written is read");
    const seen = read.modRevision;
    const first = await stage.ask(
      `compareAndSet("greeting", ${seen}, "hi")`,
      () => client.compareAndSet("greeting", seen, "hi"),
      (result) => (result.ok ? `written, revision ${result.revision}` : "refused"),
    );
    const second = await stage.ask(
      `compareAndSet("greeting", ${seen}, "hey")`,
      () => client.compareAndSet("greeting", seen, "hey"),
      (result) => (result.ok ? "written" : `refused, it is ${JSON.stringify(result.current?.value)} by now`),
    );
    expect(first.ok && !second.ok, "the second write with the same revision is refused");
    return "a stale write is refused";
  },
};
