import { ConfigError } from './config-error.js';
import { EnvironmentReader } from './environment-reader.js';
import { redisConfig } from './redis-config.js';
import { hostName, isLoopback } from '../common/index.js';
import { SETTINGS } from './settings/index.js';
import { isLimit, LIMITS_RULE } from './settings/limits.settings.js';
import {
  EVENT_TYPES_RULE,
  isEventType,
  isHeader,
  isNetwork,
  isOrigin,
  isTenant,
  ORIGINS_RULE,
  TENANT_RULE,
} from './settings/patterns.js';
import {
  ADAPTERS_RULE,
  type AdapterName,
  isAdapter,
  LOG_LEVELS,
  SERVICE_SETTINGS,
} from './settings/service.settings.js';
import type {
  AdmissionConfig,
  AuthConfig,
  EventsConfig,
  ExecutorsConfig,
  HttpConfig,
  JwtConfig,
  RunstreamConfig,
  SseConfig,
  TenancyConfig,
  TracesConfig,
} from './runstream-config.js';

const { admission, auth, consumer, events, executors, http, metrics, runs, tenancy } = SETTINGS;

/**
 * The whole configuration, checked, from environment variables; each is described in `.env.example`.
 *
 * @throws ConfigError that names every variable that is wrong
 */
export function loadConfig(env: NodeJS.ProcessEnv): RunstreamConfig {
  const reader = new EnvironmentReader(env);
  const production = reader.text('NODE_ENV') === 'production';
  const traces = tracesConfig(reader);
  const config: RunstreamConfig = {
    host: reader.text('HOST') ?? SERVICE_SETTINGS.host.default,
    port: reader.number(SERVICE_SETTINGS.port),
    workers: reader.number(SERVICE_SETTINGS.workers),
    logLevel: reader.oneOf('LOG_LEVEL', LOG_LEVELS) ?? SERVICE_SETTINGS.logLevel.default,
    production,
    redis: redisConfig(reader, production),
    events: eventsConfig(reader),
    http: httpConfig(reader, production),
    sse: sseConfig(reader),
    executors: executorsConfig(reader),
    consumer: { enabled: reader.flag('HANDLERS_ENABLED', consumer.enabled.default) },
    admission: admissionConfig(reader),
    limits: { defaults: reader.list('TENANT_LIMITS', isLimit, LIMITS_RULE) ?? [] },
    tenancy: tenancyConfig(reader),
    auth: authConfig(reader),
    adapters: {
      adapters: (reader.list('ADAPTERS', isAdapter, ADAPTERS_RULE) ?? []) as AdapterName[],
      adaptersExecutor: reader.text('ADAPTERS_EXECUTOR') ?? SERVICE_SETTINGS.adaptersExecutor.default,
    },
    ...(traces && { traces }),
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

/** What else OpenTelemetry's variables say, its SDK reads itself. */
function tracesConfig(reader: EnvironmentReader): TracesConfig | undefined {
  const { otlpEndpoint, otlpTracesEndpoint, otelServiceName } = SERVICE_SETTINGS;
  const serviceName = reader.text('OTEL_SERVICE_NAME') ?? otelServiceName.default;
  const set = [otlpTracesEndpoint, otlpEndpoint].flatMap(({ env: variable = '' }) => {
    const value = reader.text(variable);
    return value === undefined ? [] : [{ variable, value }];
  });
  return set[0] && { endpoint: set[0], serviceName };
}

function eventsConfig(reader: EnvironmentReader): EventsConfig {
  const excluded =
    reader.text('JOURNAL_EXCLUDE') === 'none'
      ? []
      : reader.list('JOURNAL_EXCLUDE', isEventType, `none, or ${EVENT_TYPES_RULE}`);
  const config: EventsConfig = {
    maxLength: reader.number(events.maxLength),
    ttlSeconds: reader.number(events.ttlSeconds),
    runTtlSeconds: reader.number(events.runTtlSeconds),
    runIdleTimeoutSeconds: reader.number(events.runIdleTimeoutSeconds),
    types: reader.list('EVENT_TYPES', isEventType, EVENT_TYPES_RULE) ?? events.types.default,
    journalExclude: excluded ?? events.journalExclude.default,
    journalMaxLength: reader.number(events.journalMaxLength),
    partitions: reader.number(events.partitions),
  };
  if (config.runTtlSeconds < config.ttlSeconds) {
    reader.problems.push(
      `RUN_TTL_SECONDS is ${config.runTtlSeconds}, less than EVENT_TTL_SECONDS (${config.ttlSeconds}): ` +
        'keep the run at least as long as its events.',
    );
  }
  return config;
}

function httpConfig(reader: EnvironmentReader, production: boolean): HttpConfig {
  const metricsPort = reader.number(metrics.port);
  const trustProxy = trustedProxies(reader);
  const origins = reader.list('CORS_ORIGINS', isOrigin, ORIGINS_RULE);
  return {
    maxRequestBytes: reader.number(http.maxRequestBytes),
    corsOrigins: origins ?? (production ? [] : 'localhost'),
    ...(metricsPort === undefined ? {} : { metricsPort }),
    ...(trustProxy === undefined ? {} : { trustProxy }),
    listeners: reader.number(SERVICE_SETTINGS.listeners),
    shutdownTimeoutMs: reader.number(http.shutdownTimeoutMs),
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

function sseConfig(reader: EnvironmentReader): SseConfig {
  return {
    heartbeatMs: reader.number({ ...events.heartbeatMs, min: 100 }),
    retryMs: reader.number(runs.retryMs),
    watcherBufferBytes: reader.number({ ...runs.watcherBufferBytes, min: 1024 }),
  };
}

function executorsConfig(reader: EnvironmentReader): ExecutorsConfig {
  const commandsFile = reader.text('COMMANDS_FILE');
  const recordingsDir = reader.text('RECORDINGS_DIR');
  return {
    enabled: reader.flag('EXECUTORS_ENABLED', executors.enabled.default),
    ...(commandsFile === undefined ? {} : { commandsFile }),
    ...(recordingsDir === undefined ? {} : { recordingsDir }),
    outageBufferEvents: reader.number(executors.outageBufferEvents),
    outageBufferBytes: reader.number(executors.outageBufferBytes),
  };
}

function admissionConfig(reader: EnvironmentReader): AdmissionConfig {
  return {
    maxOpenStreams: reader.number(admission.maxOpenStreams),
    maxPendingRequests: reader.number(admission.maxPendingRequests),
    maxPublicRequests: reader.number(admission.maxPublicRequests),
    maxWaits: reader.number(admission.maxWaits),
    maxWorkerWaits: reader.number(admission.maxWorkerWaits),
    maxPendingBytes: reader.number(admission.maxPendingBytes),
    maxUploads: reader.number(admission.maxUploads),
    maxAnswerBytes: reader.number(admission.maxAnswerBytes),
    maxSharePercent: reader.number(admission.maxSharePercent),
    maxEventLoopDelayMs: reader.number(admission.maxEventLoopDelayMs),
  };
}

function tenancyConfig(reader: EnvironmentReader): TenancyConfig {
  const allowed =
    reader.text('ALLOWED_TENANTS') === '*'
      ? undefined
      : reader.list(
          'ALLOWED_TENANTS',
          isTenant,
          `*, or a comma-separated list of tenant ids (${TENANT_RULE})`,
        );
  return {
    enabled: reader.flag('MULTI_TENANCY_ENABLED'),
    defaultTenantId:
      reader.matching('DEFAULT_TENANT_ID', isTenant, TENANT_RULE) ?? tenancy.defaultTenantId.default,
    allowedTenants: allowed ?? '*',
    header:
      reader.matching('TENANT_HEADER', isHeader, 'a header name of letters, digits and -') ??
      tenancy.header.default,
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
  return {
    mode,
    ...(jwt && { jwt }),
    ticketTtlSeconds: reader.number(auth.ticketTtlSeconds),
    sessionTtlSeconds: reader.number(auth.sessionTtlSeconds),
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
