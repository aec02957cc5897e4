/**
 * Tests that take too long for `npm test`: every command line of `kvorumctl` and `etcdctl` beside each other, guides typed into
 * a shell, moved clusters, members compared with etcd's, floods of connections and frames, the player of seeds. Build first.
 *
 *   node scripts/campaigns/long.mjs [counts.json]
 */
import { vitestCampaign } from "../vitest-campaign.mjs";

const [counts] = process.argv.slice(2);
process.exitCode = vitestCampaign({ project: "long", env: { KVORUM_LONG: "1" } }, counts);
