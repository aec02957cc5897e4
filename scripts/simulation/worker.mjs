/** One process of the simulation campaign: plays the seeds that it is sent, one after the other. */
const { forbidGlobals, runSeed, shrink } = await import(process.argv[2]);
const guard = forbidGlobals();
// Simulated trouble makes errors by the thousand, and nobody reads where they were made: a seed that fails is told by its rule,
// and played again in a process that keeps the traces.
Error.stackTraceLimit = 0;

process.on("message", async ({ seed, durationMs, shrinks }) => {
  try {
    const result = await runSeed(seed, { durationMs });
    const small = result.failure !== undefined && shrinks ? await shrink(seed, { durationMs }) : undefined;
    const uses = guard.takeUses();
    if (uses.length > 0) throw new Error(uses.join("\n"));
    process.send({
      result,
      ...(small !== undefined && { small: { plan: describe(small.plan), text: small.result.failure } }),
    });
  } catch (error) {
    process.send({ error: error instanceof Error ? error.stack : String(error) });
  }
});
process.send("ready");

function describe(plan) {
  return JSON.stringify({ ...plan, faults: [...plan.faults] });
}
