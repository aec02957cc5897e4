/** Locks, elections and transactions against a real etcd. */
import { etcdMissing, startEtcd } from "../support/etcd.js";
import { suite } from "./case.js";
import { mutexCases } from "./mutex-cases.js";

suite(
  "concurrency on etcd",
  () => startEtcd(),
  etcdMissing(),
  (fixture) => {
    mutexCases(fixture);
  },
);
