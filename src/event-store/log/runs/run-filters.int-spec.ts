import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestStore, type TestStore } from '../../../../test/support/event-store.js';
import { runIndexOf } from '../../../../test/support/run-index.js';
import { seedFromEnvironment, SeededRandom } from '../../../../test/support/seeded-random.js';
import { type EventInput, RUN_STATUSES, type RunStatus } from '../../../events/index.js';
import { DispatchStore } from '../../dispatch/dispatch-store.js';
import { RunSweep } from '../../upkeep/run-sweep.js';
import type { RunFilter } from './run-filter.js';
import { EXTERNAL } from './run-record.js';

const end = (action: string): EventInput => ({ event: { category: 'lifecycle', action }, data: {} });
const ENDS = ['completed', 'failed', 'cancelled'] as const;
const EXECUTORS = [EXTERNAL, 'job', 'jobs'];
const KEYS = [undefined, 'a', 'a ', 'b'];
const LABEL_NAMES = ['a', 'aa', 'a=b', '__proto__'];
/** Neighbours in the order of bytes, and what would break out of a member or look like another. */
const LABEL_VALUES = ['', 'x', 'x:y', 'x\0r0_', 'x\x01', 'x\x01\x01', 'é👍', '{0}'];
const TASKS = ['Deploy the shop', 'review'];

/** A run as this test knows it, without asking anybody. */
interface Known {
  id: string;
  executor: string;
  key: string | undefined;
  labels: Record<string, string>;
  task: string;
  status: RunStatus;
  madeAtMs: number;
}

describe('T280 a filter by the index finds what looking at every run finds', () => {
  const random = new SeededRandom(seedFromEnvironment());
  const oneOf = <T>(values: readonly T[]): T => values[random.integer(0, values.length - 1)]!;
  let a: TestStore;
  let sweep: RunSweep;
  /** Newest first. */
  const runs: Known[] = [];
  const unended = () => runs.filter(({ status }) => status === 'pending' || status === 'running');
  const leave = (run: Known) => runs.splice(runs.indexOf(run), 1);

  beforeAll(async () => {
    a = await createTestStore({ runIdleTimeoutSeconds: 0 });
    sweep = a.app.get(RunSweep);
  });
  afterAll(() => a.close());

  const steps: Record<string, () => Promise<unknown>> = {
    create: async () => {
      const [executor, key, task] = [oneOf(EXECUTORS), oneOf(KEYS), oneOf(TASKS)];
      const names = LABEL_NAMES.filter(() => random.next() < 0.4);
      const labels = Object.fromEntries(names.map((name) => [name, oneOf(LABEL_VALUES)]));
      const { run } = await a.runs.create(a.tenant, { executor, key, labels, task });
      const status = executor === EXTERNAL ? 'running' : 'pending';
      runs.unshift({ id: run.id, executor, key, labels, task, status, madeAtMs: Date.now() });
    },
    end: async () => {
      const run = oneOf(unended());
      if (!run) return;
      run.status = oneOf(ENDS);
      await a.store.append(a.tenant, run.id, [end(run.status)]);
    },
    takeUp: async () => {
      const dispatch = a.app.get(DispatchStore);
      const source = { tenantId: a.tenant, executor: oneOf(['job', 'jobs']) };
      if (!(await dispatch.ensureGroup(source))) return;
      const [entry] = await dispatch.take(source, 'a-test', 1);
      if (!entry) return;
      const terms = { consumer: 'a-test', leaseMs: 1_000_000, patient: true, onLost: () => end('failed') };
      const { kind } = await dispatch.takeUp(entry, terms)();
      const run = unended().find(({ id }) => id === entry.runId);
      expect(kind).toBe(run ? 'taken' : 'over');
      if (run) run.status = 'running';
    },
    lose: async () => {
      const run = oneOf(
        unended().filter(({ executor, status }) => executor !== EXTERNAL && status === 'running'),
      );
      if (!run) return;
      await a.redis.commands.hset(a.store.keys.run(a.tenant, run.id).run, 'lease', 1);
      const { lapsed } = await sweep.findLost(a.tenant);
      expect(lapsed.map(({ runId }) => runId)).toEqual([run.id]);
      expect(await sweep.endAbandoned(a.tenant, lapsed[0]!, 0, end('failed'))).toBe(true);
      run.status = 'failed';
    },
    delete: async () => {
      const run = oneOf(runs);
      if (!run) return;
      await a.store.delete(a.tenant, run.id);
      leave(run);
    },
    expire: async () => {
      const run = oneOf(runs.filter((one) => !unended().includes(one)));
      if (!run) return;
      await a.redis.commands.del(a.store.keys.run(a.tenant, run.id).run);
      leave(run);
    },
    sweep: () => sweep.forgetExpired(a.tenant),
  };

  const filter = (): RunFilter => {
    const maybe = <K extends keyof RunFilter>(chance: number, name: K, value: () => RunFilter[K]) =>
      random.next() < chance ? { [name]: value() } : {};
    return {
      ...maybe(0.5, 'status', () => Array.from({ length: random.integer(1, 4) }, () => oneOf(RUN_STATUSES))),
      ...maybe(0.3, 'executor', () => oneOf([...EXECUTORS, 'nobody'])),
      ...maybe(0.3, 'key', () => oneOf([...KEYS.slice(1), 'c']) as string),
      ...maybe(0.4, 'label', () => ({ name: oneOf(LABEL_NAMES), value: oneOf([...LABEL_VALUES, 'y']) })),
      ...maybe(0.1, 'task', () => 'dePLOY'),
      ...maybe(0.2, 'sinceMs', () => oneOf(runs)?.madeAtMs ?? 0),
    };
  };
  const passes = (run: Known, { status, executor, key, label, task }: RunFilter): boolean =>
    (status === undefined || [status].flat().includes(run.status)) &&
    (executor === undefined || run.executor === executor) &&
    (key === undefined || run.key === key) &&
    (label === undefined ||
      (Object.hasOwn(run.labels, label.name) && run.labels[label.name] === label.value)) &&
    (task === undefined || run.task.toLowerCase().includes(task.toLowerCase()));
  /** What stands in the id, which is what counts. */
  const idTime = (id: string) => id.slice(3, 13);

  it(`T280 across pages, while runs come, go on, end, are deleted and expire (SEED=${random.seed})`, async () => {
    const names = [
      ...Array<string>(6).fill('create'),
      'end',
      'end',
      'takeUp',
      'takeUp',
      'lose',
      'delete',
      'expire',
    ];
    for (let round = 0; round < 60; round++) {
      for (let n = 0; n < 8; n++) await steps[oneOf(names)]!();
      if (random.next() < 0.1) await steps['sweep']!();
      for (let n = 0; n < 4; n++) {
        const by = filter();
        const since = by.sinceMs;
        const should = runs.filter(
          (run) => passes(run, by) && (since === undefined || idTime(run.id) >= timeInId(since)),
        );
        const limit = random.integer(1, 12);
        const found: string[] = [];
        let next: string | undefined;
        do {
          const page = await a.runs.list(a.tenant, by, limit, next);
          expect(page.runs.length).toBeLessThanOrEqual(limit);
          found.push(...page.runs.map(({ id }) => id));
          next = page.next;
        } while (next !== undefined);
        expect({ by, limit, found }).toEqual({ by, limit, found: should.map(({ id }) => id) });
      }
    }
    for (let n = 0; n < 3; n++) await steps['sweep']!();
    const { is, should } = await runIndexOf(a);
    expect(is).toEqual(should);
    for (const run of [...runs]) await a.store.delete(a.tenant, run.id);
    const { index, active } = a.store.keys.partition(a.tenant, 0);
    expect(await a.redis.commands.exists(index, active)).toBe(0);
  });
});

/** As run-id.ts writes it, in 32 digits. */
function timeInId(ms: number): string {
  const digits = '0123456789abcdefghjkmnpqrstvwxyz';
  let text = '';
  for (let n = 0, rest = BigInt(ms); n < 10; n++, rest /= 32n) text = digits[Number(rest % 32n)]! + text;
  return text;
}
