import assert from 'node:assert/strict';
import type { Child } from '../../support/child.js';

async function ask(url: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, init);
  return { status: response.status, body: await response.json() };
}

const post = (url: string, body: unknown) =>
  ask(url, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });

const TYPES = ['lifecycle.started', 'llm.stream', 'summary.written', 'lifecycle.completed'];

/**
 * What every application must do, whatever it was made with: a run of its own executor is started over HTTP and from
 * code, watched to its end, and billed by its own handler; and its own routes are as they were without Runstream.
 */
export async function checkHost(child: Child, url: string): Promise<void> {
  const started = await post(`${url}/runs`, { executor: 'summarise', task: 'order 42' });
  const { id, links } = started.body as { id: string; links: { stream: string } };
  assert.equal(started.status, 201, JSON.stringify(started.body));

  const watched = await fetch(url + links.stream, { signal: AbortSignal.timeout(60_000) });
  assert.equal(watched.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  assert.match(watched.headers.get('cache-control') ?? '', /no-store.*no-transform/);
  assert.equal(watched.headers.get('x-accel-buffering'), 'no');
  const frames = await watched.text();
  assert.match(frames, /^retry: \d+\nevent: lifecycle.started\n/);
  assert.deepEqual(
    [...frames.matchAll(/^event: (.*)$/gm)].map(([, type]) => type),
    [...TYPES, 'close'],
  );
  const [last = ''] = [...frames.matchAll(/^id: (.*)$/gm)].map(([, cursor = '']) => cursor).reverse();
  const over = await fetch(url + links.stream, { headers: { 'last-event-id': last } });
  assert.equal(over.status, 204);
  const head = await fetch(url + links.stream, { method: 'HEAD', signal: AbortSignal.timeout(60_000) });
  assert.equal(head.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  const wrong = await ask(`${url}/runs/r0_nobody/events/stream`);
  assert.equal((wrong.body as { code: string }).code, 'RUN_NOT_FOUND');
  await child.line(new RegExp(`bill ${id}`));

  const ordered = await post(`${url}/orders`, { order: '7' });
  const order = ordered.body as { id: string; types: string[]; result: unknown };
  assert.deepEqual([order.types, order.result], [TYPES, { summary: 'A fairy tale.' }]);
  await child.line(new RegExp(`bill ${order.id}`));

  assert.deepEqual((await ask(`${url}/orders?tpye=1`)).body, { orders: [], query: { tpye: '1' } });
  const form = new FormData();
  form.set('file', new Blob(['abc']), 'abc.txt');
  assert.deepEqual((await ask(`${url}/orders/file`, { method: 'POST', body: form })).body, { size: 3 });
}

/** Errors of the application's own routes, and of paths that there are not, as Nest words them. */
export async function checkOwnErrors(url: string): Promise<void> {
  const conflict = { message: 'order exists', error: 'Conflict', statusCode: 409 };
  assert.deepEqual(await ask(`${url}/orders/conflict`), { status: 409, body: conflict });
  const { body } = await ask(`${url}/nothing`);
  assert.equal((body as { message: string }).message, 'Cannot GET /nothing');
}

/** With configureRunstream(app): unknown paths have Runstream's error body, and the application's exceptions their status. */
export async function checkConfigured(url: string): Promise<void> {
  const unknown = await ask(`${url}/nothing`);
  assert.equal((unknown.body as { code: string }).code, 'ROUTE_NOT_FOUND');
  assert.equal((await ask(`${url}/orders/conflict`)).status, 409);
}

/** With @nestjs/terminus: its route tells Runstream's health. */
export async function checkHealth(url: string): Promise<void> {
  await checkOwnErrors(url);
  const { status, body } = await ask(`${url}/health`);
  assert.equal(status, 200);
  const { details } = body as { details: { runstream: { status: string } } };
  assert.equal(details.runstream.status, 'up');
}
