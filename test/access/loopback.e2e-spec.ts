import { describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type Serving, serveHere } from '../support/service.js';
import { rawRequest } from '../integration/edge/raw-request.js';
import { ask } from './ask.js';

/** This machine as others see it; empty where it has no network. */
const addresses = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .filter(({ internal, family }) => !internal && family === 'IPv4')
  .map(({ address }) => address);

async function within(env: NodeJS.ProcessEnv, work: (service: Serving) => Promise<void>): Promise<void> {
  const service = await serveHere(env);
  try {
    await work(service);
  } finally {
    await service.stop();
  }
}

function reaches(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2000 });
    const settle = (reached: boolean) => {
      socket.destroy();
      resolve(reached);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('timeout', () => settle(false));
  });
}

async function statusAs(service: Serving, host: string): Promise<number> {
  const port = Number(new URL(service.url).port);
  const lines = `GET /runs HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  return (await rawRequest(port, lines)).status;
}

describe('T60 without credentials', () => {
  it('only this machine is served', async () => {
    await within({ HOST: '' }, async ({ url }) => {
      const port = Number(new URL(url).port);
      expect(await reaches('127.0.0.1', port)).toBe(true);
      for (const address of addresses)
        expect([address, await reaches(address, port)]).toEqual([address, false]);
    });
  });

  it.each(['0.0.0.0', '::', '10.1.2.3', 'example.com'])(
    'it does not start on %s, and says what to do',
    async (HOST) => {
      const reason = await serveHere({ HOST }).then(String, String);
      expect(reason).toMatch(/AUTH_MODE is none: set HOST to 127\.0\.0\.1, or ALLOW_UNAUTHENTICATED=true/);
    },
  );

  it('a page that has made its own name lead here (DNS rebinding) reads and writes nothing', async () => {
    await within({}, async (service) => {
      const port = new URL(service.url).port;
      for (const host of [
        'evil.example',
        `evil.example:${port}`,
        'localhost.evil.example',
        '127.0.0.1.evil.example',
        '10.1.2.3',
        '',
      ]) {
        expect([host, await statusAs(service, host)]).toEqual([host, 403]);
      }
      for (const host of [
        '127.0.0.1',
        `127.0.0.1:${port}`,
        `localhost:${port}`,
        `LOCALHOST`,
        `[::1]:${port}`,
        '127.1.2.3',
      ]) {
        expect([host, await statusAs(service, host)]).toEqual([host, 200]);
      }
    });
  });

  it('others are served if the deployment says so, or asks for credentials', async () => {
    const listening = { HOST: '0.0.0.0', ALLOW_UNAUTHENTICATED: 'true' };
    await within({ ...listening, ALLOWED_HOSTS: 'runs.example.com' }, async (service) => {
      expect(await statusAs(service, 'runs.example.com')).toBe(200);
      for (const address of addresses) expect(await statusAs(service, address)).toBe(403);
    });
    await within({ ...listening, ALLOWED_HOSTS: '*' }, async (service) => {
      for (const address of addresses)
        expect((await ask(`http://${address}:${new URL(service.url).port}`, 'GET', '/runs')).status).toBe(
          200,
        );
    });
    await within({ HOST: '0.0.0.0', AUTH_MODE: 'api-key' }, async (service) => {
      const { port } = new URL(service.url);
      expect(await statusAs(service, 'runs.example.com')).toBe(401);
      for (const address of addresses)
        expect((await ask(`http://${address}:${port}`, 'GET', '/runs')).status).toBe(401);
    });
  });
});
