import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import { startApplication, type TestApplication } from '../support/application.js';

let application: TestApplication;
beforeAll(async () => {
  application = await startApplication();
});
afterAll(() => application.close());

/** In Node 20 the first context that is entered makes each promise of the process dearer, for good. */
it('a process that serves requests alone enters no AsyncLocalStorage', async () => {
  const entered = [
    jest.spyOn(AsyncLocalStorage.prototype, 'run'),
    jest.spyOn(AsyncLocalStorage.prototype, 'enterWith'),
  ];
  const call = async (path: string, body?: string, type = 'application/json') => {
    const init = body === undefined ? {} : { method: 'POST', body, headers: { 'content-type': type } };
    const response = await fetch(application.url + path, init);
    const text = await response.text();
    expect([path, response.status < 300]).toEqual([path, true]);
    return text;
  };
  const { id } = JSON.parse(await call('/runs', '{"task":"x"}')) as { id: string };
  const event = '{"event":{"category":"llm","action":"stream"},"data":{}}';
  for (const body of [event, `[${event},${event}]`]) await call(`/runs/${id}/events`, body);
  await call(`/runs/${id}/events`, `${event}\n`, 'application/x-ndjson');
  await call(`/runs/${id}/events`, '{"event":{"category":"lifecycle","action":"completed"}}');
  for (const path of ['', '/events', '/events/stream']) await call(`/runs/${id}${path}`);
  await call('/health/ready');
  for (const way of entered) {
    expect(way).not.toHaveBeenCalled();
    way.mockRestore();
  }
});
