/**
 * The client's channels of `node:diagnostics_channel`, by which tracing and metrics look on without the client knowing of
 * them. A channel that nobody subscribes to costs one look at a flag.
 *
 * | name                     | kind            | message             |
 * | ------------------------ | --------------- | ------------------- |
 * | `etcd.client.call`       | tracing channel | `CallMessage`       |
 * | `etcd.client.connection` | channel         | `ConnectionMessage` |
 * | `etcd.client.watch`      | channel         | `WatchMessage`      |
 * | `etcd.client.lease`      | channel         | `LeaseMessage`      |
 */
import { type Channel, channel, type TracingChannelSubscribers, tracingChannel } from "node:diagnostics_channel";
import type { CallMessage, ConnectionMessage, LeaseMessage, WatchMessage } from "./messages.js";

/** The names under which to subscribe. */
export const CHANNELS = {
  call: "etcd.client.call",
  connection: "etcd.client.connection",
  watch: "etcd.client.watch",
  lease: "etcd.client.lease",
} as const;

export const callChannel: Tracer<CallMessage> = tracingChannel<unknown, CallMessage>(CHANNELS.call);
export const connectionChannel: Publisher<ConnectionMessage> = channel(CHANNELS.connection);
export const watchChannel: Publisher<WatchMessage> = channel(CHANNELS.watch);
export const leaseChannel: Publisher<LeaseMessage> = channel(CHANNELS.lease);

/** A channel that carries one type of message, which Node's own type does not say. */
interface Publisher<M> extends Pick<Channel, "hasSubscribers"> {
  publish(message: M): void;
}

/** What is used of a tracing channel. Node's own type changes the order of its parameters between versions. */
interface Tracer<M extends object> {
  readonly hasSubscribers: boolean;
  subscribe(subscribers: TracingChannelSubscribers<M>): void;
  unsubscribe(subscribers: TracingChannelSubscribers<M>): void;
  tracePromise<T>(traced: () => Promise<T>, message: M): Promise<T>;
}
