import { choice, flag, integer, list, object, text } from './setting.js';
import { hostName } from '../../common/index.js';
import { isHeader, isOrigin, isTenant, ORIGINS_RULE, TENANT_RULE } from './patterns.js';

const isFunction = (value: unknown): boolean => typeof value === 'function';
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const count = (env: string, value: number, unit: string, doc: string, min = 1) =>
  integer({ env, default: value, min, unit, doc });

/** What configureRunstream() takes, and the options of the routes. */
export const http = {
  maxRequestBytes: integer({
    env: 'MAX_REQUEST_BYTES',
    default: 8 * 1024 * 1024,
    min: 1024,
    max: 2 ** 29,
    unit: 'bytes',
    doc: 'Size limit of a JSON body, after decompression.',
  }),
  bodyGraceMs: integer({
    default: 15_000,
    min: 1,
    unit: 'milliseconds',
    doc: 'A JSON body that is slower than 32 KiB a second for so long ends its connection; on public routes after a third of it.',
  }),
  lingerMs: integer({
    default: 5000,
    min: 0,
    unit: 'milliseconds',
    doc: 'How long the rest of a refused upload is read and thrown away.',
  }),
  shutdownTimeoutMs: integer({
    env: 'SHUTDOWN_TIMEOUT_MS',
    default: 10_000,
    min: 0,
    unit: 'milliseconds',
    doc: 'How long requests under way may take at a shutdown; then their connections are closed.',
  }),
  corsOrigins: list<readonly string[] | 'localhost' | undefined>(
    {
      env: 'CORS_ORIGINS',
      default: undefined,
      doc: 'Origins whose pages may call; `localhost`: any port of this machine. The service has `localhost` in development and none in production; in code no CORS headers are sent without it.',
    },
    isOrigin,
    ORIGINS_RULE,
    ['localhost'],
  ),
  basePath: text(
    {
      default: undefined,
      doc: 'Path that a proxy in front cuts off, as `/runstream`: links and `Location` begin with it.',
    },
    (value) => /^\/[^?#\s]*$/.test(value),
    'a path that begins with a slash',
  ),
};

export const admission = {
  maxOpenStreams: count('MAX_OPEN_STREAMS', 10_000, 'streams', 'Event streams that are open.'),
  maxPendingRequests: count(
    'MAX_PENDING_REQUESTS',
    1000,
    'requests',
    'Other requests that are under way; uploads, waits and calls of public routes are counted apart.',
  ),
  maxPublicRequests: count('MAX_PUBLIC_REQUESTS', 100, 'requests', 'Calls of public routes under way.'),
  maxWaits: count('MAX_WAITS', 5000, 'requests', 'Calls that wait for the end of a run (`wait_seconds`).'),
  maxWorkerWaits: count(
    'MAX_WORKER_WAITS',
    5000,
    'requests',
    'Calls of workers that wait for work; one credential may have a fifth of them.',
  ),
  maxPendingBytes: count(
    'MAX_PENDING_BYTES',
    256 * 1024 * 1024,
    'bytes',
    'Bodies that are held, and unfinished lines of uploads.',
    1024,
  ),
  maxUploads: count('MAX_UPLOADS', 5000, 'uploads', 'NDJSON uploads that are under way.'),
  maxAnswerBytes: count(
    'MAX_ANSWER_BYTES',
    128 * 1024 * 1024,
    'bytes',
    'Large answers that were read and that no client has taken yet.',
    4 * 1024 * 1024,
  ),
  maxSharePercent: integer({
    env: 'MAX_SHARE_PERCENT',
    default: 50,
    min: 1,
    max: 100,
    unit: 'percent',
    doc: 'What one caller may have of each of these: a credential, or without one an address.',
  }),
  maxEventLoopDelayMs: integer({
    env: 'MAX_EVENT_LOOP_DELAY_MS',
    default: 500,
    min: 0,
    unit: 'milliseconds',
    doc: "Nothing new is taken on while the event loop is later than that by this process's own doing, or ten times as late for any reason; 0: always.",
  }),
};

export const metrics = {
  port: integer<number | undefined>({
    env: 'METRICS_PORT',
    default: undefined,
    min: 0,
    max: 65_535,
    unit: 'port',
    doc: 'TCP port of its own for `GET /metrics`; 0 takes a free one.',
  }),
  host: text({ default: '127.0.0.1', doc: 'Address that this port listens on; the service has HOST there.' }),
  collect: object(
    { doc: 'Gives what is served, where several processes share a port.' },
    isFunction,
    'a function that gives a promise of text',
  ),
  registry: object(
    { doc: "prom-client's registry that the application has, in place of one of our own." },
    isObject,
    'a Registry of prom-client',
  ),
  processMetrics: flag({
    default: false,
    doc: "Whether the process's own metrics (memory, processor) are collected and served too, as the service does.",
  }),
};

export const tenancy = {
  enabled: flag({
    env: 'MULTI_TENANCY_ENABLED',
    default: false,
    doc: 'Whether every request names its tenant, and is refused without one.',
  }),
  defaultTenantId: text<string>(
    {
      env: 'DEFAULT_TENANT_ID',
      default: 'default',
      doc: 'The tenant of every request while tenancy is off.',
    },
    isTenant,
    TENANT_RULE,
  ),
  allowedTenants: list<'*' | readonly string[]>(
    { env: 'ALLOWED_TENANTS', default: '*', doc: 'Tenants that are served, or `*` for any.' },
    isTenant,
    `*, or a list of tenant ids: ${TENANT_RULE}`,
    ['*'],
  ),
  header: text<string>(
    { env: 'TENANT_HEADER', default: 'X-Tenant-ID', doc: 'Name of the header that names the tenant.' },
    isHeader,
    'a header name of letters, digits and -',
  ),
};

export const auth = {
  mode: choice({ env: 'AUTH_MODE', default: 'none', doc: 'How callers prove who they are.' }, [
    'none',
    'api-key',
    'jwt',
  ]),
  jwt: object(
    { doc: 'With `jwt`: whose tokens are taken, and how they are read (JWT_… in the environment).' },
    isObject,
    'an object with secret or jwksUrl, issuer and audience',
  ),
  authenticator: object(
    { doc: "Credentials of the application's own, in place of `mode`, asked before anything else." },
    (value) => isFunction(value) || isObject(value),
    'a class or an object with authenticate(request)',
  ),
  principal: object(
    { doc: 'The same from what middleware and guards of the application have found out.' },
    isFunction,
    'a function (request) => principal',
  ),
  allowedHosts: list<readonly string[] | undefined>(
    {
      env: 'ALLOWED_HOSTS',
      default: undefined,
      doc: 'Host names that are served besides those of this machine, or `*` for any: none more with `none`, any with credentials.',
    },
    (item) => item === '*' || hostName(item) !== undefined,
    'a list of host names or addresses, like runs.example.com,10.1.2.3 (no scheme, no port), or *',
  ),
  ticketTtlSeconds: integer({
    env: 'STREAM_TICKET_TTL_SECONDS',
    default: 600,
    min: 1,
    max: 365 * 86_400,
    unit: 'seconds',
    doc: 'How long a stream ticket can be used.',
  }),
  sessionTtlSeconds: integer({
    env: 'SESSION_TTL_SECONDS',
    default: 43_200,
    min: 1,
    max: 365 * 86_400,
    unit: 'seconds',
    doc: 'How long the dashboard stays signed in.',
  }),
};
