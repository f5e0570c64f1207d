import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from './config-error.js';
import { loadConfig } from './load-config.js';

const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');

function problems(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('loadConfig', () => {
  it('has the documented defaults', () => {
    expect(loadConfig({})).toEqual({
      adapters: { adapters: [], adaptersExecutor: 'external' },
      host: '127.0.0.1',
      port: 3000,
      workers: 1,
      logLevel: 'log',
      production: false,
      limits: { defaults: [] },
      redis: {
        appendMinReplicas: 0,
        appendReplicasTimeoutMs: 500,
        commandTimeoutMs: 2000,
        maxBulkReadBytes: 8_388_608,
      },
      events: {
        maxLength: 10_000,
        ttlSeconds: 86_400,
        runTtlSeconds: 2_592_000,
        runIdleTimeoutSeconds: 86_400,
        types: [],
        journalExclude: ['llm.stream', 'llm.reasoning'],
        journalMaxLength: 1_000_000,
        partitions: 1,
      },
      http: { maxRequestBytes: 8_388_608, corsOrigins: 'localhost', listeners: 8, shutdownTimeoutMs: 10_000 },
      sse: { heartbeatMs: 15_000, retryMs: 2000, watcherBufferBytes: 262_144 },
      executors: { enabled: true, outageBufferEvents: 10_000, outageBufferBytes: 67_108_864 },
      consumer: { enabled: true },
      admission: {
        maxOpenStreams: 10_000,
        maxPendingRequests: 1000,
        maxPublicRequests: 100,
        maxWaits: 5000,
        maxWorkerWaits: 5000,
        maxPendingBytes: 268_435_456,
        maxUploads: 5000,
        maxAnswerBytes: 134_217_728,
        maxSharePercent: 50,
        maxEventLoopDelayMs: 500,
      },
      tenancy: { enabled: false, defaultTenantId: 'default', allowedTenants: '*', header: 'X-Tenant-ID' },
      auth: { mode: 'none', ticketTtlSeconds: 600, sessionTtlSeconds: 43_200, allowUnauthenticated: false },
    });
  });

  it('.env.example lists the variables that the code reads, and its values are the defaults', () => {
    const read = new Set<string>();
    const recorder = new Proxy<NodeJS.ProcessEnv>(
      {},
      { get: (_, name) => (typeof name === 'string' ? void read.add(name) : undefined) },
    );
    loadConfig(recorder);
    const documented = [...example.matchAll(/^(?:# )?([A-Z][A-Z0-9_]+)=/gm)].map((match) => match[1]);
    expect(documented.sort()).toEqual([...read].sort());
    expect(loadConfig(parseEnv(example) as NodeJS.ProcessEnv)).toEqual(loadConfig({}));
    expect(parseEnv(example)).not.toHaveProperty('REDIS_URL');
  });

  it('reads every kind of value', () => {
    const config = loadConfig({
      NODE_ENV: 'production',
      REDIS_URL: 'rediss://user:secret@redis.example.com:6380/1',
      PORT: '0',
      EVENT_TYPES: 'build.*, deploy.started',
      JOURNAL_EXCLUDE: 'none',
      RUN_IDLE_TIMEOUT_SECONDS: '0',
      CORS_ORIGINS: 'https://app.example.com,http://localhost:5173',
      METRICS_PORT: '9090',
      TRUST_PROXY: '10.0.0.0/8,::1',
      COMMANDS_FILE: 'commands.json',
      EXECUTORS_ENABLED: 'false',
      HANDLERS_ENABLED: 'false',
      MULTI_TENANCY_ENABLED: 'TRUE',
      ALLOWED_TENANTS: 'acme,globex',
      TENANT_HEADER: 'X-Org',
      HOST: '0.0.0.0',
      ALLOW_UNAUTHENTICATED: 'true',
      ALLOWED_HOSTS: 'runs.example.com, [::1]',
    });
    expect(config).toMatchObject({
      production: true,
      port: 0,
      host: '0.0.0.0',
      redis: { url: 'rediss://user:secret@redis.example.com:6380/1' },
      events: { types: ['build.*', 'deploy.started'], journalExclude: [], runIdleTimeoutSeconds: 0 },
      http: {
        corsOrigins: ['https://app.example.com', 'http://localhost:5173'],
        metricsPort: 9090,
        trustProxy: ['10.0.0.0/8', '::1'],
      },
      executors: { enabled: false, commandsFile: 'commands.json' },
      consumer: { enabled: false },
      tenancy: { enabled: true, allowedTenants: ['acme', 'globex'], header: 'X-Org' },
      auth: { allowUnauthenticated: true, allowedHosts: ['runs.example.com', '[::1]'] },
    });
    expect(loadConfig({ NODE_ENV: 'production', REDIS_URL: 'redis://r' }).http.corsOrigins).toEqual([]);
  });

  it.each([
    ['PORT', '65536', /^PORT is "65536": set it to a TCP port from 0 to 65535\.$/],
    ['PORT', '3e3', /^PORT is "3e3"/],
    ['REDIS_COMMAND_TIMEOUT_MS', '-1', /milliseconds from 10 to/],
    ['EVENT_MAX_LENGTH', '0', /events from 1 up/],
    ['EVENT_TTL_SECONDS', '1.5', /whole number of seconds/],
    ['RUN_TTL_SECONDS', '60', /less than EVENT_TTL_SECONDS \(86400\)/],
    ['EVENT_TYPES', 'build.*,Deploy', /"build\.\*,Deploy".*event types/],
    ['EVENT_TYPES', 'build.*,', /event types/],
    ['CORS_ORIGINS', 'https://app.example.com/', /no trailing slash/],
    ['MULTI_TENANCY_ENABLED', 'yes', /true or false/],
    ['DEFAULT_TENANT_ID', 'a:b', /lower-case letters/],
    ['ALLOWED_TENANTS', 'acme,*', /comma-separated list of tenant ids/],
    ['TENANT_HEADER', 'X Tenant', /header name/],
    ['TRUST_PROXY', '10.0.0.0/33', /how many proxies/],
    ['TRUST_PROXY', 'true', /how many proxies/],
    ['MAX_SHARE_PERCENT', '0', /percent from 1 to 100/],
    ['ALLOWED_HOSTS', 'runs.example.com:3000', /host names or addresses.*no port/],
    ['ALLOWED_HOSTS', 'http://runs.example.com', /no scheme/],
    ['ALLOWED_HOSTS', '*.example.com', /host names/],
    ['SESSION_TTL_SECONDS', '31536001', /seconds from 1 to 31536000/],
    ['LOG_LEVEL', 'verbose', /set it to one of error, warn, log, debug/],
    ['AUTH_MODE', 'basic', /set it to one of none, api-key, jwt/],
  ])('refuses %s=%s in one sentence', (name, value, sentence) => {
    expect(problems({ [name]: value })).toEqual([expect.stringMatching(sentence)]);
  });

  it('names every wrong variable at once', () => {
    expect(problems({ PORT: 'x', SSE_RETRY_MS: 'y' })).toHaveLength(2);
  });

  it('needs a real Redis in production', () => {
    expect(problems({ NODE_ENV: 'production' })).toEqual([expect.stringMatching(/^REDIS_URL is not set/)]);
  });

  it('T59 never prints a Redis password', () => {
    expect(problems({ REDIS_URL: 'http://user:secret@redis' }).join()).not.toContain('secret');
  });

  it.each([
    '0.0.0.0',
    '::',
    '192.168.0.7',
    'runstream.example.com',
    '127.0.0.1.example.com',
    '::ffff:10.0.0.1',
  ])('T60 does not serve %s without authentication', (HOST) => {
    expect(problems({ HOST })).toEqual([expect.stringMatching(/ALLOW_UNAUTHENTICATED=true/)]);
    expect(problems({ HOST, ALLOW_UNAUTHENTICATED: 'true' })).toEqual([]);
  });

  it.each(['127.0.0.1', '127.8.9.1', 'localhost', '::1', '0:0:0:0:0:0:0:1', '[::1]'])(
    'T60 serves %s',
    (HOST) => {
      expect(problems({ HOST })).toEqual([]);
    },
  );
});
