import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../conformance/client.js';
import { eventOf, terminal } from '../conformance/model.js';
import { TestBed } from '../support/test-bed.js';
import { framesOf } from './frames.js';

const bed = new TestBed();
let api: Client;
let url: string;

beforeAll(async () => {
  const service = await bed.serveHere({ ADAPTERS: 'openai' });
  ({ url } = service);
  api = bed.client(service);
});
afterAll(() => bed.close());

const get = (path: string) => fetch(`${url}/v1/responses/${path}`);
const cancel = (id: string) => fetch(`${url}/v1/responses/${id}/cancel`, { method: 'POST' });
const eventsOf = async (answer: Response) =>
  (await framesOf(answer)).frames.map(({ data }) => JSON.parse(data) as { sequence_number: number });

describe('responses.retrieve', () => {
  it('streams the response after any number, and gives it whole', async () => {
    const { id } = await api.createRun({ labels: { a: 'b' } });
    expect(await (await get(id)).json()).toMatchObject({ id, status: 'in_progress', output: [] });
    const open = get(`${id}?stream=true&include_obfuscation=false`);
    await api.append(id, [
      eventOf('llm.stream', { content: 'Hel' }),
      eventOf('llm.stream', { content: 'lo' }),
    ]);
    await api.append(id, terminal());
    const events = await eventsOf(await open);
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual([
      32, 33, 34, 35, 36, 48, 64, 65, 66, 67,
    ]);
    for (const [index, { sequence_number }] of events.entries())
      expect(await eventsOf(await get(`${id}?stream=true&starting_after=${sequence_number}`))).toEqual(
        events.slice(index + 1),
      );
    expect(await (await get(id)).json()).toMatchObject({
      status: 'completed',
      metadata: { a: 'b' },
      output: [{ content: [{ type: 'output_text', text: 'Hello' }] }],
    });
  });

  it('cancels a response, once or more often', async () => {
    const { id } = await api.createRun();
    expect(await (await cancel(id)).json()).toMatchObject({ id, status: 'cancelled' });
    expect((await cancel(id)).status).toBe(200);
  });

  it('has errors as OpenAI has them', async () => {
    const { id } = await api.createRun();
    expect((await get(`${id}?stream=true&starting_after=x`)).status).toBe(400);
    const answer = await get('r0_01kbz6v2m8e7q9n4t3x5c1d2fa');
    expect([answer.status, await answer.json()]).toEqual([
      404,
      {
        error: expect.objectContaining({ type: 'invalid_request_error', code: 'RUN_NOT_FOUND', param: null }),
      },
    ]);
  });
});
