/**
 * The sockets that a server has accepted. grpc-js keeps them to itself and closes them politely, even by force: it sends
 * its last bytes and waits for the other side to close too, which a client that was cut off never does; TCP gives up
 * after a quarter of an hour. Node tells of every accepted socket (`diagnostics_channel`, "net.server.socket"), so those
 * of one port can be found and ended.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";

const CHANNEL = "net.server.socket";

export class AcceptedSockets {
  readonly #port: number;
  readonly #sockets = new Set<Socket>();

  constructor(port: number) {
    this.#port = port;
    subscribe(CHANNEL, this.#accepted);
  }

  /** Ends what is left, whatever it is waiting for, and listens for no more. */
  destroy(): void {
    unsubscribe(CHANNEL, this.#accepted);
    for (const socket of this.#sockets) socket.destroy();
  }

  readonly #accepted = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket };
    if (socket.localPort !== this.#port) return;
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  };
}
