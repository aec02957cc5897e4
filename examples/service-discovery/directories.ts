/** Who is there, answered from memory: a live directory for each type that is asked for. */
import { type Client, prefix } from "@kvorum/client";
import { Discovery, type ServiceDirectory } from "@kvorum/concurrency/recipes";
import { FOLDER, type Service, serviceAt, serviceName } from "./service.js";

/** Anybody may ask for any type, so the one that was not asked for the longest makes room. */
const DIRECTORIES_MAX = 100;
/** Milliseconds that the first request for a type waits for the cluster. */
const ANSWER_MS = 5_000;

export class Directories implements AsyncDisposable {
  readonly #client: Client;
  readonly #discovery: Discovery;
  /** In the order in which they were asked for last. */
  readonly #directories = new Map<string, ServiceDirectory>();

  constructor(client: Client) {
    this.#client = client;
    this.#discovery = new Discovery(client);
  }

  /** Instances of one type; as they were last while the cluster is away. Errors: `TimeoutError` where it was never there. */
  async find(type: string): Promise<Service[]> {
    const directory = this.#directories.get(type) ?? this.#discovery.watch(serviceName(type));
    this.#directories.delete(type);
    this.#directories.set(type, directory);
    const [oldest] = this.#directories;
    if (oldest !== undefined && this.#directories.size > DIRECTORIES_MAX) {
      this.#directories.delete(oldest[0]);
      await oldest[1].close();
    }
    const instances = await directory.waitFor(0, { timeout: ANSWER_MS });
    return instances.map(({ addr }) => serviceAt(type, addr));
  }

  /** Instances of all types, read from the cluster. */
  async all(): Promise<Service[]> {
    const keys = await this.#client.keys(prefix(`${FOLDER}/`));
    return keys.map((key) => {
      const [type = "", addr = ""] = key.slice(FOLDER.length + 1).split("/");
      return serviceAt(type, addr);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#directories.values()].map((directory) => directory.close()));
  }
}
