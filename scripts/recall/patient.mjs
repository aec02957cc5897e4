/** The code with a bug in it, in a process of its own that can be ended: asked one means after the other whether it notices. */
import { fork } from "node:child_process";
import { bundle } from "../bundle.mjs";
import { plantIn } from "./patch.mjs";

const ENTRY = "integration/robustness/recall-main.ts";
/** Nothing takes that long by the real clock: stories and seeds have deadlines on their own. */
const PATIENCE_MS = 120_000;

export class Patient {
  /** Names of the stories that there are. */
  scenarios;
  #process;
  #isHealthy;

  /** @param {import("./patch.d.mts").Bug | undefined} bug none: the code as it is */
  static async admit(bug) {
    const { url, remove } = await bundle(ENTRY, { plugins: bug === undefined ? [] : [plantIn(bug)] });
    const patient = new Patient(url, bug === undefined);
    try {
      ({ scenarios: patient.scenarios } = await patient.#answer());
      return patient;
    } catch (error) {
      patient.dismiss();
      throw error;
    } finally {
      remove();
    }
  }

  constructor(url, isHealthy) {
    this.#isHealthy = isHealthy;
    this.#process = fork(new URL("worker.mjs", import.meta.url), [url], { execArgv: ["--enable-source-maps"] });
  }

  /**
   * @param {import("./patch.d.mts").Claim} means
   * @returns {Promise<string | undefined>} what was noticed, in one line
   * @throws when nothing can be said: a mistake of the patch or of the story, or no end of it
   */
  async ask(means) {
    this.#process.send(means);
    const { noticed, broken, stray } = await this.#answer();
    if (broken !== undefined) throw new Error(broken);
    // A node that a bug has felled may leave such a thing behind; one without a bug may not.
    if (noticed === undefined && stray !== undefined && this.#isHealthy) return `nobody has waited for: ${stray}`;
    return noticed;
  }

  dismiss() {
    this.#process.kill("SIGKILL");
  }

  #answer() {
    return new Promise((resolve, reject) => {
      const child = this.#process;
      const settle = (act) => (value) => {
        clearTimeout(timer);
        for (const event of ["message", "error", "exit"]) child.removeAllListeners(event);
        act(value);
      };
      const fail = settle(reject);
      const timer = setTimeout(() => fail(new Error(`no answer within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
      child.once("message", settle(resolve));
      child.once("error", fail);
      child.once("exit", (code, signal) => fail(new Error(`the process ended with ${code ?? signal}`)));
    });
  }
}
