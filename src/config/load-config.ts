import { isIPv4, isIPv6 } from 'node:net';
import { ConfigError } from './config-error.js';
import { EnvironmentReader } from './environment-reader.js';
import { hostName, isLoopback } from '../common/index.js';
import type {
  AdmissionConfig,
  AuthConfig,
  EventsConfig,
  ExecutorsConfig,
  HttpConfig,
  JwtConfig,
  RedisConfig,
  RunstreamConfig,
  SseConfig,
  TenancyConfig,
} from './runstream-config.js';

/** As in src/events, which refuses what slips through; here it names the variable. */
const EVENT_TYPE_PATTERN = /^[a-z][a-z0-9_]{0,63}\.(?:\*|[a-z][a-z0-9_]{0,63})$/;
/** Tenancy holds the same rule where it matters; here it names the variable that breaks it. */
const TENANT_ID_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const TENANT_ID_RULE = 'lower-case letters, digits, _ and -, at most 63, beginning with a letter or digit';
const EVENT_TYPES_RULE = 'a comma-separated list of event types, like build.*,deploy.started';

/** Node's timers take no more. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * The whole configuration, checked, from environment variables; each is described in `.env.example`.
 *
 * @throws ConfigError that names every variable that is wrong
 * @publicApi
 */
export function loadConfig(env: NodeJS.ProcessEnv): RunstreamConfig {
  const reader = new EnvironmentReader(env);
  const production = reader.text('NODE_ENV') === 'production';
  const config: RunstreamConfig = {
    host: reader.text('HOST') ?? '127.0.0.1',
    port: reader.integer('PORT', { default: 3000, min: 0, max: 65_535, what: 'a TCP port' }),
    workers: reader.integer('WORKERS', { default: 1, min: 1, max: 256, what: 'a whole number of processes' }),
    production,
    redis: redisConfig(reader, production),
    events: eventsConfig(reader),
    http: httpConfig(reader, production),
    sse: sseConfig(reader),
    executors: executorsConfig(reader),
    admission: admissionConfig(reader),
    tenancy: tenancyConfig(reader),
    auth: authConfig(reader),
  };
  if (config.auth.mode === 'none' && !config.auth.allowUnauthenticated && !isLoopback(config.host)) {
    reader.problems.push(
      `HOST is ${JSON.stringify(config.host)}, which other machines can reach, and AUTH_MODE is none: ` +
        'set HOST to 127.0.0.1, or ALLOW_UNAUTHENTICATED=true if something in front of the service keeps strangers out.',
    );
  }
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);
  return config;
}

function redisConfig(reader: EnvironmentReader, production: boolean): RedisConfig {
  const url = reader.text('REDIS_URL');
  // The value is never printed: it may hold a password.
  const isAddress = (text: string) =>
    text.startsWith('/') || (/^rediss?:\/\//.test(text) && URL.canParse(text));
  if (url !== undefined && !isAddress(url)) {
    reader.problems.push(
      'REDIS_URL is not an address: set it to redis://host:6379, rediss://user:password@host:6380 or the path of a unix socket.',
    );
  }
  if (url === undefined && production) {
    reader.problems.push(
      'REDIS_URL is not set, and NODE_ENV is production: set it to the address of a durable Redis; ' +
        'the embedded server is for development only.',
    );
  }
  return {
    ...(url === undefined ? {} : { url }),
    commandTimeoutMs: reader.integer('REDIS_COMMAND_TIMEOUT_MS', milliseconds(2000, 10)),
    maxBulkReadBytes: reader.integer('REDIS_MAX_BULK_READ_BYTES', count(8 * 1024 * 1024, 65_536, 'bytes')),
  };
}

function eventsConfig(reader: EnvironmentReader): EventsConfig {
  const isType = (item: string) => EVENT_TYPE_PATTERN.test(item);
  const seconds = (value: number, min = 1) => ({
    default: value,
    min,
    max: 10 * 365 * 86_400,
    what: 'a whole number of seconds',
  });
  const excluded =
    reader.text('JOURNAL_EXCLUDE') === 'none'
      ? []
      : reader.list('JOURNAL_EXCLUDE', isType, `none, or ${EVENT_TYPES_RULE}`);
  const events: EventsConfig = {
    maxLength: reader.integer('EVENT_MAX_LENGTH', {
      default: 10_000,
      min: 1,
      what: 'a whole number of events',
    }),
    ttlSeconds: reader.integer('EVENT_TTL_SECONDS', seconds(86_400)),
    runTtlSeconds: reader.integer('RUN_TTL_SECONDS', seconds(2_592_000)),
    runIdleTimeoutSeconds: reader.integer('RUN_IDLE_TIMEOUT_SECONDS', seconds(86_400, 0)),
    types: reader.list('EVENT_TYPES', isType, EVENT_TYPES_RULE) ?? [],
    journalExclude: excluded ?? ['llm.stream', 'llm.reasoning'],
    journalMaxLength: reader.integer('JOURNAL_MAX_LENGTH', {
      default: 1_000_000,
      min: 1,
      what: 'a whole number of events',
    }),
  };
  if (events.runTtlSeconds < events.ttlSeconds) {
    reader.problems.push(
      `RUN_TTL_SECONDS is ${events.runTtlSeconds}, less than EVENT_TTL_SECONDS (${events.ttlSeconds}): ` +
        'keep the run at least as long as its events.',
    );
  }
  return events;
}

function httpConfig(reader: EnvironmentReader, production: boolean): HttpConfig {
  const metricsPort = reader.optionalInteger('METRICS_PORT', { min: 0, max: 65_535, what: 'a TCP port' });
  const trustProxy = trustedProxies(reader);
  const origins = reader.list(
    'CORS_ORIGINS',
    isOrigin,
    'a comma-separated list of origins, like https://app.example.com (no path, no trailing slash), or *',
  );
  return {
    maxRequestBytes: reader.integer('MAX_REQUEST_BYTES', {
      default: 8_388_608,
      min: 1024,
      max: 2 ** 29,
      what: 'a whole number of bytes',
    }),
    corsOrigins: origins ?? (production ? [] : 'localhost'),
    ...(metricsPort === undefined ? {} : { metricsPort }),
    ...(trustProxy === undefined ? {} : { trustProxy }),
    listeners: reader.integer('LISTENERS', { default: 8, min: 1, max: 64, what: 'a whole number' }),
    shutdownTimeoutMs: reader.integer('SHUTDOWN_TIMEOUT_MS', milliseconds(10_000, 0)),
  };
}

function trustedProxies(reader: EnvironmentReader): number | string[] | undefined {
  const text = reader.text('TRUST_PROXY');
  if (text !== undefined && /^\d{1,2}$/.test(text)) return Number(text);
  return reader.list(
    'TRUST_PROXY',
    isNetwork,
    'how many proxies are in front, or their addresses, like 10.0.0.0/8,127.0.0.1',
  );
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const width = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  const isPrefix = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= width);
  return width > 0 && isPrefix && more.length === 0;
}

function sseConfig(reader: EnvironmentReader): SseConfig {
  return {
    heartbeatMs: reader.integer('SSE_HEARTBEAT_MS', milliseconds(15_000, 100)),
    retryMs: reader.integer('SSE_RETRY_MS', milliseconds(2000, 0)),
    watcherBufferBytes: reader.integer('WATCHER_BUFFER_BYTES', {
      default: 262_144,
      min: 1024,
      max: 2 ** 30,
      what: 'a whole number of bytes',
    }),
  };
}

function executorsConfig(reader: EnvironmentReader): ExecutorsConfig {
  const commandsFile = reader.text('COMMANDS_FILE');
  const recordingsDir = reader.text('RECORDINGS_DIR');
  return {
    ...(commandsFile === undefined ? {} : { commandsFile }),
    ...(recordingsDir === undefined ? {} : { recordingsDir }),
    outageBufferEvents: reader.integer('OUTAGE_BUFFER_EVENTS', count(10_000, 0, 'events')),
    outageBufferBytes: reader.integer('OUTAGE_BUFFER_BYTES', count(64 * 1024 * 1024, 0, 'bytes')),
  };
}

function admissionConfig(reader: EnvironmentReader): AdmissionConfig {
  return {
    maxOpenStreams: reader.integer('MAX_OPEN_STREAMS', count(10_000, 1, 'streams')),
    maxPendingRequests: reader.integer('MAX_PENDING_REQUESTS', count(1000, 1, 'requests')),
    maxPublicRequests: reader.integer('MAX_PUBLIC_REQUESTS', count(100, 1, 'requests')),
    maxWaits: reader.integer('MAX_WAITS', count(5000, 1, 'requests')),
    maxPendingBytes: reader.integer('MAX_PENDING_BYTES', count(256 * 1024 * 1024, 1024, 'bytes')),
    maxUploads: reader.integer('MAX_UPLOADS', count(5000, 1, 'uploads')),
    maxAnswerBytes: reader.integer('MAX_ANSWER_BYTES', count(128 * 1024 * 1024, 4 * 1024 * 1024, 'bytes')),
    maxSharePercent: reader.integer('MAX_SHARE_PERCENT', {
      default: 50,
      min: 1,
      max: 100,
      what: 'a whole number of percent',
    }),
    maxEventLoopDelayMs: reader.integer('MAX_EVENT_LOOP_DELAY_MS', milliseconds(500, 0)),
  };
}

function count(value: number, min: number, what: string) {
  return { default: value, min, max: 2 ** 40, what: `a whole number of ${what}` };
}

function tenancyConfig(reader: EnvironmentReader): TenancyConfig {
  const isTenant = (item: string) => TENANT_ID_PATTERN.test(item);
  const allowed =
    reader.text('ALLOWED_TENANTS') === '*'
      ? undefined
      : reader.list(
          'ALLOWED_TENANTS',
          isTenant,
          `*, or a comma-separated list of tenant ids (${TENANT_ID_RULE})`,
        );
  return {
    enabled: reader.flag('MULTI_TENANCY_ENABLED'),
    defaultTenantId: reader.matching('DEFAULT_TENANT_ID', TENANT_ID_PATTERN, TENANT_ID_RULE) ?? 'default',
    allowedTenants: allowed ?? '*',
    header:
      reader.matching('TENANT_HEADER', /^[A-Za-z0-9-]{1,64}$/, 'a header name of letters, digits and -') ??
      'X-Tenant-ID',
  };
}

function authConfig(reader: EnvironmentReader): AuthConfig {
  const mode = reader.oneOf('AUTH_MODE', ['none', 'api-key', 'jwt']) ?? 'none';
  const jwt = jwtConfig(reader, mode === 'jwt');
  const allowedHosts = reader.list(
    'ALLOWED_HOSTS',
    (item) => item === '*' || hostName(item) !== undefined,
    'a comma-separated list of host names or addresses, like runs.example.com,10.1.2.3 (no scheme, no port), or *',
  );
  const seconds = (value: number) => ({
    default: value,
    min: 1,
    max: 365 * 86_400,
    what: 'a whole number of seconds',
  });
  return {
    mode,
    ...(jwt && { jwt }),
    ticketTtlSeconds: reader.integer('STREAM_TICKET_TTL_SECONDS', seconds(600)),
    sessionTtlSeconds: reader.integer('SESSION_TTL_SECONDS', seconds(43_200)),
    allowUnauthenticated: reader.flag('ALLOW_UNAUTHENTICATED'),
    ...(allowedHosts && { allowedHosts }),
  };
}

function jwtConfig(reader: EnvironmentReader, isNeeded: boolean): JwtConfig | undefined {
  const secret = reader.text('JWT_SECRET');
  const jwksUrl = reader.text('JWT_JWKS_URL');
  const issuer = reader.text('JWT_ISSUER');
  const audience = reader.text('JWT_AUDIENCE');
  const isAlgorithm = (text: string) => /^(HS|RS|PS|ES)(256|384|512)$|^EdDSA$/.test(text);
  const algorithms = reader.list('JWT_ALGORITHMS', isAlgorithm, 'a comma-separated list, like RS256,ES256');
  const tenantClaim = reader.text('JWT_TENANT_CLAIM') ?? 'tenant_id';
  const scopeClaim = reader.text('JWT_SCOPE_CLAIM') ?? 'scope';
  if (!isNeeded) return undefined;
  // The values are never printed: one is a secret.
  if ((secret === undefined) === (jwksUrl === undefined)) {
    reader.problems.push('AUTH_MODE is jwt: set either JWT_SECRET or JWT_JWKS_URL.');
  }
  if (secret !== undefined && Buffer.byteLength(secret) < 32) {
    reader.problems.push('JWT_SECRET is too short: use at least 32 bytes at random.');
  }
  if (jwksUrl !== undefined && !isTrustworthyUrl(jwksUrl)) {
    reader.refuse('JWT_JWKS_URL', 'an https URL (http only on this machine)');
  }
  const misfit = algorithms?.find((name) => name.startsWith('HS') !== (secret !== undefined));
  if (misfit !== undefined) {
    reader.problems.push(
      `JWT_ALGORITHMS has ${misfit}: with JWT_SECRET use HS256, HS384 or HS512, with JWT_JWKS_URL any of the others.`,
    );
  }
  if (issuer === undefined || audience === undefined) {
    reader.problems.push(
      'AUTH_MODE is jwt: set JWT_ISSUER and JWT_AUDIENCE, so that tokens for others are refused.',
    );
  }
  return {
    ...(secret !== undefined && { secret }),
    ...(jwksUrl !== undefined && { jwksUrl }),
    ...(algorithms && { algorithms }),
    issuer: issuer ?? '',
    audience: audience ?? '',
    tenantClaim,
    scopeClaim,
  };
}

/** Whoever can change what it answers can make tokens. */
function isTrustworthyUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

function milliseconds(value: number, min: number) {
  return { default: value, min, max: MAX_DELAY_MS, what: 'a whole number of milliseconds' };
}

function isOrigin(text: string): boolean {
  return text === '*' || (URL.canParse(text) && new URL(text).origin === text);
}
