import { afterEach, describe, expect, it } from '@jest/globals';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { randomUUID } from 'node:crypto';
import express, { type RequestHandler } from 'express';
import { ask, type Host, startHost } from './host.js';

let host: Host;
afterEach(() => host.close());

const EVENT = '{"event":{"category":"llm","action":"stream"},"data":{"content":"x"}}';

/** Every way in which an application reads bodies before a controller does. */
const PARSERS: Record<string, RequestHandler> = {
  'none of its own': (_request, _response, next) => {
    next();
  },
  json: express.json(),
  'json of every type': express.json({ type: '*/*', strict: false }),
  'text of every type': express.text({ type: '*/*' }),
  'bytes of every type': express.raw({ type: '*/*' }),
};

async function works(url: string): Promise<void> {
  const input = { text: 'x'.repeat(200_000) };
  const headers = { 'idempotency-key': randomUUID() };
  const made = await ask(`${url}/runs`, { json: { task: 'x', input }, headers });
  expect([made.status, made.body['input']]).toEqual([201, input]);
  const again = await ask(`${url}/runs`, { json: { task: 'y' }, headers });
  expect(again.body['code']).toBe('IDEMPOTENCY_CONFLICT');
  const events = `${url}/runs/${String(made.body['id'])}/events`;
  expect((await ask(events, { text: `[${EVENT},${EVENT}]` })).body['count']).toBe(2);
  expect((await ask(events, { text: 'x', type: 'text/plain' })).body['code']).toBe('UNSUPPORTED_MEDIA_TYPE');
  expect((await ask(`${url}/orders`)).status).toBe(200);
}

describe('L2 bodies are read once, whatever parser an application has', () => {
  it.each(Object.entries(PARSERS))('behind app.use(): %s', async (name, parser) => {
    host = await startHost({ configure: (app: NestExpressApplication) => void app.use(parser) });
    await works(host.url);
    expect((await ask(`${host.url}/runs`, { text: '{"task":' })).body['code']).toBe('VALIDATION_FAILED');
    const { body } = await ask(`${host.url}/runs`, { json: { task: 'x' } });
    const lines = { text: `${EVENT}\n${EVENT}\n`, type: 'application/x-ndjson' };
    const uploaded = await ask(`${host.url}/runs/${String(body['id'])}/events`, lines);
    // As JSON two lines are nonsense, and the parser says so before anybody else.
    if (name === 'json of every type') expect(uploaded.body['code']).toBe('VALIDATION_FAILED');
    else expect(uploaded).toMatchObject({ status: 200, body: { count: 2 } });
  });

  it('in front, on an Express application that Nest is given', async () => {
    for (const parser of [express.json({ limit: '1mb' }), express.text({ type: '*/*', limit: '1mb' })]) {
      const own = express();
      own.use(parser);
      host = await startHost({ adapter: new ExpressAdapter(own) });
      await works(host.url);
      await host.close();
    }
    const own = express();
    // It keeps nothing of what it reads.
    own.use((request, _response, next) => {
      request.resume();
      request.once('end', next);
    });
    host = await startHost({ adapter: new ExpressAdapter(own) });
    expect(await ask(`${host.url}/runs`, { json: { task: 'x' } })).toMatchObject({
      status: 500,
      body: { code: 'INTERNAL_ERROR' },
    });
    const lines = await ask(`${host.url}/runs/r0_x/events`, { text: EVENT, type: 'application/x-ndjson' });
    expect(lines.body['code']).toBe('UNSUPPORTED_MEDIA_TYPE');
  });
});
