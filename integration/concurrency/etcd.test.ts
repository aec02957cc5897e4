/** Locks, elections and transactions against a real etcd. */
import { etcdMissing, startEtcd } from "../support/etcd.js";
import { barrierCases } from "./barrier-cases.js";
import { suite } from "./case.js";
import { counterCases } from "./counter-cases.js";
import { discoveryCases } from "./discovery-cases.js";
import { electionCases } from "./election-cases.js";
import { etcdctlCases } from "./etcdctl-cases.js";
import { faultCases } from "./fault-cases.js";
import { mutexCases } from "./mutex-cases.js";
import { queueCases } from "./queue-cases.js";
import { rwMutexCases } from "./rw-mutex-cases.js";
import { semaphoreCases } from "./semaphore-cases.js";
import { stmCases } from "./stm-cases.js";
import { workQueueCases } from "./work-queue-cases.js";

suite(
  "concurrency on etcd",
  () => startEtcd(),
  etcdMissing(),
  (fixture) => {
    mutexCases(fixture);
    rwMutexCases(fixture);
    semaphoreCases(fixture);
    electionCases(fixture);
    stmCases(fixture);
    counterCases(fixture);
    barrierCases(fixture);
    discoveryCases(fixture);
    etcdctlCases(fixture);
    queueCases(fixture);
    workQueueCases(fixture);
    faultCases(fixture);
  },
);
