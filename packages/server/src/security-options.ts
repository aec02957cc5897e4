/** What a node can be told of its listeners, identities and HTTP surface. Names in the comments are etcd's flags. */

/** TLS of one kind of listener. Files are PEM; they are read again when they change, so certificates rotate without a restart. */
export interface TlsOptions {
  /** `--cert-file`. Not needed with `autoTls`. */
  readonly certFile?: string | undefined;
  /** `--key-file`. */
  readonly keyFile?: string | undefined;
  /** `--trusted-ca-file`: signs the certificates of those who connect, and of those that are connected to. */
  readonly trustedCaFile?: string | undefined;
  /** `--client-cert-auth`: only who shows a certificate of the trusted CA gets in. Default false. */
  readonly clientCertAuth?: boolean | undefined;
  /** `--client-crl-file`: certificates that are not accepted any more. */
  readonly crlFile?: string | undefined;
  /** `--peer-cert-allowed-cn`: common names that are accepted; not together with `allowedHostnames`. */
  readonly allowedCommonNames?: readonly string[] | undefined;
  /** `--client-cert-allowed-hostname`, `--peer-cert-allowed-hostname`: subject alternative names that are accepted. */
  readonly allowedHostnames?: readonly string[] | undefined;
  /** `--client-cert-file`, `--peer-client-cert-file`: shown when this node connects to another. Default: `certFile`. */
  readonly clientCertFile?: string | undefined;
  readonly clientKeyFile?: string | undefined;
  /** `--auto-tls`: a self-signed certificate made at the start, kept in the data directory. Default false. */
  readonly autoTls?: boolean | undefined;
  /** `--self-signed-cert-validity`, in years. Default 1. */
  readonly selfSignedValidityYears?: number | undefined;
  /** `--peer-skip-client-san-verification`. Default false. */
  readonly skipClientSanVerification?: boolean | undefined;
  /** `--tls-min-version`. Default `"TLSv1.2"`. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  /** `--tls-max-version`. Default: the newest that Node has. */
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  /** `--cipher-suites`, in Go's names (`TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`). Default: Node's. */
  readonly cipherSuites?: readonly string[] | undefined;
}

/** `--auth-token`: what a client gets for its password. */
export type AuthTokenOptions =
  /** Random text, known to every member, that ages unless it is used. `ttlMs` is `--auth-token-ttl`, default 300,000. */
  | { readonly kind: "simple"; readonly ttlMs?: number | undefined }
  | {
      readonly kind: "jwt";
      /** `sign-method`: `RS256`, `PS384`, `ES512`, `HS256`, `EdDSA`, … */
      readonly signMethod: string;
      /** Files: PEM, or raw bytes for `HS…`. Without a private key this member verifies tokens and gives none. */
      readonly publicKeyFile?: string | undefined;
      readonly privateKeyFile?: string | undefined;
      /** `ttl`. Default 300,000. */
      readonly ttlMs?: number | undefined;
    };

export interface AuthOptions {
  /** Default `{ kind: "simple" }`. */
  readonly token?: AuthTokenOptions | undefined;
  /** `--bcrypt-cost`, 4 to 31. Default 10. */
  readonly bcryptCost?: number | undefined;
}

export interface HttpOptions {
  /** `--enable-grpc-gateway`: the JSON routes under `/v3/`. Default true. */
  readonly gateway?: boolean | undefined;
  /** `--cors`: origins whose pages may read answers; `["*"]` is every page. Default: none. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** `--host-whitelist`: names that plain-text requests may address; `["*"]` is any. Default: loopback and advertised hosts. */
  readonly hostWhitelist?: readonly string[] | undefined;
  /** `--listen-client-http-urls`: HTTP alone; `listenClientUrls` then serve gRPC alone. */
  readonly listenClientHttpUrls?: readonly string[] | undefined;
  /** `--listen-metrics-urls`: `/metrics` and the health paths alone. */
  readonly listenMetricsUrls?: readonly string[] | undefined;
  /** `--enable-pprof`: CPU and heap profiles under `/debug/`. Default false. */
  readonly debug?: boolean | undefined;
  /** `--metrics`: extensive adds histograms of handling time. Default `"basic"`. */
  readonly metrics?: "basic" | "extensive" | undefined;
}

/** Pings on client connections (`--grpc-keepalive-…`). */
export interface KeepAliveOptions {
  /** A client that pings more often is sent away (`too_many_pings`). Default 5,000. */
  readonly minTimeMs?: number | undefined;
  /** Pause between pings of the node; 0 turns them off. Default 7,200,000. */
  readonly intervalMs?: number | undefined;
  /** Default 20,000. */
  readonly timeoutMs?: number | undefined;
}
