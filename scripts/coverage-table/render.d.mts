import type { Coverage } from "./coverage.mjs";

export function renderCoverage(coverage: Coverage): string;
