import { flag, integer, list, object, text } from './setting.js';
import { isTenant, TENANT_RULE } from './patterns.js';

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const shutdownTimeoutMs = (doc: string) =>
  integer({ env: 'SHUTDOWN_TIMEOUT_MS', default: 10_000, min: 0, unit: 'milliseconds', doc });

export const runs = {
  retryMs: integer({
    env: 'SSE_RETRY_MS',
    default: 2000,
    min: 0,
    unit: 'milliseconds',
    doc: 'How long a watcher is asked to wait before it reconnects, give or take a quarter.',
  }),
  watcherBufferBytes: integer({
    env: 'WATCHER_BUFFER_BYTES',
    default: 262_144,
    min: 1,
    max: 2 ** 30,
    unit: 'bytes',
    doc: "What may wait for one watcher's socket before it is served from the log.",
  }),
  stalledMs: integer({
    default: 60_000,
    min: 1,
    unit: 'milliseconds',
    doc: 'A watcher that reads nothing at all for so long is disconnected.',
  }),
  uploadIdleMs: integer({
    default: 300_000,
    min: 1,
    unit: 'milliseconds',
    doc: 'An NDJSON upload that sends nothing for so long is cut.',
  }),
  sweepMs: integer({
    default: 15_000,
    min: 1,
    unit: 'milliseconds',
    doc: "How often each tenant's runs are looked at, by one process of all.",
  }),
  executorAbsentMs: integer({
    default: 300_000,
    min: 1,
    unit: 'milliseconds',
    doc: 'A running run whose executor no process has had for so long fails.',
  }),
};

export const executors = {
  enabled: flag({
    env: 'EXECUTORS_ENABLED',
    default: true,
    doc: 'Whether runs are executed in this process at all. Without it they can be started here, and others execute them.',
  }),
  commandsFile: text({
    env: 'COMMANDS_FILE',
    default: undefined,
    doc: 'JSON file with the commands that the `command` executor may run.',
  }),
  recordingsDir: text({
    env: 'RECORDINGS_DIR',
    default: undefined,
    doc: 'Folder with the NDJSON recordings that the `replay` executor may play.',
  }),
  shutdownTimeoutMs: shutdownTimeoutMs('How long executors may take to finish at a shutdown.'),
  killGraceMs: integer({
    default: 5000,
    min: 0,
    unit: 'milliseconds',
    doc: 'How long a command may take to end in order before it is killed.',
  }),
  outageBufferEvents: integer({
    env: 'OUTAGE_BUFFER_EVENTS',
    default: 10_000,
    min: 0,
    unit: 'events',
    doc: 'What executors may have said during an outage of Redis, in all; then they wait.',
  }),
  outageBufferBytes: integer({
    env: 'OUTAGE_BUFFER_BYTES',
    default: 64 * 1024 * 1024,
    min: 0,
    unit: 'bytes',
    doc: 'The same in bytes.',
  }),
  overrides: object(
    { doc: 'What holds for every executor here in place of its own options, for tests.' },
    isObject,
    'an object with options of @RunExecutor()',
  ),
  commandEnvironment: object(
    { doc: 'What every command finds in its environment: a PATH, HOME and LANG of its own without it.' },
    isObject,
    'an object with names and texts',
  ),
};

export const consumer = {
  enabled: flag({
    env: 'HANDLERS_ENABLED',
    default: true,
    doc: 'Whether handlers run in this process at all.',
  }),
  shutdownTimeoutMs: shutdownTimeoutMs('How long handlers may take to finish at a shutdown.'),
  tenants: list<readonly string[] | undefined>(
    { default: undefined, doc: 'The tenants whose events are handled here: all that had a run without it.' },
    isTenant,
    `a list of tenant ids: ${TENANT_RULE}`,
  ),
  maxEffects: integer({
    default: 1000,
    min: 1,
    max: 10_000,
    unit: 'events',
    doc: 'What the handling of one event may write: published, or runs started.',
  }),
  maxEffectBytes: integer({
    default: 8 * 1024 * 1024,
    min: 1,
    max: 64 * 1024 * 1024,
    unit: 'bytes',
    doc: 'The same in bytes.',
  }),
  maxHeldBytes: integer({
    default: 64 * 1024 * 1024,
    min: 1,
    unit: 'bytes',
    doc: 'Events that all groups of this process have in hand together, about; each may always hold one.',
  }),
  overrides: object(
    { doc: 'What holds for every handler here in place of its own options, for tests.' },
    isObject,
    'an object with backoff, leaseMs or timeoutMs',
  ),
};
