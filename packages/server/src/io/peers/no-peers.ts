/** The network of a member that listens for no others: an embedded node of its own cluster. */
import { type PeerNetwork, PeerUnavailableError } from "../../peer-network.js";

export const NO_PEERS: PeerNetwork = {
  start() {},
  setPeers() {},
  send() {},
  sendSnapshot(_message, body) {
    body.close();
  },
  ask: (to) => Promise.reject(new PeerUnavailableError(`member ${to.toString(16)} cannot be reached from here`)),
  discover: () => Promise.resolve(undefined),
  connectedSince: () => undefined,
};
