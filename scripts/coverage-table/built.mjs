/** What the built server says of its own flags and metrics. */
import { join } from "node:path";

export async function builtServer(root) {
  const load = (name) => import(join(root, "packages/server/dist", `${name}.js`));
  const { KEY_BY_FLAG } = await load("config/flags");
  const { NOT_CARRIED } = await load("config/not-carried");
  const { ABSENT_METRICS } = await load("rpc/metrics/absent");
  return { KEY_BY_FLAG, NOT_CARRIED, ABSENT_METRICS, measured: await measured(load) };
}

async function measured(load) {
  const [
    { NodeMeasures },
    { PeerMeasures },
    { CallMeasures },
    { HealthMeasures },
    { NodeReadings },
    { ProcessReadings },
  ] = await Promise.all(
    [
      ...["measures/node-measures", "measures/peer-measures", "rpc/metrics/call-measures"],
      ...["rpc/metrics/health-measures", "rpc/metrics/node-readings", "rpc/metrics/process-readings"],
    ].map(load),
  );
  const sets = [
    ...[new NodeMeasures(), new PeerMeasures(), new CallMeasures(true), new HealthMeasures(), new ProcessReadings()],
    // Nothing is read of the node here: only names are asked for.
    new NodeReadings({ node: { header: { memberId: 1n } }, serverVersion: "", quotaBytes: 1 }),
  ];
  return new Set(sets.flatMap(({ all }) => [...all].map(({ name }) => name)));
}
