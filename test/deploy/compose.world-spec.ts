import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { serveHere, type Serving } from '../support/service.js';
import { asProcesses, type Servers } from './as-processes.js';
import type { Compose } from './compose-file.js';
import { documentsOf } from './deploy-files.js';

/**
 * There is no container engine where tests run. So the commands of the files are run as they stand, on loopback: what
 * is left out is images, networks and volumes.
 */
describe('the servers of deploy/', () => {
  let servers: Servers;
  let service: Serving | undefined;

  afterEach(async () => {
    await service?.stop();
    service = undefined;
    await servers.stop();
  });

  const post = (path: string, body: object) =>
    fetch(`${service!.url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  const logged = (line: string) => ({ event: { category: 'log', action: 'stdout' }, data: { line } });

  it('with Sentinels serve runs, and go on when the master is killed', async () => {
    const [compose] = documentsOf('compose.sentinel.yml') as [Compose];
    servers = await asProcesses(compose);
    servers.start(['redis-1', 'redis-2', 'redis-3']);
    servers.start(['sentinel-1', 'sentinel-2', 'sentinel-3']);
    let last = '';
    try {
      service = await startedWith(servers.environment);
      let run = '';
      await eventually('a run is made', async () => {
        const answer = await post('/runs', { task: 'here' });
        if (answer.ok) run = ((await answer.json()) as { id: string }).id;
        else await answer.arrayBuffer();
        return run !== '';
      });
      await eventually('the Sentinels know the replicas and each other', () =>
        ['+slave', '+sentinel'].every((event) => servers.says().split(event).length > 6),
      );
      expect((await post(`/runs/${run}/events`, logged('before'))).status).toBe(201);
      await servers.kill('redis-1');
      await eventually(
        'the run goes on at another master',
        async () => {
          const answer = await post(`/runs/${run}/events`, { ...logged('after'), idempotency_key: 'after' });
          last = `${answer.status} ${await answer.text()}`;
          return answer.ok;
        },
        40_000,
      );
      const history = await (await fetch(`${service.url}/runs/${run}/events`)).text();
      expect(history).toMatch(/before[^]*after/);
    } catch (error) {
      throw new Error(`${String(error)}\n${last}\n${servers.says()}`);
    }
  });

  it('of a cluster are made one, once, and serve runs', async () => {
    const [compose] = documentsOf('compose.cluster.yml') as [Compose];
    servers = await asProcesses(compose);
    servers.start(Object.keys(compose.services).filter((name) => name.startsWith('node-')));
    try {
      await eventually('the cluster is made', async () => (await servers.finish('cluster-init')) === 0);
      // The same once more, as when all of it is started again.
      expect(await servers.finish('cluster-init')).toBe(0);
      service = await startedWith(servers.environment);
      await eventually('a run is made', async () => {
        const answer = await post('/runs', { task: 'here' });
        await answer.arrayBuffer();
        return answer.status === 201;
      });
    } catch (error) {
      throw new Error(`${String(error)}\n${servers.says()}`);
    }
  });
});

/** It waits for no Redis by itself: Compose starts it when the others are healthy. */
async function startedWith(environment: Record<string, string>): Promise<Serving> {
  let service: Serving | undefined;
  let last: unknown;
  await eventually('the service starts', async () => {
    service = await serveHere(environment).catch((error: unknown) => {
      last = error;
      return undefined;
    });
    return service !== undefined;
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${String(last)}`);
  });
  return service!;
}
