import type { AdapterName, LogLevel } from './settings/service.settings.js';

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** Credentials, TLS and Sentinels, as ioredis takes them. */
export interface RedisAccess {
  readonly username?: string;
  readonly password?: string;
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sentinels?: RedisAddress[];
  /** Of the master. */
  readonly name?: string;
  readonly sentinelPassword?: string;
  readonly sentinelTLS?: RedisAccess['tls'];
  readonly enableTLSForSentinelMode?: boolean;
  readonly natMap?: Record<string, RedisAddress>;
}

export interface RedisConfig {
  /**
   * `redis://…`, `rediss://…`, or the path of a unix socket. Default: none, which means the embedded server of
   * development, unless there are Sentinels or a cluster.
   */
  readonly url?: string;
  /** Some nodes of a cluster. */
  readonly cluster?: {
    readonly nodes: readonly RedisAddress[];
    readonly natMap?: Record<string, RedisAddress>;
  };
  readonly options?: RedisAccess;
  /** What all keys and channels begin with: 1 to 64 letters, digits and `.:_-`. Default: nothing. */
  readonly keyPrefix?: string;
  /** An append is answered once so many replicas have it. Default 0. */
  readonly appendMinReplicas: number;
  /** How long it waits for them, in milliseconds. Default 500. */
  readonly appendReplicasTimeoutMs: number;
  /** A command without an answer for so many milliseconds has failed. Default 2000. */
  readonly commandTimeoutMs: number;
  /** Bytes that reads of pages and lists may bring at the same time; others wait their turn. Default 8388608 (8 MiB). */
  readonly maxBulkReadBytes: number;
}

export interface EventsConfig {
  /** Events kept per run, approximate, never fewer. Default 10000. */
  readonly maxLength: number;
  /** How long a run's events are kept after its end, in seconds. Default 86400. */
  readonly ttlSeconds: number;
  /** How long the run's record is kept after its end, in seconds. Default 2592000 (30 days). */
  readonly runTtlSeconds: number;
  /** An external run without a new event for so many seconds has failed; 0: never. Default 86400. */
  readonly runIdleTimeoutSeconds: number;
  /** Event types besides the built-in ones: `build.*`, `deploy.started`. Default: none. */
  readonly types: readonly string[];
  /** Event types that are not copied into the tenant's journal. Default `llm.stream`, `llm.reasoning`. */
  readonly journalExclude: readonly string[];
  /** Events kept in the journal. Default 1000000. */
  readonly journalMaxLength: number;
  readonly partitions: number;
}

export interface HttpConfig {
  /** Size limit of a JSON body, in bytes after decompression. Default 8388608 (8 MiB). */
  readonly maxRequestBytes: number;
  /**
   * Origins that browsers may call from; `*` in the list is any; `localhost` is any port of this machine.
   * Default: `localhost` in development, none in production.
   */
  readonly corsOrigins: readonly string[] | 'localhost';
  /**
   * Proxies in front, which say in `X-Forwarded-For` whose request it is: how many there are, or their addresses.
   * Default: none, and the header is not looked at.
   */
  readonly trustProxy?: number | readonly string[];
  /** Port of its own for `/metrics`. Default: none, the service's port. */
  readonly metricsPort?: number;
  /** Listeners of the port in one process; each takes one new connection per turn of the event loop. Default 8. */
  readonly listeners: number;
  /** How long a shutdown may take, in milliseconds. Default 10000. */
  readonly shutdownTimeoutMs: number;
}

export interface SseConfig {
  /** A quiet stream gets a heartbeat every so many milliseconds. Default 15000. */
  readonly heartbeatMs: number;
  /** How long a watcher is asked to wait before it reconnects, in milliseconds. Default 2000. */
  readonly retryMs: number;
  /** Bytes that may wait for one watcher's socket before it is served from the log. Default 262144. */
  readonly watcherBufferBytes: number;
}

export interface ExecutorsConfig {
  /** Whether runs are executed in this process. Default true. */
  readonly enabled: boolean;
  /** JSON file with the named commands of the `command` executor. Default: none. */
  readonly commandsFile?: string;
  /** Folder with the NDJSON recordings of the `replay` executor. Default: none. */
  readonly recordingsDir?: string;
  /** Most events that executors may have said during an outage of Redis, in all. Default 10000. */
  readonly outageBufferEvents: number;
  /** Most bytes of those. Default 67108864 (64 MiB). */
  readonly outageBufferBytes: number;
}

export interface ConsumerConfig {
  /** Whether handlers run in this process. Default true. */
  readonly enabled: boolean;
}

/** How much one process takes on at once. */
export interface AdmissionConfig {
  /** Event streams that are open. Default 10000. */
  readonly maxOpenStreams: number;
  /** Other requests that are under way. Default 1000. */
  readonly maxPendingRequests: number;
  /** Calls of public routes that are under way. Default 100. */
  readonly maxPublicRequests: number;
  /** Calls that wait for the end of a run. Default 5000. */
  readonly maxWaits: number;
  readonly maxWorkerWaits: number;
  /** Bytes of their bodies, and of unfinished lines of uploads. Default 268435456 (256 MiB). */
  readonly maxPendingBytes: number;
  /** NDJSON uploads that are under way. Default 5000. */
  readonly maxUploads: number;
  /** Bytes of large answers that no client has taken yet. Default 134217728 (128 MiB). */
  readonly maxAnswerBytes: number;
  /** The most that one caller may have of each of these, in percent. Default 50. */
  readonly maxSharePercent: number;
  /** Nothing new is taken on while the event loop is late by more than so many milliseconds; 0: always. Default 500. */
  readonly maxEventLoopDelayMs: number;
}

/** What a tenant may take of the deployment as a whole. */
export interface LimitsConfig {
  /** Of every tenant that has none of its own, as `name=value`. Default: none. */
  readonly defaults: readonly string[];
}

export interface TenancyConfig {
  /** Off: every request belongs to the default tenant. Default false. */
  readonly enabled: boolean;
  /** The tenant of every request while tenancy is off. Default `default`. */
  readonly defaultTenantId: string;
  /** Tenants that are served, or `*` for any. Default `*`. */
  readonly allowedTenants: '*' | readonly string[];
  /** Name of the header that carries the tenant id. Default `X-Tenant-ID`. */
  readonly header: string;
}

export interface JwtConfig {
  readonly secret?: string;
  readonly jwksUrl?: string;
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms?: readonly string[];
  readonly tenantClaim: string;
  readonly scopeClaim: string;
}

export interface AuthConfig {
  /** How callers prove who they are. Default `none`. */
  readonly mode: 'none' | 'api-key' | 'jwt';
  /** With `jwt`: whose tokens are taken, and how they are read. */
  readonly jwt?: JwtConfig;
  /** How long a stream ticket can be used, in seconds. Default 600. */
  readonly ticketTtlSeconds: number;
  /** How long the dashboard stays signed in, in seconds. Default 43200 (12 hours). */
  readonly sessionTtlSeconds: number;
  /** Listen where other machines reach it although nobody has to prove who they are. Default false. */
  readonly allowUnauthenticated: boolean;
  /** Host names that are served besides those of this machine; `*` in the list is any. Default: as `mode` needs it. */
  readonly allowedHosts?: readonly string[];
}

export interface AdaptersConfig {
  /** Clients of other ecosystems that are served. Default: none. */
  readonly adapters: readonly AdapterName[];
  /** The executor of runs that such clients start. Default `external`. */
  readonly adaptersExecutor: string;
}

/** Where spans go. */
export interface TracesConfig {
  /** The address, and the variable that has it. */
  readonly endpoint: { readonly variable: string; readonly value: string };
  /** The spans' `service.name`. Default `runstream`. */
  readonly serviceName: string;
}

/** Everything the service is told from outside. */
export interface RunstreamConfig {
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host: string;
  /** TCP port; 0 takes a free one. Default 3000. */
  readonly port: number;
  /** Processes that share the port. Default 1. */
  readonly workers: number;
  /** What is logged: this and what is more severe. Default `log`. */
  readonly logLevel: LogLevel;
  /** `NODE_ENV=production`. Default false. */
  readonly production: boolean;
  readonly redis: RedisConfig;
  readonly events: EventsConfig;
  readonly http: HttpConfig;
  readonly sse: SseConfig;
  readonly executors: ExecutorsConfig;
  readonly consumer: ConsumerConfig;
  readonly admission: AdmissionConfig;
  readonly limits: LimitsConfig;
  readonly tenancy: TenancyConfig;
  readonly auth: AuthConfig;
  readonly adapters: AdaptersConfig;
  /** Default: none, and nothing is traced. */
  readonly traces?: TracesConfig;
}
