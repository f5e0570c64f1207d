import { describe, expect, it } from '@jest/globals';
import { consumerScenes } from '../../../test/support/consumer-scene.js';
import { upTo } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** No lease runs out here: what comes back was handed back. */
const LONG_LEASE = { leaseMs: 60_000 };

describe('Stopping', () => {
  const open = consumerScenes();

  it('T48 handlers that run get their time, and what was not begun is for others', async () => {
    const scene = await open();
    const texts = upTo(20).map(String);
    await scene.append(...texts);
    const begun: string[] = [];
    const done: string[] = [];
    const first = await scene.start(
      async (text, { signal }) => {
        begun.push(text);
        await wait(800);
        if (!signal.aborted) done.push(text);
      },
      { leaseMs: 4000, concurrency: 3 },
    );
    await eventually('some are at it', () => begun.length === 3);
    expect(first.runner.running[0]?.deliverer.inHand.size).toBe(3);
    await first.close();
    expect(begun).toHaveLength(3);
    expect(done.sort()).toEqual([...begun].sort());
    const attempts: number[] = [];
    const rest: string[] = [];
    await scene.start((text, context) => {
      rest.push(text);
      attempts.push(context.attempt);
    }, LONG_LEASE);
    // Long before a lease runs out.
    await eventually('the rest is handled', () => scene.isSettled(), 2500);
    expect([...done, ...rest].map(Number).sort((a, b) => a - b)).toEqual(upTo(20));
    expect(new Set(attempts)).toEqual(new Set([1]));
    expect(await scene.dead()).toEqual([]);
  });

  it.each(['none', 'run'] as const)(
    'T48 a handler whose time is up is told so, and its event goes back uncounted, ordering: %s',
    async (ordering) => {
      const scene = await open();
      await scene.append('a', 'b');
      const begun: string[] = [];
      const first = await scene.start(
        (text, { signal }) => {
          begun.push(text);
          return new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              reject(signal.reason as Error);
            });
          });
        },
        { ...LONG_LEASE, ordering },
        { shutdownTimeoutMs: 300 },
      );
      await eventually('it is at it', () => begun.includes('a'));
      await first.close();
      const seen: string[] = [];
      await scene.start((text, { attempt }) => void seen.push(`${text} ${attempt}`), {
        ...LONG_LEASE,
        ordering,
      });
      await eventually('all are handled', () => scene.isSettled());
      expect(seen.sort()).toEqual(['a 1', 'b 1']);
      expect(await scene.dead()).toEqual([]);
    },
  );

  it('T48 an ordered group is given up, so that the next owner need not wait for the lease', async () => {
    const scene = await open();
    const seen: string[] = [];
    const handle = (text: string): void => void seen.push(text);
    const first = await scene.start(handle, { ...LONG_LEASE, ordering: 'run' });
    await scene.append('a');
    await eventually('it works', () => seen.length === 1);
    await first.close();
    await scene.start(handle, { ...LONG_LEASE, ordering: 'run' });
    await scene.append('b');
    await eventually('it goes on', () => scene.isSettled());
    expect(seen).toEqual(['a', 'b']);
  });

  it('T48 while it stops, an ordered group keeps its lease for as long as its handlers take', async () => {
    const scene = await open();
    const seen: string[] = [];
    const handle = (name: string) => async (text: string) => {
      seen.push(`${text} ${name}`);
      await wait(2500);
    };
    const first = await scene.start(handle('first'), { ordering: 'run' });
    await scene.append('a');
    await eventually('it is at it', () => seen.length === 1);
    await scene.start(handle('second'), { ordering: 'run' });
    await first.close();
    await eventually('it is settled', () => scene.isSettled());
    expect(seen).toEqual(['a first']);
  });
});
