/** What the process uses, read from it and, where there is one, from `/proc`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { MeasureSet } from "../../measures/measure-set.js";

const DESCRIPTORS = "/proc/self/fd";

export class ProcessReadings extends MeasureSet {
  constructor() {
    super();
    const gauge = (name: string, help: string, value: () => number): void => this.reading(name, help, "gauge", value);
    const startSeconds = Math.floor(Date.now() / 1000 - process.uptime());
    gauge("process_start_time_seconds", "Unix time of the start.", () => startSeconds);
    gauge("process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss());
    this.reading("process_cpu_seconds_total", "CPU seconds used, user and system.", "counter", () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
    if (!existsSync(DESCRIPTORS)) return;
    const open = (): number => readdirSync(DESCRIPTORS).length;
    gauge("process_virtual_memory_bytes", "Address space.", virtualBytes);
    gauge("process_open_fds", "Open file descriptors.", open);
    gauge("os_fd_used", "Open file descriptors.", open);
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    if (limit === undefined) return;
    gauge("process_max_fds", "Limit of open file descriptors.", () => Number(limit));
    gauge("os_fd_limit", "Limit of open file descriptors.", () => Number(limit));
  }
}

function virtualBytes(): number {
  const kibibytes = /^VmSize:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return Number(kibibytes) * 1024;
}
