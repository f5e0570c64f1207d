import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { consumerScenes } from '../support/consumer-scene.js';
import { serveHere, type Serving } from '../support/service.js';
import { WorkerCalls } from './worker-calls.js';

let service: Serving;

beforeAll(async () => {
  service = await serveHere({ MULTI_TENANCY_ENABLED: 'true' });
});
afterAll(() => service.stop());

describe('A handler of the service', () => {
  const open = consumerScenes();

  it('starts runs of an executor that workers have, by its name', async () => {
    const scene = await open();
    const worker = new WorkerCalls(service.url, scene.tenant);
    await worker.put('sum');
    const started: string[] = [];
    await scene.start((_, context) => {
      started.push(context.startRun({ task: 'add', executor: 'sum' }));
    });
    const claiming = worker.claim('sum');
    await scene.append('1');
    const { run } = await claiming;
    expect([run.id]).toEqual(started.slice(-1));
    expect(run).toMatchObject({ executor: 'sum', status: 'running' });
  });
});
