import { describe, expect, it } from '@jest/globals';
import { line, upTo } from '../../../test/support/event-store.js';
import type { RecordedEvent } from '../../events/index.js';
import { eventually } from '../../../test/support/eventually.js';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { NOTHING_LEFT, SHORT_LEASE_MS, textsOf, workerScenes } from '../../../test/support/worker-scene.js';

describe('With ordering: run workers are given the events of a run one after the other', () => {
  const open = workerScenes();

  it('the next one when the one before has its outcome, and runs side by side', async () => {
    const scene = await open({ ordering: 'run' });
    const [one, other] = [await scene.server(), await scene.server()];
    const second = await scene.createRun();
    await scene.append('a1', 'a2', 'a3');
    await scene.store.append(scene.tenant, second, [line('b1'), line('b2')]);
    const first = await one.take();
    expect(textsOf(first)).toEqual(['a1', 'b1']);
    expect(await other.take()).toEqual([]);
    const states = (await one.pendingEntries.list(scene.tenant, scene.name, 10)).entries;
    expect(states.map(({ state }) => state)).toEqual(['running', 'parked', 'parked', 'running', 'parked']);
    await other.settle(first[0]!);
    const next = await other.take();
    expect(textsOf(next)).toEqual(['a2']);
    await one.settle(first[1]!, { ...next[0]!, outcome: 'fail' });
    const last = await one.take();
    expect(textsOf(last)).toEqual(['a3', 'b2']);
    await one.settle(...last);
    await scene.append('a4');
    await one.settle(...(await one.take()));
    expect(await scene.standing()).toEqual(NOTHING_LEFT);
  });

  it('one that is tried again holds up its run, and no other', async () => {
    const scene = await open({ ordering: 'run', leaseMs: SHORT_LEASE_MS });
    const server = await scene.server();
    const second = await scene.createRun();
    await scene.append('a1', 'a2');
    await scene.store.append(scene.tenant, second, [line('b1')]);
    const [a1, b1] = await server.take();
    await server.settle({ ...a1!, outcome: 'retry', delayMs: 2000 }, b1!);
    expect(
      (await server.pendingEntries.list(scene.tenant, scene.name, 10)).entries.map((e) => e.state),
    ).toEqual(['delayed', 'parked']);
    await scene.store.append(scene.tenant, second, [line('b2')]);
    const b2 = await server.take();
    expect(textsOf(b2)).toEqual(['b2']);
    await server.settle(...b2);
    const again = await server.next();
    expect(textsOf(again)).toEqual(['a1']);
    await server.settle(...again);
    expect(textsOf(await server.next())).toEqual(['a2']);
  });

  const seeds = Number(process.env['WORKER_SEEDS'] ?? 4);
  it.each(upTo(seeds))(
    'and stays so with workers that die, freeze, fail and give back, effects once (seed %i)',
    async (seed) => {
      const numbers = new SeededRandom(seed);
      const random = (): number => numbers.next();
      const scene = await open({
        ordering: 'run',
        leaseMs: SHORT_LEASE_MS,
        maxAttempts: 1000,
        backoff: { initialMs: 5, maxMs: 20 },
      });
      const servers = [await scene.server(), await scene.server()];
      const runs = [scene.run, ...(await Promise.all(upTo(4).map(() => scene.createRun())))];
      const PER_RUN = 25;
      const appended = (async () => {
        for (let n = 1; n <= PER_RUN; n++)
          for (const run of runs) await scene.store.append(scene.tenant, run, [line(`${n}`)]);
      })();
      const log = await scene.createRun();
      /** By run: which event is out, and until when at least, by this process's clock. */
      const out = new Map<string, { until: number; n: number }>();
      const done = new Map<string, number[]>(runs.map((run) => [run, []]));
      const disorder: string[] = [];
      let open_ = true;
      const late: Promise<void>[] = [];
      const work = async (name: string): Promise<void> => {
        while (open_) {
          const server = servers[Math.floor(random() * servers.length)]!;
          const asked = performance.now();
          const given = await server.take(1 + Math.floor(random() * 5), name);
          for (const one of given) {
            const n = Number(one.event.data['line']);
            const run = one.event.run_id;
            const held = out.get(run);
            // What has an outcome, or was given back, is not here any more.
            // Redis counts in whole milliseconds.
            if (held && held.until > performance.now() + 5) disorder.push(`${run} ${n} beside ${held.n}`);
            // It was given at the earliest when it was asked for.
            out.set(run, { until: asked + SHORT_LEASE_MS, n });
          }
          for (const one of given) {
            const n = Number(one.event.data['line']);
            const run = one.event.run_id;
            const settle = async (said: object): Promise<void> => {
              const by = servers[Math.floor(random() * servers.length)]!;
              out.delete(run);
              const [answer] = await by.settle({ ...one, ...said });
              if (answer?.result === 'ok' && !('outcome' in said)) done.get(run)?.push(n);
            };
            const effect = {
              publish: [
                {
                  runId: log,
                  event: {
                    event: { category: 'system', action: 'warning' },
                    data: { message: `${run} ${n}` },
                  },
                },
              ],
            };
            const dice = random();
            if (dice < 0.06)
              continue; // It dies.
            else if (dice < 0.12) {
              // It is frozen for longer than its lease, and then says that it has done it.
              late.push(
                (async () => {
                  await new Promise((resolve) => setTimeout(resolve, SHORT_LEASE_MS * 1.6));
                  const [answer] = await server.settle({ ...one, ...effect });
                  if (answer?.result === 'ok') done.get(run)?.push(n);
                })(),
              );
            } else if (dice < 0.2) await settle({ outcome: 'retry', delayMs: Math.floor(random() * 20) });
            else if (dice < 0.25) {
              out.delete(run);
              await server.groups.giveBack(server.ref, [one]);
            } else {
              if (dice < 0.5) await server.groups.renew(server.ref, [one]);
              await settle(effect);
            }
          }
          if (given.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        }
      };
      const workers = ['a', 'b', 'c'].map(work);
      await appended;
      await eventually(
        'all is done',
        () => [...done.values()].every((list) => list.length === PER_RUN),
        120_000,
      );
      open_ = false;
      await Promise.all(workers);
      await Promise.all(late);
      expect(disorder).toEqual([]);
      const effects = (await scene.store.read(scene.tenant, log)).events.slice(1).map(({ json }) => {
        const { data } = JSON.parse(json.toString()) as RecordedEvent;
        return String(data['message']).split(' ');
      });
      for (const run of runs)
        expect(effects.flatMap(([of, n]) => (of === run ? [Number(n)] : []))).toEqual(upTo(PER_RUN));
      await eventually('nothing is left', async () => {
        for (const server of servers) await server.settle(...(await server.take()));
        return JSON.stringify(await scene.standing()) === JSON.stringify(NOTHING_LEFT);
      });
    },
    180_000,
  );
});
