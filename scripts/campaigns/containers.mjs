/**
 * The image of a node, a cluster of three in containers, and the same of real etcd: the tests of `integration/containers`, which
 * need a container engine. Without one they are skipped and counted as skipped. Build first.
 *
 *   node scripts/campaigns/containers.mjs [counts.json]
 */
import { vitestCampaign } from "../vitest-campaign.mjs";

const [counts] = process.argv.slice(2);
process.exitCode = vitestCampaign({ project: "containers", env: { KVORUM_CONTAINERS: "1" } }, counts);
