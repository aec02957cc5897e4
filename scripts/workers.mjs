/** Tasks of a campaign, shared out among processes. */
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";

/** Processes that a campaign has. */
export const WORKERS = Math.max(1, Math.min(availableParallelism(), 8));

/**
 * There is a process for each processor: a collector with threads of its own would only take time from the others (a twentieth
 * of the simulation's). Megabytes.
 */
const COLLECTOR = ["--single-threaded-gc", "--min-semi-space-size=32", "--max-semi-space-size=32"];

/**
 * Starts fresh processes of one program; each takes the next task when it is done with one. The program says when it is
 * ready, and then answers every message with one. Errors: when a process ends by itself.
 *
 * @template Task, Answer
 * @param {object} options
 * @param {URL} options.program
 * @param {string} options.url what the program is to import, its only argument
 * @param {Iterable<Task>} options.tasks read as they are needed
 * @param {(task: Task) => unknown} [options.message] what the process is sent. Default: the task.
 * @param {(task: Task, answer: Answer, seconds: number) => void} options.take
 */
export async function shareOut({ program, url, tasks, message = (task) => task, take }) {
  const queue = tasks[Symbol.iterator]();
  await Promise.all(Array.from({ length: WORKERS }, () => work(program, url, queue, message, take)));
}

async function work(program, url, queue, message, take) {
  const worker = fork(program, [url], { execArgv: ["--enable-source-maps", ...COLLECTOR] });
  const failed = new Promise((_, reject) => {
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`a process of the campaign ended with ${code}`)));
  });
  failed.catch(() => {});
  const answer = () => Promise.race([new Promise((resolve) => worker.once("message", resolve)), failed]);
  await answer();
  for (let next = queue.next(); next.done !== true; next = queue.next()) {
    const from = performance.now();
    worker.send(message(next.value));
    take(next.value, await answer(), (performance.now() - from) / 1000);
  }
  worker.kill();
}
