import { flag, integer, list, object, text } from './setting.js';
import {
  EVENT_TYPES_RULE,
  isEventType,
  isKeyPrefix,
  isRedisAddress,
  KEY_PREFIX_RULE,
  REDIS_RULE,
} from './patterns.js';

const isFunction = (value: unknown): boolean => typeof value === 'function';
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

export const redis = {
  url: text(
    {
      env: 'REDIS_URL',
      isSecret: true,
      default: undefined,
      doc: 'Where Redis is. The service starts a private one for development without it; in code one of `url`, `cluster`, `options` and `connect` is needed.',
    },
    isRedisAddress,
    REDIS_RULE,
  ),
  cluster: object(
    { doc: 'A cluster in place of `url`: `{ nodes: [{ host, port }], natMap? }`.' },
    isObject,
    'an object with nodes',
  ),
  options: object(
    {
      doc: 'Options of ioredis beside `url` or `cluster`, or in place of them: host, credentials, a TLS object, Sentinels.',
    },
    isObject,
    'an object with options of ioredis',
  ),
  connect: object(
    { doc: 'Makes the client for a purpose, with the options it must have, in place of `url`.' },
    isFunction,
    'a function (purpose, options) => Redis',
  ),
  keyPrefix: text(
    {
      env: 'REDIS_KEY_PREFIX',
      default: undefined,
      doc: 'What all keys and channels begin with, so that several applications share a server. Another prefix is another store.',
    },
    isKeyPrefix,
    KEY_PREFIX_RULE,
  ),
  appendMinReplicas: integer({
    env: 'APPEND_MIN_REPLICAS',
    default: 0,
    min: 0,
    max: 10,
    unit: 'replicas',
    doc: 'An append is answered once so many replicas have it, else with 503 NOT_REPLICATED; 0: as soon as the master has it.',
  }),
  appendReplicasTimeoutMs: integer({
    env: 'APPEND_REPLICAS_TIMEOUT_MS',
    default: 500,
    min: 1,
    unit: 'milliseconds',
    doc: 'How long an append waits for these replicas.',
  }),
  commandTimeoutMs: integer({
    env: 'REDIS_COMMAND_TIMEOUT_MS',
    default: 2000,
    min: 1,
    unit: 'milliseconds',
    doc: 'A command without an answer for so long has failed.',
  }),
  maxBulkReadBytes: integer({
    env: 'REDIS_MAX_BULK_READ_BYTES',
    default: 8 * 1024 * 1024,
    min: 65_536,
    unit: 'bytes',
    doc: 'What reads of pages and lists may bring at the same time; others wait their turn.',
  }),
};

export const events = {
  maxLength: integer({
    env: 'EVENT_MAX_LENGTH',
    default: 10_000,
    min: 1,
    unit: 'events',
    doc: 'Events kept per run: approximate, never fewer.',
  }),
  ttlSeconds: integer({
    env: 'EVENT_TTL_SECONDS',
    default: 86_400,
    min: 1,
    unit: 'seconds',
    doc: "How long a run's events are kept after its end.",
  }),
  runTtlSeconds: integer({
    env: 'RUN_TTL_SECONDS',
    default: 2_592_000,
    min: 1,
    unit: 'seconds',
    doc: 'How long the run itself is kept after its end; at least as long as its events.',
  }),
  runIdleTimeoutSeconds: integer({
    env: 'RUN_IDLE_TIMEOUT_SECONDS',
    default: 86_400,
    min: 0,
    unit: 'seconds',
    doc: 'An external run without a new event for so long has failed; 0: never.',
  }),
  types: list<readonly string[]>(
    {
      env: 'EVENT_TYPES',
      default: [],
      doc: 'Event types besides the built-in ones, exact or by category: `build.*`.',
    },
    isEventType,
    EVENT_TYPES_RULE,
  ),
  journalExclude: list<readonly string[]>(
    {
      env: 'JOURNAL_EXCLUDE',
      default: ['llm.stream', 'llm.reasoning'],
      doc: "Event types left out of the tenant's journal; the variable's `none` leaves out nothing.",
    },
    isEventType,
    EVENT_TYPES_RULE,
  ),
  journalMaxLength: integer({
    env: 'JOURNAL_MAX_LENGTH',
    default: 1_000_000,
    min: 1,
    unit: 'events',
    doc: "Events kept in a tenant's journal.",
  }),
  partitions: integer({
    env: 'PARTITIONS',
    default: 1,
    min: 1,
    max: 16,
    unit: 'partitions',
    doc: "Over how many partitions a tenant's runs are spread in a Redis that is new; in any other `npm run partitions` raises it.",
  }),
  journalTrimMs: integer({
    default: 10_000,
    min: 1,
    unit: 'milliseconds',
    doc: 'How often journals are trimmed, by one process at a time.',
  }),
  multiTenant: flag({ default: false, doc: "Whether keys carry the tenant's id; RunstreamModule sets it." }),
  heartbeatMs: integer({
    env: 'SSE_HEARTBEAT_MS',
    default: 15_000,
    min: 1,
    unit: 'milliseconds',
    doc: 'A quiet stream gets a heartbeat at this distance, and watched runs are compared with their log.',
  }),
  watcherPageBytes: integer({
    env: 'WATCHER_BUFFER_BYTES',
    default: 262_144,
    min: 1,
    max: 2 ** 30,
    unit: 'bytes',
    doc: 'What a watcher reads from the log at once, at most.',
  }),
};
