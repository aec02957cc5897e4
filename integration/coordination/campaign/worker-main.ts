/** One worker process of the campaign: what it does stands in its first argument, and its parent can order it about. */
import { createClient } from "@kvorum/client";
import { seeded } from "../../support/random.js";
import { campaignForever } from "./election-worker.js";
import { EventLog } from "./events.js";
import { contendForever } from "./mutex-worker.js";
import { type Job, Orders } from "./orders.js";
import { workForever } from "./queue-worker.js";
import { shareForever } from "./shared-worker.js";
import { transactForever } from "./stm-worker.js";
import type { Work } from "./work.js";

const WORK: Readonly<Record<Job["story"], (work: Work) => Promise<void>>> = {
  mutex: contendForever,
  election: campaignForever,
  stm: transactForever,
  shared: shareForever,
  work: workForever,
};

const job = JSON.parse(process.argv[2] ?? "{}") as Job;
const orders = new Orders();
await using client = createClient({ endpoints: job.endpoints, syncMembers: false });
await WORK[job.story]({ client, job, log: new EventLog(job.log, job.worker), orders, random: seeded(job.seed) });
await client.close();
process.exit(0);
