import { ValidationFailedError, type Violation } from '../../common/index.js';
import type { AskedSettlement, WorkerGroup } from '../../consumer/index.js';
import { GROUP_PATTERN, type EventStore } from '../../event-store/index.js';
import { readItem } from '../../http/index.js';
import { CreateRunDto } from '../dto/run.dto.js';
import { BackoffDto, type PutGroupDto, SettlementDto } from './worker-group.dto.js';

/** @throws ValidationFailedError, UnknownEventTypeError */
export function readGroup(store: EventStore, name: string, body: PutGroupDto): Omit<WorkerGroup, 'since'> {
  if (!GROUP_PATTERN.test(name)) {
    const message =
      'must begin with a lower-case letter and go on with at most 62 lower-case letters, digits, "_" or "-"';
    throw new ValidationFailedError([{ path: 'group', message }]);
  }
  const backoff = readItem(body.backoff ?? {}, BackoffDto, 'backoff');
  const initialMs = backoff.initial_ms ?? 1000;
  const maxMs = backoff.max_ms ?? Math.max(60_000, initialMs);
  if (initialMs > maxMs)
    throw new ValidationFailedError([{ path: 'backoff', message: 'initial_ms must be at most max_ms' }]);
  return {
    version: body.version ?? 1,
    types: readTypes(store, body.types ?? undefined),
    from: body.from ?? 'now',
    ordering: body.ordering ?? 'none',
    maxAttempts: body.max_attempts ?? 5,
    backoff: { initialMs, maxMs },
    leaseMs: (body.lease_seconds ?? 60) * 1000,
  };
}

/** @throws ValidationFailedError */
export function readSettlements(sent: readonly unknown[]): AskedSettlement[] {
  return sent.map((one, i) => {
    const path = `settlements[${i}]`;
    const { id, token, outcome, delay_ms, error, publish, start_runs } = readItem(one, SettlementDto, path);
    const wrong = (member: string, message: string): never => {
      throw new ValidationFailedError([{ path: `${path}.${member}`, message }]);
    };
    if (outcome !== 'success' && publish != null) wrong('publish', 'only a success has effects');
    if (outcome !== 'success' && start_runs != null) wrong('start_runs', 'only a success has effects');
    if (outcome !== 'retry' && delay_ms != null) wrong('delay_ms', 'only a retry has one');
    return {
      ...{ id, token, outcome, delayMs: delay_ms ?? undefined, error: error ?? '' },
      publish: (publish ?? []).map((published: unknown, j) => {
        const at = `publish[${j}]`;
        if (typeof published !== 'object' || published === null) return wrong(at, 'must be a JSON object');
        const { run_id: runId, ...event } = published as Record<string, unknown>;
        return typeof runId === 'string'
          ? { runId, event }
          : wrong(`${at}.run_id`, 'must be the id of a run');
      }),
      startRuns: (start_runs ?? []).map((run: unknown, j) => readRun(run, `${path}.start_runs[${j}]`)),
    };
  });
}

function readRun(sent: unknown, path: string): AskedSettlement['startRuns'][number] {
  const { task, executor, key, input, labels, context } = readItem(sent, CreateRunDto, path);
  return {
    task,
    ...(executor != null && { executor }),
    ...(key != null && { key }),
    ...(input != null && { input }),
    ...(labels != null && { labels }),
    ...(context != null && { context }),
  };
}

function readTypes(store: EventStore, types: readonly string[] | undefined): readonly string[] | undefined {
  if (!types) return undefined;
  const wrong = types.flatMap((type: unknown, i): Violation[] =>
    typeof type === 'string' && type !== '' && !/[,\s]/.test(type)
      ? []
      : [{ path: `types[${i}]`, message: 'must be an event type, or a category as in `build.*`' }],
  );
  if (wrong.length > 0) throw new ValidationFailedError(wrong);
  // Names what is no type.
  store.types.parseFilter(types.join(','));
  return [...new Set(types)];
}
