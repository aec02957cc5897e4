/** A configuration that readers can trust: the config-service example without its HTTP face. */

import type { Change } from "../../config-service/history.js";
import { History } from "../../config-service/history.js";
import { LiveConfig } from "../../config-service/live-config.js";
import { setValue } from "../../config-service/set-value.js";
import { HttpError } from "../../shared/http.js";
import { expect, type Step } from "../stage.js";

export const checkedConfig: Step = {
  title: "A configuration under a schema",
  async play(stage) {
    const store = stage.client.namespace("/config/");
    const history = new History();
    const live = new LiveConfig(store, history);
    const stop = new AbortController();
    await live.seed();
    const following = live.run(stop.signal);
    try {
      const nextChange = (): Promise<Change> =>
        new Promise((resolve) => {
          const unsubscribe = history.subscribe((change) => {
            unsubscribe();
            resolve(change);
          });
        });
      const accepted = await stage.ask(
        'put("/config/timeout", "45")',
        async () => {
          const change = nextChange();
          await store.put("timeout", "45");
          return change;
        },
        ({ outcome }) => `${outcome}, readers get ${live.good?.config.timeout}`,
      );
      expect(accepted.outcome === "accepted" && live.good?.config.timeout === 45, "a good value reaches the readers");
      const refused = await stage.ask(
        'put("/config/port", "http")',
        async () => {
          const change = nextChange();
          await store.put("port", "http");
          return change;
        },
        ({ outcome }) => `${outcome}, readers still get ${live.good?.config.port}`,
      );
      expect(refused.outcome === "refused" && live.good?.config.port === 8080, "a bad value does not");
      const reason = await stage.ask(
        'the service is asked for port "70000"',
        () => refusalOf(setValue(store, live, history, "port", { value: "70000" })),
        (why) => why,
      );
      expect(reason.startsWith("400"), "the service refuses it before it is written");
      return "bad values never reach readers";
    } finally {
      stop.abort();
      await following;
    }
  },
};

async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "accepted";
  } catch (error) {
    if (error instanceof HttpError) return `${error.status}: ${error.message}`;
    throw error;
  }
}
