/**
 * An endpoint and its options, said in grpc-js's words: target, credentials and channel arguments.
 */
import { isIP } from "node:net";
import { resolve } from "node:path";
import { type ConnectionOptions, createSecureContext } from "node:tls";
import { ChannelCredentials, type ChannelOptions as GrpcChannelOptions } from "@grpc/grpc-js";
import type { ChannelOptions, TlsClientOptions } from "../channel.js";

const connectTimeoutMsDefault = 5_000;
const keepAliveIntervalMsDefault = 10_000;
const keepAliveTimeoutMsDefault = 5_000;
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
  const unix = /^unix(s?):(?:\/\/)?(.+)$/.exec(endpoint);
  if (unix !== null) {
    const credentials = unix[1] === "s" ? tlsCredentials(tls) : ChannelCredentials.createInsecure();
    return { target: `unix://${resolve(unix[2] ?? "")}`, credentials };
  }

  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:") || url.hostname === "") {
    throw new TypeError(
      `endpoint must be http://host:port, https://host:port, unix:path or unixs:path, got ${JSON.stringify(endpoint)}`,
    );
  }
  const secure = url.protocol === "https:";
  const port = url.port === "" ? (secure ? "443" : "80") : url.port;
  return {
    target: `dns:${url.hostname}:${port}`,
    credentials: secure ? tlsCredentials(tls) : ChannelCredentials.createInsecure(),
  };
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
  const { ca, cert, key, crl, minVersion = "TLSv1.2", maxVersion, ciphers } = tls;
  const context = createSecureContext({
    ...(ca !== undefined && { ca: pem(ca) }),
    ...(cert !== undefined && { cert: pem(cert) }),
    ...(key !== undefined && { key: pem(key) }),
    ...(crl !== undefined && { crl: crl.map(pem) }),
    minVersion,
    ...(maxVersion !== undefined && { maxVersion }),
    ...(ciphers !== undefined && { ciphers }),
  });
  const { insecureSkipVerify, checkServerIdentity } = tls;
  const credentials = ChannelCredentials.createFromSecureContext(context, {
    ...(insecureSkipVerify === true && { rejectUnauthorized: false }),
    ...(checkServerIdentity !== undefined && { checkServerIdentity }),
  });
  return withoutAddressAsName(credentials);
}

/**
 * grpc-js asks a server at an address for the certificate of a host that is called like the address. RFC 6066 forbids it,
 * Node warns of it, and no other client of etcd does it. The certificate is verified against the address all the same.
 */
function withoutAddressAsName(credentials: ChannelCredentials): ChannelCredentials {
  const create = credentials._createSecureConnector.bind(credentials);
  credentials._createSecureConnector = (...args) => {
    const connector = create(...args);
    const { connectionOptions } = connector as { readonly connectionOptions?: ConnectionOptions };
    if (connectionOptions !== undefined && isIP(connectionOptions.servername ?? "") !== 0) {
      delete connectionOptions.servername;
    }
    return connector;
  };
  return credentials;
}

function pem(material: string | Uint8Array): Buffer {
  return Buffer.from(material);
}
