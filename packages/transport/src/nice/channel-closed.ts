/** What a call hears that is made on a closed channel, or that its close ends. */
import { RpcError, StatusCode } from "../status.js";

export const CHANNEL_CLOSED = "the channel is closed";

export function channelClosed(method: string): RpcError {
  return new RpcError(StatusCode.CANCELLED, CHANNEL_CLOSED, { method, maybeSent: false });
}
