import { AsyncLocalStorage } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';
import { types } from 'node:util';
import { Client, type Target } from './client.js';
import { MadeRuns } from './made-runs.js';

/** What the suite must know about the server that it can't find out from outside. */
export interface Limits {
  /** The server's SSE_HEARTBEAT_MS. Default 15000, the protocol's. */
  readonly heartbeatMs: number;
  /** The server's EVENT_MAX_LENGTH. Unknown by default: checks of trimmed logs are skipped. */
  readonly eventMaxLength: number | undefined;
  /** The server's EVENT_TTL_SECONDS. Unknown by default: checks of expired runs are skipped. */
  readonly eventTtlSeconds: number | undefined;
  /** The server's MAX_REQUEST_BYTES. Default 8 MiB, the protocol's. */
  readonly maxRequestBytes: number;
}

export interface ConformanceOptions extends Target, Partial<Limits> {
  /** Run only the checks whose section or name contains this text, in any case. */
  readonly only?: string | undefined;
  /** How many checks run side by side. Default 6. */
  readonly concurrency?: number;
  /** Longest time one check may take, in milliseconds. Default: 30 000. */
  readonly checkTimeoutMs?: number | undefined;
  /** Called after each check, in the order in which they end. */
  readonly onResult?: (result: CheckResult) => void;
  /** Called at the end with what became of the runs that were made: they are deleted, however the checks went. */
  readonly onCleaned?: (runs: { deleted: number; left: string[] }) => void;
  /** Ends it: checks that are under way fail, no other begins. */
  readonly signal?: AbortSignal;
}

export interface CheckResult {
  readonly section: string;
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped. */
  readonly reason?: string;
  readonly durationMs: number;
}

/** What a check is given. Everything opened through `api` is closed when the check ends. */
export interface CheckContext {
  readonly api: Client;
  readonly limits: Limits;
  /** Ends the check without a verdict. */
  readonly skip: (reason: string) => never;
  /** Skips the check when the server keeps fewer than `count` events of a run. */
  readonly needsEvents: (count: number) => void;
}

type CheckBody = (t: CheckContext) => Promise<void>;
export type DefineCheck = (promise: string, body: CheckBody) => void;

export interface Section {
  readonly title: string;
  readonly checks: readonly { readonly name: string; readonly body: CheckBody }[];
}

const CHECK_TIMEOUT_MS = 30_000;

const DEFAULT_LIMITS: Limits = {
  heartbeatMs: 15_000,
  eventMaxLength: undefined,
  eventTtlSeconds: undefined,
  maxRequestBytes: 8 * 1024 * 1024,
};

/** A part of the protocol with its checks. A check's name is the promise that it holds the server to. */
export function defineSection(title: string, define: (check: DefineCheck) => void): Section {
  const checks: { name: string; body: CheckBody }[] = [];
  define((name, body) => checks.push({ name, body }));
  return { title, checks };
}

class Skipped extends Error {}

/** Runs the sections' checks against a server; resolves with one result per check, in the order of definition. */
export async function runSections(
  sections: readonly Section[],
  options: ConformanceOptions,
): Promise<CheckResult[]> {
  const limits: Limits = {
    heartbeatMs: options.heartbeatMs ?? DEFAULT_LIMITS.heartbeatMs,
    eventMaxLength: options.eventMaxLength,
    eventTtlSeconds: options.eventTtlSeconds,
    maxRequestBytes: options.maxRequestBytes ?? DEFAULT_LIMITS.maxRequestBytes,
  };
  const wanted = options.only?.toLowerCase() ?? '';
  const jobs = sections.flatMap(({ title, checks }) =>
    checks
      .filter(({ name }) => `${title} ${name}`.toLowerCase().includes(wanted))
      .map((check) => ({ section: title, ...check })),
  );
  const results: CheckResult[] = new Array<CheckResult>(jobs.length);
  const made = new MadeRuns();
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < jobs.length; index = next++) {
      const job = jobs[index];
      if (!job) continue;
      if (options.signal?.aborted) return;
      const result = await runCheck(job.section, job.name, job.body, options, limits, made);
      results[index] = result;
      options.onResult?.(result);
    }
  };
  const stray = (error: unknown): void => running.getStore()?.(error);
  process.on('uncaughtException', stray);
  process.on('unhandledRejection', stray);
  try {
    await Promise.all(Array.from({ length: Math.max(1, options.concurrency ?? 6) }, lane));
  } finally {
    const runs = await made.deleteAll(options);
    process.off('uncaughtException', stray);
    process.off('unhandledRejection', stray);
    options.onCleaned?.(runs);
  }
  // Of those that did not begin there is none.
  return results.filter((result) => result !== undefined);
}

/**
 * Fails the check that the present code belongs to. An error that nobody waits for, such as a request that was cut, is
 * that of its own check; after the check it is nobody's. Without this it would end the process, and all checks with it.
 */
const running = new AsyncLocalStorage<(error: unknown) => void>();

async function runCheck(
  section: string,
  name: string,
  body: CheckBody,
  target: ConformanceOptions,
  limits: Limits,
  made: MadeRuns,
): Promise<CheckResult> {
  const timeoutMs = target.checkTimeoutMs ?? CHECK_TIMEOUT_MS;
  const started = performance.now();
  const end = new AbortController();
  // Every request of the check listens to it; there may be hundreds.
  setMaxListeners(0, end.signal);
  const context: CheckContext = {
    api: new Client(target, end.signal, made),
    limits,
    skip: (reason) => {
      throw new Skipped(reason);
    },
    needsEvents: (count) => {
      if (limits.eventMaxLength !== undefined && limits.eventMaxLength < count) {
        throw new Skipped(`needs a server that keeps ${count} events of a run`);
      }
    },
  };
  let timer: NodeJS.Timeout | undefined;
  let fail: (error: unknown) => void = () => undefined;
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
    timer = setTimeout(() => {
      reject(new Error(`not done after ${timeoutMs / 1000} s, at: ${context.api.activity}`));
    }, timeoutMs);
  });
  const stop = (): void => fail(new Error('it was stopped'));
  target.signal?.addEventListener('abort', stop);
  const verdict = (outcome: CheckResult['outcome'], reason?: string): CheckResult => ({
    section,
    name,
    outcome,
    ...(reason === undefined ? {} : { reason }),
    durationMs: Math.round(performance.now() - started),
  });
  try {
    await running.run(fail, () => Promise.race([body(context), failure]));
    return verdict('passed');
  } catch (error) {
    if (error instanceof Skipped) return verdict('skipped', error.message);
    return verdict('failed', reasonOf(error));
  } finally {
    clearTimeout(timer);
    target.signal?.removeEventListener('abort', stop);
    end.abort(new Error('the check has ended'));
  }
}

function reasonOf(error: unknown): string {
  // Not instanceof: under a test runner that gives files globals of their own, Node's errors are of another Error.
  if (!types.isNativeError(error)) return String(error);
  const text = error.name === 'AssertionError' ? error.message : `${error.name}: ${error.message}`;
  const lines = text.trim().split('\n');
  const shown = lines.length > 24 ? [...lines.slice(0, 24), '…'] : lines;
  return shown.map((line) => (line.length > 400 ? `${line.slice(0, 400)}…` : line)).join('\n');
}
