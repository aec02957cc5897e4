/** Three processes campaign, the leader is killed, and another one carries the job on. */
import { Fleet } from "../../leader-election/fleet.js";
import { expect, type Step } from "../stage.js";

const LEADER_MS = 15_000;

export const election: Step = {
  title: "An election whose leader is killed",
  async play(stage) {
    await using fleet = await stage.ask(
      "start three worker processes",
      () => Fleet.start([stage.node.endpoint], "tour/scheduler", 3),
      () => "all campaign",
    );
    const first = await stage.ask(
      "who leads?",
      () => fleet.leader(LEADER_MS),
      ({ worker, token }) => `${worker}, token ${token}`,
    );
    await stage.ask(
      `kill -9 ${first.pid}`,
      () => fleet.kill(first),
      () => `${first.worker} is gone`,
    );
    const second = await stage.ask(
      "who leads when its lease is over?",
      () => fleet.leader(LEADER_MS),
      ({ worker, token }) => `${worker}, token ${token}`,
    );
    await fleet.dismiss(second);
    expect(second.worker !== first.worker && second.token > first.token, "another worker leads with a greater token");
    const contradictions = fleet.timeline.contradictions();
    expect(contradictions.length === 0, `one leader at a time, but ${contradictions.join("; ")}`);
    return `${first.worker} → ${second.worker}, terms never overlap`;
  },
};
