/** One small piece of hot code that is run over and over. */
export interface Micro {
  readonly name: string;
  /** Does some of it, well under a second, and returns how many operations that was. */
  run(): number;
}

/** Processor time before a measurement, so that the code is compiled. */
const WARM_SECONDS = 0.5;

/** Operations a second of this process's processor time. */
export function perCpuSecond(micro: Micro, seconds: number): number {
  measure(micro, Math.min(WARM_SECONDS, seconds));
  return measure(micro, seconds);
}

function measure({ run }: Micro, seconds: number): number {
  let operations = 0;
  for (const start = process.cpuUsage(); ; ) {
    operations += run();
    const { user, system } = process.cpuUsage(start);
    if (user + system >= seconds * 1e6) return (operations * 1e6) / (user + system);
  }
}
