/**
 * How many calls a second the HTTP/2 core does by itself, both sides of a connection in one thread without sockets. A few
 * seconds. Build first.
 *
 *   node scripts/http2-core.mjs [--seconds N]
 */
import { parseArgs } from "node:util";
import { importSources } from "./import-sources.mjs";
import { wholeNumber } from "./whole-number.mjs";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "3" } } });
const { coreSpeed } = await importSources("integration/http2/core-speed-main.ts");
const perSecond = coreSpeed(wholeNumber("seconds", values.seconds));
const micros = (1e6 / perSecond).toFixed(2);
console.log(`${Math.round(perSecond)} calls a second of processor time, ${micros} µs each for both sides`);
