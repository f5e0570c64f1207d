import { describe, expect, it } from '@jest/globals';
import { upTo } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { NOTHING_LEFT, SHORT_LEASE_MS, textsOf, workerScenes } from '../../../test/support/worker-scene.js';

describe('Events are given to workers', () => {
  const open = workerScenes();

  it('each once, at most as many as are asked for, whichever process is asked', async () => {
    const scene = await open();
    const [one, other] = [await scene.server(), await scene.server()];
    await scene.append('a', 'b', 'c', 'd', 'e');
    const first = await one.take(2);
    const second = await other.take(2);
    const third = await one.take();
    expect([first, second, third].map(textsOf)).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(await other.take()).toEqual([]);
    const all = [...first, ...second, ...third];
    expect(all.every(({ attempt }) => attempt === 1)).toBe(true);
    expect(new Set(all.map(({ id }) => id)).size).toBe(5);
    expect(await other.settle(...all)).toEqual(all.map(() => ({ result: 'ok', runIds: [] })));
    expect(await scene.standing()).toEqual(NOTHING_LEFT);
  });

  it('of the wanted types only; the rest is done with at once', async () => {
    const scene = await open({ types: ['lifecycle.*'] });
    const server = await scene.server();
    await scene.append(...upTo(100).map(String));
    const given = await server.take();
    expect(given.map(({ event }) => event.event.action)).toEqual(['started']);
    await server.settle(...given);
    expect(await scene.standing()).toEqual(NOTHING_LEFT);
  });

  it('as many bytes at once as one answer may have', async () => {
    const scene = await open();
    const server = await scene.server();
    const large = 'x'.repeat(200_000);
    for (let i = 0; i < 12; i++) await scene.append(`${i}${large}`);
    const sizes: number[] = [];
    for (let given = await server.take(100); given.length > 0; given = await server.take(100)) {
      sizes.push(given.length);
      await server.settle(...given);
    }
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(12);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(6);
    expect(Math.max(...sizes)).toBeGreaterThanOrEqual(4);
  });

  it('what is given is held until its lease ends, and then comes alone, to be tried again', async () => {
    const scene = await open({ leaseMs: SHORT_LEASE_MS });
    const server = await scene.server();
    await scene.append('a', 'b', 'c');
    const first = await server.take(2);
    await scene.append('d');
    expect(textsOf(await server.take(10))).toEqual(['c', 'd']);
    const again = await server.next(10);
    // Whichever lease ended first.
    expect(again).toHaveLength(1);
    expect(again[0]?.attempt).toBe(2);
    expect(await server.settle(...first.filter(({ id }) => id === again[0]?.id))).toEqual([
      { result: 'lost' },
    ]);
    expect(await server.settle(...again)).toMatchObject([{ result: 'ok' }]);
  });

  it('one that lost its workers too often, alone, is dead-lettered', async () => {
    const scene = await open({ leaseMs: SHORT_LEASE_MS, maxAttempts: 2 });
    const server = await scene.server();
    await scene.append('a');
    const attempts: number[] = [];
    // The first time nobody knows; then twice alone.
    for (let i = 0; i < 3; i++) attempts.push(...(await server.next()).map(({ attempt }) => attempt));
    expect(attempts).toEqual([1, 2, 3]);
    await scene.append('b');
    expect(textsOf(await server.next())).toEqual(['b']);
    const letters = async () => (await scene.commands.xrange(scene.keys.dead, '-', '+')).length;
    await eventually('a is dead', async () => {
      await server.take();
      return (await letters()) >= 1;
    });
  });

  it('a lease that is renewed goes on', async () => {
    const scene = await open({ leaseMs: 1000 });
    const server = await scene.server();
    await scene.append('a', 'b');
    const [a, b] = await server.take();
    if (!a || !b) throw new Error('nothing was given');
    const until = performance.now() + 2500;
    let again: string[] = [];
    while (performance.now() < until) {
      const [ends] = await server.groups.renew(server.ref, [a]);
      expect(ends).toBeGreaterThan(Date.now() - 60_000);
      const given = await server.take();
      again = [...again, ...textsOf(given)];
      await server.settle(...given);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(again).toEqual(['b']);
    expect(
      await server.groups.renew(server.ref, [b, { id: a.id, token: b.token.replace(/.$/, '!') }]),
    ).toEqual([undefined, undefined]);
    expect(await server.settle(a)).toMatchObject([{ result: 'ok' }]);
  });

  it('a token that nobody was given settles nothing', async () => {
    const scene = await open();
    const server = await scene.server();
    await scene.append('a');
    const [a] = await server.take();
    if (!a) throw new Error('nothing was given');
    const [n] = a.token.split('.');
    const forged = [n, `${n}.`, `${n}.x`, '', `${n}.${'A'.repeat(16)}`, '1', 'NaN', `${a.token} `];
    for (const token of forged)
      expect(await server.settle({ id: a.id, token: String(token) })).toEqual([{ result: 'lost' }]);
    for (const id of ['', 'x', '0j.1-1', '1j.1-1', '0r.1-1', `${a.id}0`])
      expect(await server.settle({ id, token: a.token })).toEqual([{ result: 'lost' }]);
    expect(await server.settle(a)).toMatchObject([{ result: 'ok' }]);
  });
});
