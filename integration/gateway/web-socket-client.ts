/** A WebSocket whose messages are read one after the other. */
import { once } from "node:events";
import { WebSocket } from "ws";

export class Client {
  readonly #socket: WebSocket;
  readonly #messages: string[] = [];
  /** Resolves with the code of the close. */
  readonly closed: Promise<number>;
  #wake = (): void => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("message", (data) => {
      this.#messages.push(String(data));
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", (code) => {
        this.#wake();
        resolve(code);
      });
    });
  }

  /** Errors: when the server does not take the handshake. */
  static async open(url: string, protocols?: readonly string[]): Promise<Client> {
    const socket = new WebSocket(url, protocols === undefined ? [] : [...protocols]);
    const client = new Client(socket);
    await once(socket, "open");
    return client;
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  send(request: object): void {
    this.#socket.send(JSON.stringify(request));
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  /** The next message. Errors: when the socket closes before. */
  async next(): Promise<string> {
    while (this.#messages.length === 0) {
      if (this.#socket.readyState > WebSocket.OPEN) throw new Error("the socket is closed");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#messages.shift() ?? "";
  }

  close(): void {
    this.#socket.close();
  }
}
