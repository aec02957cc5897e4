/** Test projects: `unit` runs beside the sources, `integration` starts real processes and runs one file at a time. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// Tests run the TypeScript sources of every package, so no stale build can hide in a unit test.
const alias = {
  "@kvorum/proto": at("proto/gen/index.ts"),
  "@kvorum/transport": at("packages/transport/src/index.ts"),
  "@kvorum/client/testing": at("packages/client/src/testing.ts"),
  "@kvorum/client": at("packages/client/src/index.ts"),
  "@kvorum/concurrency": at("packages/concurrency/src/index.ts"),
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
        },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["integration/**/*.test.ts", "examples/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          maxConcurrency: 2,
        },
      },
    ],
  },
});
