/** A gRPC service without a schema: it answers with its own name. And a way to call it. */
import {
  type ChannelOptions,
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
} from "@grpc/grpc-js";

const METHOD = "/test.Echo/Who";
const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value };

export interface EchoServer extends AsyncDisposable {
  /** As it is registered. */
  readonly addr: string;
  /** As when its process is killed. */
  kill(): void;
}

export async function startEcho(name: string, addr = "127.0.0.1:0"): Promise<EchoServer> {
  const server = new Server();
  server.addService(
    {
      who: {
        path: METHOD,
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes.serialize,
        requestDeserialize: bytes.deserialize,
        responseSerialize: bytes.serialize,
        responseDeserialize: bytes.deserialize,
      },
    },
    { who: (_call: unknown, callback: (error: null, value: Buffer) => void) => callback(null, Buffer.from(name)) },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(addr, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    addr: addr.replace(/:0$/, `:${port}`),
    kill: () => server.forceShutdown(),
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  };
}

export class EchoClient implements Disposable {
  readonly #client: Client;

  constructor(target: string, options: ChannelOptions = {}) {
    this.#client = new Client(target, credentials.createInsecure(), options);
  }

  /** The name of the server that answered. Rejects with the `ServiceError`. */
  who(options: { readonly deadlineMs?: number; readonly waitForReady?: boolean } = {}): Promise<string> {
    const { deadlineMs = 5_000, waitForReady = false } = options;
    return new Promise((resolve, reject) => {
      const answer = (error: ServiceError | null, value?: Buffer): void =>
        error === null ? resolve(String(value)) : reject(error);
      const { serialize, deserialize } = bytes;
      const metadata = new Metadata({ waitForReady });
      const options = { deadline: Date.now() + deadlineMs };
      this.#client.makeUnaryRequest(METHOD, serialize, deserialize, Buffer.alloc(0), metadata, options, answer);
    });
  }

  /** Who answers so many calls, one after the other, without repeats and in order of their names. */
  async everyone(calls = 8): Promise<string[]> {
    const names = new Set<string>();
    for (let i = 0; i < calls; i++) names.add(await this.who());
    return [...names].sort();
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
