import { REDIS_SERVICE_SETTINGS } from './redis.settings.js';
import { choice, integer, list, text } from './setting.js';

/** Clients of other ecosystems, as ADAPTERS names them. */
export const ADAPTERS = ['ai-sdk', 'langgraph', 'openai', 'durable-streams', 'ag-ui'] as const;
export type AdapterName = (typeof ADAPTERS)[number];
export const isAdapter = (name: string): name is AdapterName =>
  (ADAPTERS as readonly string[]).includes(name);
export const ADAPTERS_RULE = `a list of ${ADAPTERS.join(', ')}`;

/** What is logged, from the least to all. */
export const LOG_LEVELS = ['error', 'warn', 'log', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What only the service has, and no module. */
export const SERVICE_SETTINGS = {
  ...REDIS_SERVICE_SETTINGS,
  host: text<string>({
    env: 'HOST',
    default: '127.0.0.1',
    doc: 'Address to listen on. Another than loopback needs ALLOW_UNAUTHENTICATED while AUTH_MODE is none.',
  }),
  port: integer({
    env: 'PORT',
    default: 3000,
    min: 0,
    max: 65_535,
    unit: 'port',
    doc: 'TCP port; 0 takes a free one.',
  }),
  workers: integer({
    env: 'WORKERS',
    default: 1,
    min: 1,
    max: 256,
    unit: 'processes',
    doc: 'Processes that share the port: one serves about one core.',
  }),
  listeners: integer({
    env: 'LISTENERS',
    default: 8,
    min: 1,
    max: 64,
    unit: 'listeners',
    doc: 'Listeners of the port in the one process: each takes one new connection per turn of the event loop.',
  }),
  logLevel: choice<LogLevel>(
    {
      env: 'LOG_LEVEL',
      default: 'log',
      doc: 'What is logged: error, warn, log, or debug, which is all, with each route and each failed attempt.',
    },
    LOG_LEVELS,
  ),
  adapters: list<readonly AdapterName[]>(
    {
      env: 'ADAPTERS',
      default: [],
      doc: 'Clients of other ecosystems that are served, with routes of their own (docs/adapters.md). In code: AdaptersModule.',
    },
    isAdapter,
    ADAPTERS_RULE,
  ),
  adaptersExecutor: text<string>({
    env: 'ADAPTERS_EXECUTOR',
    default: 'external',
    doc: 'Whose runs those are that such clients start.',
  }),
  otlpEndpoint: text<string | undefined>({
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    isSecret: true,
    default: undefined,
    doc: 'Where spans are sent, as OTLP over HTTP: `http://collector:4318`. Without it nothing is traced (docs/tracing.md). In code: an SDK of yours.',
  }),
  otlpTracesEndpoint: text<string | undefined>({
    env: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    isSecret: true,
    default: undefined,
    doc: 'The same with its path, as `http://collector:4318/v1/traces`; it comes before the other.',
  }),
  otelServiceName: text<string>({
    env: 'OTEL_SERVICE_NAME',
    default: 'runstream',
    doc: "The spans' `service.name`.",
  }),
};
