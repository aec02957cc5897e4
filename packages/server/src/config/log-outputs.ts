/**
 * `--log-outputs`: where the log goes. `default` and etcd's `systemd/journal` mean standard error, which the journal reads
 * in any service of systemd; what is no such word is the path of a file.
 */
import { list, type ReadValue, ValueError } from "./values.js";

/** Every line is written once an output, synchronously. */
const OUTPUTS_MAX = 8;

const STANDARD_ERROR = ["default", "stderr", "systemd/journal"];

/** `stderr`, `stdout` and paths, each once. */
export const logOutputs: ReadValue<readonly string[]> = (value) => {
  const words = list(value);
  if (words.includes("default") && words.length > 1) throw new ValueError("default alone, or other outputs");
  const outputs = [...new Set(words.map((word) => (STANDARD_ERROR.includes(word) ? "stderr" : word)))];
  if (outputs.length > OUTPUTS_MAX) throw new ValueError(`${OUTPUTS_MAX} outputs at most`);
  return outputs;
};
