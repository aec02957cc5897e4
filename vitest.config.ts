/**
 * Test projects: `unit` runs beside the sources, `integration` starts real servers, and `alone` is those of them that want the
 * machine for themselves: fixed ports, whole clusters of processes under load, or a clock to keep. `long` and
 * `containers` run as campaigns only.
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** They build an image and start an engine: a campaign of their own (`scripts/campaigns/containers.mjs`), which sets the variable. */
const CONTAINERS = "integration/containers/*.test.ts";
const WITH_CONTAINERS = process.env["KVORUM_CONTAINERS"] !== undefined;

/**
 * Long comparisons with etcd and its tools, floods, and what plays seeds only to test their player: a campaign too
 * (`scripts/campaigns/long.mjs`), so that `npm test` stays within ten minutes on two processors.
 */
const LONG = [
  "integration/attacks/*.test.ts",
  "integration/auth/etcdctl.test.ts",
  "integration/cli/{administration,completion,guides,migrate,process,same-as-etcdctl,secure,tour}.test.ts",
  "integration/{client,concurrency}/etcd.test.ts",
  "integration/conformance/members.test.ts",
  "integration/gateway/attacks.test.ts",
  "integration/etcdctl/subcommands.test.ts",
  "integration/robustness/simulation/run-seed.test.ts",
  "integration/tls/{cluster,floods,processes,rotation}.test.ts",
] as const;
const WITH_LONG = process.env["KVORUM_LONG"] !== undefined;

/** Most of what integration tests do is waiting, so that two fit on two processors. */
const WORKERS = Math.max(2, availableParallelism() - 1);

const INTEGRATION = ["integration/**/*.test.ts", "examples/**/*.test.ts"] as const;
const ALONE = [
  "integration/kills/*.test.ts",
  "integration/packages/*.test.ts",
  "integration/readme/*.test.ts",
  "integration/robustness/{partitions,stories,tools}.test.ts",
  "integration/client/{processes,suspended}.test.ts",
] as const;

// Tests run the TypeScript sources of every package, so no stale build can hide in a unit test.
const alias = {
  "@kvorum/proto": at("proto/gen/index.ts"),
  "@kvorum/transport": at("packages/transport/src/index.ts"),
  "@kvorum/client/testing": at("packages/client/src/testing.ts"),
  "@kvorum/client": at("packages/client/src/index.ts"),
  "@kvorum/concurrency/grpc-js": at("packages/concurrency/src/grpc-js.ts"),
  "@kvorum/concurrency/recipes": at("packages/concurrency/src/recipes.ts"),
  "@kvorum/concurrency": at("packages/concurrency/src/index.ts"),
  "@kvorum/server/offline": at("packages/server/src/offline/index.ts"),
  "@kvorum/cli": at("packages/cli/src/index.ts"),
  "@kvorum/server/testing": at("packages/server/src/testing.ts"),
  "@kvorum/server": at("packages/server/src/index.ts"),
};

export default defineConfig({
  resolve: { alias },
  esbuild: { target: "es2022" },
  test: {
    // Default imports of CommonJS packages mean what they mean in Node, where the built packages run.
    deps: { interopDefault: false },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: [
            "proto/**/*.test.ts",
            "packages/*/{src,testing}/**/*.test.ts",
            "scripts/**/*.test.ts",
            "bench/**/*.test.ts",
          ],
          exclude: ["**/node_modules/**", "**/dist/**"],
          testTimeout: 20_000,
          maxWorkers: WORKERS,
          // Files share the modules of their worker: loading them anew for each took more time than the tests.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: [...INTEGRATION],
          exclude: ["**/node_modules/**", "**/dist/**", CONTAINERS, ...LONG, ...ALONE],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: WORKERS,
          // As above: a third of the processor time of these tests was the loading of modules.
          isolate: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "alone",
          include: [...ALONE],
          exclude: ["**/node_modules/**", "**/dist/**"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          maxConcurrency: 2,
          sequence: { groupOrder: 2 },
        },
      },
      ...(WITH_LONG
        ? [
            {
              extends: true as const,
              test: {
                name: "long",
                include: [...LONG],
                exclude: ["**/node_modules/**", "**/dist/**"],
                testTimeout: 60_000,
                hookTimeout: 60_000,
                maxWorkers: WORKERS,
                sequence: { groupOrder: 3 },
              },
            },
          ]
        : []),
      ...(WITH_CONTAINERS
        ? [
            {
              extends: true as const,
              test: {
                name: "containers",
                include: [CONTAINERS],
                exclude: ["**/node_modules/**", "**/dist/**"],
                // Images are built in it.
                hookTimeout: 180_000,
                testTimeout: 60_000,
                sequence: { groupOrder: 4 },
              },
            },
          ]
        : []),
    ],
  },
});
