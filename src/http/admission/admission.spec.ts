import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '../../../test/support/eventually.js';
import { OverloadedError } from '../../common/index.js';
import { Admission } from './admission.js';

const MAX_DELAY_MS = 50;

describe('Admission', () => {
  let admission: Admission;
  let server: Server;
  const status = async (path: string) =>
    (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`)).status;

  beforeEach(async () => {
    admission = new Admission({ maxEventLoopDelayMs: MAX_DELAY_MS });
    const app = express();
    app.use(admission.admit.bind(admission));
    app.use((_request, response) => void response.end());
    app.use((error: unknown, _: unknown, response: express.Response, _next: unknown) => {
      response.status(error instanceof OverloadedError ? error.status : 500).end();
    });
    server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    admission.onApplicationShutdown();
    server.close();
  });

  it('takes on nothing new while the event loop is late, and is well again by itself', async () => {
    expect(await status('/runs')).toBe(200);
    await eventually('it is late', async () => {
      block(300);
      return (await status('/runs')) === 503;
    });
    expect(admission.refused.event_loop).toBeGreaterThan(0);
    block(300);
    expect(await status('/health/ready')).toBe(200);
    await eventually('it is in time again', async () => (await status('/runs')) === 200);
  });

  it('is not put off by one pause, as of garbage collection', async () => {
    await eventually('it is in time', () => admission.delay.ms < 5);
    block(MAX_DELAY_MS * 2);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(await status('/runs')).toBe(200);
  });
});

/** Keeps the event loop busy. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}
