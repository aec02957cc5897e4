/**
 * An endpoint and its options, said in grpc-js's words: target, credentials and channel arguments.
 */
import type { ConnectionOptions } from "node:tls";
import { ChannelCredentials, type ChannelOptions as GrpcChannelOptions } from "@grpc/grpc-js";
import type { ChannelOptions, TlsClientOptions } from "../channel.js";
import {
  clientSecureContext,
  connectTimeoutMsDefault,
  isServerName,
  keepAliveIntervalMsDefault,
  keepAliveTimeoutMsDefault,
  parseEndpointAddress,
} from "../endpoint.js";

/** First and longest pause of grpc-js between two attempts to connect. Whom to ask meanwhile is the caller's business. */
const reconnectMsFirst = 100;
const reconnectMsMax = 2_000;
/** HTTP/2 window of a stream, in bytes: node's 64 KiB would make every large answer wait for the round trip. */
const windowBytes = 1024 * 1024;

export interface Target {
  readonly target: string;
  readonly credentials: ChannelCredentials;
}

/** Errors: `TypeError` where the endpoint is not `http`, `https`, `unix` or `unixs`; node's own for TLS material that is none. */
export function parseEndpoint(endpoint: string, tls: TlsClientOptions | undefined): Target {
  const address = parseEndpointAddress(endpoint);
  const credentials = address.secure ? tlsCredentials(tls) : ChannelCredentials.createInsecure();
  if ("path" in address) return { target: `unix://${address.path}`, credentials };
  return { target: `dns:${address.hostname}:${address.port}`, credentials };
}

export function grpcOptions(options: ChannelOptions): GrpcChannelOptions {
  const { connectTimeoutMs = connectTimeoutMsDefault, keepAlive = {}, receiveBytesMax = -1, tls } = options;
  return {
    // Not in grpc-js itself: nice-grpc adds a limit to the time of a connection attempt and reads it from here.
    "grpc.min_reconnect_backoff_ms": connectTimeoutMs,
    "grpc.initial_reconnect_backoff_ms": reconnectMsFirst,
    "grpc.max_reconnect_backoff_ms": reconnectMsMax,
    // Each channel owns its connection. In the process-wide pool two channels to one endpoint would share it.
    "grpc.use_local_subchannel_pool": 1,
    // Whether a call is sent again is the caller's decision, also where the server refused it.
    "grpc.enable_retries": 0,
    "grpc.service_config_disable_resolution": 1,
    // An endpoint is connected to as it was given, whatever proxy the environment names.
    "grpc.enable_http_proxy": 0,
    "grpc.enable_channelz": 0,
    "grpc.max_receive_message_length": receiveBytesMax,
    // Checked before the call is made, with its exact size in the message.
    "grpc.max_send_message_length": -1,
    "grpc-node.flow_control_window": windowBytes,
    ...(keepAlive !== false && {
      "grpc.keepalive_time_ms": keepAlive.intervalMs ?? keepAliveIntervalMsDefault,
      "grpc.keepalive_timeout_ms": keepAlive.timeoutMs ?? keepAliveTimeoutMsDefault,
      "grpc.keepalive_permit_without_calls": 0,
    }),
    ...(tls?.serverName !== undefined && {
      "grpc.ssl_target_name_override": tls.serverName,
      "grpc.default_authority": tls.serverName,
    }),
  };
}

function tlsCredentials(tls: TlsClientOptions = {}): ChannelCredentials {
  const { insecureSkipVerify, checkServerIdentity } = tls;
  const credentials = ChannelCredentials.createFromSecureContext(clientSecureContext(tls), {
    ...(insecureSkipVerify === true && { rejectUnauthorized: false }),
    ...(checkServerIdentity !== undefined && { checkServerIdentity }),
  });
  return withoutAddressAsName(credentials);
}

/**
 * grpc-js asks a server at an address for the certificate of a host that is called like the address; see `isServerName`.
 */
function withoutAddressAsName(credentials: ChannelCredentials): ChannelCredentials {
  const create = credentials._createSecureConnector.bind(credentials);
  credentials._createSecureConnector = (...args) => {
    const connector = create(...args);
    const { connectionOptions } = connector as { readonly connectionOptions?: ConnectionOptions };
    if (connectionOptions !== undefined && !isServerName(connectionOptions.servername ?? "")) {
      delete connectionOptions.servername;
    }
    return connector;
  };
  return credentials;
}
