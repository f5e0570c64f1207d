import { afterEach, describe, expect, it } from '@jest/globals';
import { VERSION_NEUTRAL, VersioningType } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import express from 'express';
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DashboardModule } from '../../src/index.js';
import { startPrefixProxy } from '../support/prefix-proxy.js';
import { ask, type Host, startHost } from './host.js';

let host: Host;
afterEach(() => host.close());

const version = (app: NestExpressApplication) =>
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });

/** Wherever the routes are, as an application may move them. */
const PLACES = [
  { at: '', options: {} },
  { at: '/api', options: { configure: (app: NestExpressApplication) => app.setGlobalPrefix('api') } },
  { at: '/v1', options: { configure: version } },
  {
    at: '/api/v1',
    options: { configure: (app: NestExpressApplication) => version(app.setGlobalPrefix('api')) },
  },
  { at: '/streams', options: { under: 'streams' } },
  {
    at: '/api/v1/streams',
    options: {
      under: 'streams',
      configure: (app: NestExpressApplication) => version(app.setGlobalPrefix('api')),
    },
  },
  {
    // An EventSource and a link have no headers, so what they lead to must be of no version, too.
    at: '',
    options: {
      configure: (app: NestExpressApplication) =>
        app.enableVersioning({
          type: VersioningType.HEADER,
          header: 'X-Api-Version',
          defaultVersion: ['1', VERSION_NEUTRAL],
        }),
    },
  },
  {
    at: '',
    options: {
      configure: (app: NestExpressApplication) =>
        app.enableVersioning({ type: VersioningType.MEDIA_TYPE, key: 'v=', defaultVersion: VERSION_NEUTRAL }),
    },
  },
  {
    at: '/acme/api',
    options: { configure: (app: NestExpressApplication) => app.setGlobalPrefix(':org/api') },
  },
];

/** What a browser would load for the page at this address, and where it would call routes. */
async function loadPage(url: string) {
  const page = await fetch(url);
  const html = await page.text();
  const at = (pattern: RegExp) => new URL(pattern.exec(html)?.[1] ?? 'missing', page.url).href;
  return {
    page,
    files: [at(/<script[^>]* src="([^"]+)"/), at(/<link rel="stylesheet" href="([^"]+)"/)],
    service: at(/name="runstream-service" content="([^"]*)"/),
  };
}

describe('the dashboard is there when it is imported, and finds its files and the routes', () => {
  const dashboard = DashboardModule.forRoot();
  const board = DashboardModule.forRoot({ path: '/ops/board/' });
  const prefix = (app: NestExpressApplication) => app.setGlobalPrefix('api');
  const inside = [dashboard, RouterModule.register([{ path: 'streams', module: DashboardModule }])];

  it.each([
    { at: '', to: '/', options: { imports: [dashboard] } },
    { at: '/api', to: '/api/', options: { imports: [dashboard], configure: prefix } },
    { at: '/v1?from=mail', to: '/v1/?from=mail', options: { imports: [dashboard], configure: version } },
    { at: '/ops/board', to: '/ops/board/', options: { imports: [board] } },
    {
      at: '/api/v1/ops/board',
      to: '/api/v1/ops/board/',
      options: { imports: [board], configure: (app: NestExpressApplication) => version(prefix(app)) },
    },
    { at: '/streams', to: '/streams/', options: { imports: inside, under: 'streams' } },
  ])('at "$at"', async ({ at, to, options }) => {
    host = await startHost(options);
    const { page, files, service } = await loadPage(host.url + at);
    expect([page.status, page.url]).toEqual([200, host.url + to]);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*trusted-types 'none'/);
    for (const file of files) {
      const { status, headers } = await fetch(file);
      expect([file, status, headers.get('cache-control')]).toEqual([
        file,
        200,
        'public, max-age=31536000, immutable',
      ]);
    }
    expect((await fetch(`${service}runs?limit=1`)).status).toBe(200);
    const missing = await ask(new URL('nothing.js', files[0]).href);
    expect(missing.status).toBe(404);
    expect(missing.headers.get('cache-control')).not.toMatch(/immutable/);
  });

  it('behind a proxy that cuts a prefix off', async () => {
    host = await startHost({ imports: [dashboard] });
    const proxy = await startPrefixProxy(host.url, '/x/y');
    try {
      const { page, files, service } = await loadPage(`${proxy.url}/`);
      expect([page.status, service]).toEqual([200, `${proxy.url}/`]);
      for (const file of files) expect((await fetch(file)).status).toBe(200);
      expect((await fetch(`${service}runs?limit=1`)).status).toBe(200);
    } finally {
      await proxy.close();
    }
  });

  it('and only then', async () => {
    host = await startHost();
    expect((await fetch(host.url)).status).toBe(404);
  });
});

describe('L3 every link leads somewhere, wherever an application puts the routes', () => {
  it.each(PLACES)('at "$at"', async ({ at, options }) => {
    host = await startHost({ ...options, runstream: { auth: { mode: 'none' } } });
    const { url } = host;
    const idempotency = { 'idempotency-key': randomUUID() };
    const made = await ask(`${url}${at}/runs`, { json: { task: 'x' }, headers: idempotency });
    expect(made.status).toBe(201);
    const { links, id } = made.body as { id: string; links: Record<string, string> };
    expect(links).toEqual({
      self: `${at}/runs/${id}`,
      events: `${at}/runs/${id}/events`,
      stream: `${at}/runs/${id}/events/stream`,
    });
    expect(made.headers.get('location')).toBe(links['self']);
    const again = await ask(`${url}${at}/runs/`, { json: { task: 'x' }, headers: idempotency });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.body['links']).toEqual(links);
    expect((await ask(url + links['self']!)).body['links']).toEqual(links);
    const listed = await ask(`${url}${at}/runs?limit=1`);
    expect(listed.body['runs']).toEqual([expect.objectContaining({ links })]);

    const lines = { text: '{"event":{"category":"llm","action":"stream"},"data":{}}\n' };
    const appended = await ask(url + links['events']!, { ...lines, type: 'application/x-ndjson' });
    expect(appended).toMatchObject({ status: 200, body: { count: 1 } });
    // Its beginning, and the one that was appended.
    expect((await ask(url + links['events']!)).body['count']).toBe(2);

    for (const path of [`${links['self']}/stream-tickets`, `${at}/events/stream-tickets`]) {
      const ticket = await ask(url + path, { json: {} });
      const stream = await fetch(url + String(ticket.body['url']));
      expect([path, stream.status]).toEqual([path, 200]);
      await stream.body?.cancel();
      const other = String(ticket.body['url']).replace(/^.*\?/, '');
      expect((await ask(`${url}${at}/runs?${other}`)).body['code']).toBe('FORBIDDEN');
    }
    expect(await ask(url + links['self']!, { method: 'PUT' })).toMatchObject({
      status: 405,
      body: { code: 'METHOD_NOT_ALLOWED' },
    });
    const cancelled = await ask(`${url}${links['self']}/cancel`, { method: 'POST' });
    expect(cancelled.body['links']).toEqual(links);
    expect(await ask(url + links['self']!, { method: 'OPTIONS' })).toMatchObject({ status: 204 });
  });

  it('behind a proxy that cuts a prefix off', async () => {
    host = await startHost({ runstream: { http: { basePath: '/runstream/' } } });
    const { body } = await ask(`${host.url}/runs`, { json: { task: 'x' } });
    expect(body['links']).toMatchObject({ self: `/runstream/runs/${String(body['id'])}` });
  });

  it('in an Express application that has others, with its parsers in front', async () => {
    const outer = express();
    const inner = express();
    outer.use(express.json());
    outer.get('/own', (_request, response) => void response.json({ own: true }));
    outer.use('/inner', inner);
    host = await startHost({ adapter: new ExpressAdapter(inner) });
    const server: Server = outer.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const { body, status } = await ask(`${url}/inner/runs`, { json: { task: 'mounted' } });
      expect([status, body['links']]).toEqual([
        201,
        expect.objectContaining({ self: `/inner/runs/${String(body['id'])}` }),
      ]);
      expect((await ask(url + (body['links'] as { self: string }).self)).body['task']).toBe('mounted');
      expect((await ask(`${url}/own`)).body).toEqual({ own: true });
      const tooLarge = await ask(`${url}/inner/runs`, { text: '{"task":"x","input":1e999}' });
      expect(tooLarge).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
