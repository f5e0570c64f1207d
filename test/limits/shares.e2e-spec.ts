import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { eventually } from '../support/eventually.js';
import { report } from '../support/report-line.js';
import { type Service, startService } from '../support/service.js';

const unique = (): string => `shares-${randomBytes(5).toString('hex')}`;

describe('Limits over two processes', () => {
  let services: Service[];
  beforeAll(async () => {
    const env = { MULTI_TENANCY_ENABLED: 'true' };
    services = await Promise.all([startService(env), startService(env)]);
  });
  afterAll(() => Promise.all(services.map((service) => service.stop())));

  const of = (tenant: string) => ({ 'x-tenant-id': tenant, 'content-type': 'application/json' });
  const limit = async (tenant: string, limits: object) => {
    const { status } = await fetch(`${services[0]!.url}/tenants/${tenant}/limits`, {
      method: 'PUT',
      headers: of('operator'),
      body: JSON.stringify(limits),
    });
    expect(status).toBe(200);
  };
  const get = async (url: string, tenant: string) => {
    const answer = await fetch(`${url}/executors`, { headers: of(tenant) });
    await answer.arrayBuffer();
    return answer.status;
  };

  it('requests per second: the sum is the limit, and the other tenant has all of its requests', async () => {
    const [flooding, other] = [unique(), unique()];
    const perSecond = 20;
    await limit(flooding, { requests_per_second: perSecond });
    const began = performance.now();
    const served = [0, 0];
    let [refused, others] = [0, 0];
    // Between two refusals nothing was left over, unless one of those who ask stood still meanwhile.
    const flood = { ms: 0, served: 0 };
    let [refusedAt, since] = [Number.NEGATIVE_INFINITY, 0];
    const refuse = (): void => {
      const now = performance.now();
      if (now - refusedAt < 500) {
        flood.ms += now - refusedAt;
        flood.served += since;
      }
      [refusedAt, since] = [now, 0];
      refused++;
    };
    await Promise.all([
      ...[0, 0, 1, 1].map(async (i) => {
        while (flood.ms < 3000) {
          if ((await get(services[i]!.url, flooding)) !== 200) refuse();
          else {
            served[i]!++;
            since++;
          }
        }
      }),
      (async () => {
        while (flood.ms < 3000) {
          expect(await get(services[others % 2]!.url, other)).toBe(200);
          others++;
        }
      })(),
    ]);
    const seconds = (performance.now() - began) / 1000;
    const total = served[0]! + served[1]!;
    report(
      `limit ${perSecond}/s over two processes: ${total} in ${seconds.toFixed(1)} s (${served.join(' + ')}), ${refused} refused, ${flood.served} in the ${(flood.ms / 1000).toFixed(1)} s between refusals, the other tenant had ${others}`,
    );
    // One second's worth may come at once, and one lease (a tenth of a second) of each process.
    const leases = 2 * (perSecond / 10);
    expect(total).toBeLessThanOrEqual(1.1 * perSecond * (seconds + 1) + leases);
    expect(flood.served).toBeGreaterThanOrEqual((0.9 * perSecond * flood.ms) / 1000 - leases);
    expect(Math.min(...served)).toBeGreaterThan(0);
    expect(others).toBeGreaterThan(0);
  });

  it('open streams: the sum is the limit, and those of a process that is killed are free when its lease has ended', async () => {
    const tenant = unique();
    const run = await fetch(`${services[0]!.url}/runs`, {
      method: 'POST',
      headers: of(tenant),
      body: JSON.stringify({ task: 't' }),
    });
    const { id } = (await run.json()) as { id: string };
    await limit(tenant, { open_streams: 10 });
    const third = await startService({ MULTI_TENANCY_ENABLED: 'true' });
    const stops: AbortController[] = [];
    // Kept, or fetch cancels the body of an answer that nobody holds any more.
    const answers: Response[] = [];
    const open = async (url: string) => {
      const stop = new AbortController();
      const answer = await fetch(`${url}/runs/${id}/events/stream`, {
        headers: of(tenant),
        signal: stop.signal,
      });
      answers.push(answer);
      if (answer.status === 200) stops.push(stop);
      else await answer.arrayBuffer();
      return answer.status;
    };
    const on = async (url: string, count: number) =>
      (await Promise.all(Array.from({ length: count }, () => open(url)))).filter((status) => status === 200)
        .length;
    expect(await on(third.url, 4)).toBe(4);
    const [one, two] = await Promise.all([on(services[0]!.url, 10), on(services[1]!.url, 10)]);
    expect(one + two).toBe(6);
    expect(await on(services[0]!.url, 1)).toBe(0);
    third.child.process.kill('SIGKILL');
    await third.child.exit();
    let more = 0;
    await eventually('what it had is free', async () => (more += await on(services[1]!.url, 1)) === 4);
    expect(await on(services[0]!.url, 1)).toBe(0);
    for (const stop of stops) stop.abort();
  });
});
