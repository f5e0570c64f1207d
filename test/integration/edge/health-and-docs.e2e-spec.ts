import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { HealthRegistry } from '../../../src/health/index.js';
import { chromiumPath, launchChromium } from '../../support/browser.js';
import { serveHere } from '../../support/service.js';
import { startToy, type Toy } from './toy-application.js';

let toy: Toy;
let redis: () => Promise<void>;
beforeAll(async () => {
  toy = await startToy();
  toy.app.get(HealthRegistry).register({ name: 'redis', check: () => redis() });
  toy.app.get(HealthRegistry).register({ name: 'other', check: () => Promise.resolve() });
});
beforeEach(() => {
  redis = () => Promise.resolve();
});
afterAll(() => toy.app.close());

const get = async (path: string) => {
  const response = await fetch(toy.url + path);
  return { status: response.status, headers: response.headers, body: await response.json() };
};

describe('health', () => {
  it('is alive and ready', async () => {
    expect(await get('/health/live')).toMatchObject({ status: 200, body: { status: 'ok' } });
    const ready = await get('/health/ready');
    expect(ready).toMatchObject({
      status: 200,
      body: { status: 'ok', checks: { redis: 'up', other: 'up' } },
    });
    expect(ready.headers.get('cache-control')).toBe('no-store');
  });

  it('is alive and not ready while something is down, and says what, not why', async () => {
    redis = () => Promise.reject(new Error('secret host'));
    const { status, headers, body } = await get('/health/ready');
    expect([status, headers.get('retry-after'), body]).toEqual([
      503,
      '2',
      {
        code: 'REDIS_UNAVAILABLE',
        message: expect.stringMatching(/down: redis\./),
        details: { checks: { redis: 'down', other: 'up' } },
        request_id: expect.any(String),
      },
    ]);
    expect((await get('/health/live')).status).toBe(200);
  });

  it('does not wait for ever for a check', async () => {
    redis = () => new Promise(() => undefined);
    expect((await get('/health/ready')).status).toBe(503);
  });

  it('is not ready while shutting down', async () => {
    const registry = new HealthRegistry();
    registry.onModuleDestroy();
    expect(await registry.report()).toEqual({ ready: false, checks: { service: 'down' } });
  });

  it('takes each name once', () => {
    expect(() =>
      toy.app.get(HealthRegistry).register({ name: 'redis', check: () => Promise.resolve() }),
    ).toThrow(/already/);
  });
});

describe('docs', () => {
  it('serves the page and the document, with the version of the package', async () => {
    const page = await fetch(`${toy.url}/docs`);
    expect([page.status, page.headers.get('content-type'), page.headers.get('x-request-id')]).toEqual([
      200,
      expect.stringMatching(/html/),
      expect.any(String),
    ]);
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect((await get('/docs-json')).body).toMatchObject({ info: { title: 'Runstream', version } });
  });

  it('lists the errors of a route by status, with an example each', async () => {
    const { body } = await get('/docs-json');
    const document = body as {
      paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
      components: { schemas: Record<string, unknown> };
    };
    const responses = document.paths['/toy/things']?.['post']?.responses;
    expect(Object.keys(responses ?? {})).toEqual(['400', '500', '503']);
    expect(responses?.['400']).toMatchObject({
      description: expect.stringMatching(/VALIDATION_FAILED[^]*INVALID_EVENT_ID/),
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/ErrorResponse' },
          examples: { VALIDATION_FAILED: {}, INVALID_EVENT_ID: { value: { code: 'INVALID_EVENT_ID' } } },
        },
      },
    });
    expect(responses?.['503']).toMatchObject({ headers: { 'Retry-After': {} } });
    expect(document.components.schemas).toMatchObject({
      ErrorResponse: { properties: { code: { allOf: [{ $ref: '#/components/schemas/ErrorCode' }] } } },
      ErrorCode: { enum: expect.arrayContaining(['RUN_NOT_FOUND', 'OVERLOADED']) },
      ReadinessResponse: {},
    });
  });

  (chromiumPath() === undefined ? it.skip : it)(
    'N6 offers to try a route out, but no stream, which would never show anything',
    async () => {
      const service = await serveHere();
      const browser = await launchChromium(chromiumPath() ?? '');
      try {
        const page = await browser.newPage();
        const opened = async (id: string) => {
          const operation = page.locator(`[id="operations-${id}"]`);
          await operation.locator('.opblock-summary-control').click();
          await operation.locator('.opblock-body').waitFor();
          return { text: await operation.innerText(), buttons: await operation.locator('.execute').count() };
        };
        await page.goto(`${service.url}/docs`);
        await page.locator('.opblock').first().waitFor();
        expect((await opened('events-listEvents')).buttons).toBe(1);
        for (const id of ['events-watchEvents', 'journal-watchJournalEvents']) {
          const stream = await opened(id);
          expect(stream).toEqual({ buttons: 0, text: expect.stringMatching(/curl -N/) });
        }
      } finally {
        await browser.close();
        await service.stop();
      }
    },
  );
});
